// --exec: a child process for each connection, the transport stream on its stdin.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "sink.h"

namespace cbx::ingest {

struct Child {
  pid_t pid = -1;
  bool exited = false;
  std::string ending;  // "exited with 1", "was killed by signal 9"
};

// The children of all connections.  Not thread-safe.
class Children {
 public:
  Children(std::string command, const Logger& log) : command_(std::move(command)), log_(log) {}
  // Runs the command with /bin/sh, in a process group of its own (so that a ^C lets it finish its input), with
  // CBX_DEVICE, CBX_CONNECTION, CBX_PEER, CBX_PROTOCOL, CBX_ENCRYPTION and CBX_LATENCY_MS in its environment and
  // without CBX_PASSPHRASE.  `input` is the write end of its stdin.
  Result<std::shared_ptr<Child>> start(const ConnectionOpenRecord& connection, UniqueFd& input);
  // Takes notice of those that ended.
  void reap();
  bool none() const { return children_.empty(); }
  // Asks those that still run to end.
  void terminate();

 private:
  std::string command_;
  const Logger& log_;
  std::vector<std::shared_ptr<Child>> children_;
};

// The child is started with the first data, so that silent callers start none.
std::unique_ptr<Sink> make_exec_sink(Children& children, RecordLog& records);

}  // namespace cbx::ingest

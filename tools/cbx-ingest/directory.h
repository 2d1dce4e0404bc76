// The devices of state.db as the gate sees them, kept up to date by a thread of its own: SQL may wait for a lock, and
// neither handshakes nor media may wait with it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/log.h"
#include "srt/gate.h"
#include "state/state.h"

namespace cbx::ingest {

// Thread-safe.
class Directory {
 public:
  // Loads the table before it returns, if there is a state.db at `path`; looks every second whether it changed or
  // came into being.  `create`: makes it when the first device is registered (its folder must exist; otherwise
  // registrations are kept by nobody).
  Directory(std::string path, bool create, srt::Gate& gate, const Logger& log);
  ~Directory();

  // Adds a device unless it is there, as soon as the database lets it.
  void register_device(const std::string& id);
  // Looks again now.
  void reload();
  // Differs after each replacement of the gate's table.
  uint64_t version() const { return version_.load(); }

 private:
  void run();
  void refresh(bool force);
  void add_pending();
  Status load(bool force);
  Status add_one(const std::string& id);
  void complain_once(const Error& error);

  const std::string path_;
  const bool create_;
  srt::Gate& gate_;
  const Logger& log_;
  // Only used by the constructor and then by the thread.
  std::optional<state::State> state_;
  std::optional<int64_t> seen_;
  std::string complaint_;
  bool register_trouble_ = false;

  std::atomic<uint64_t> version_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::set<std::string> to_register_;
  bool asked_ = false, reload_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace cbx::ingest

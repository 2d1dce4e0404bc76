// The heart of cbx-ingest: all connections, drained at a steady beat by one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/records.h"
#include "base/time.h"
#include "sink.h"
#include "source.h"
#include "srt/gate.h"
#include "srt/poller.h"

namespace cbx::ingest {

// A connection that comes in.
struct Arrival {
  std::unique_ptr<Source> source;
  std::string peer;      // "ip:port", or the host of a pulled URL
  std::string host;      // what the limit per address counts; empty for pulled ones, which no limit concerns
  std::string protocol;  // "srt", …
  srt::Admission admission;
};

struct ReceiverOptions {
  Monotonic::duration silent_timeout = std::chrono::seconds(20);
  // Called with the device when a publisher's first data came.
  std::function<void(const std::string&)> on_first_data;
  // Anybody may call by any name: what isn't in the gate's table has to send something first.
  bool open_to_all = false;
};

// What the sink of a new connection is made from.
using SinkFactory = std::function<Result<std::unique_ptr<Sink>>(const ConnectionOpenRecord&, uint32_t stream)>;

// Not thread-safe.  The gate, the poller's library and the log outlive it.
class Receiver {
 public:
  Receiver(srt::Poller poller, srt::Gate& gate, SinkFactory make_sink, ReceiverOptions options, const Clock& clock,
           const Logger& log);
  ~Receiver();

  // Takes a connection in.  With its first data it takes its device over: an older connection ends with cause
  // "replaced".  Nothing is recorded of one that sends nothing while its device has another, or is made up.
  void add(Arrival arrival);
  // Serves every connection once.  True if some have more than one turn could take.
  bool beat();
  // Ends the connections whose device or key is no more what it was ("revoked").
  void recheck_access();
  // Asks all connections to end with `cause` once what they hold is handed over.
  void end_all(std::string_view cause);
  size_t connections() const { return live_.size(); }
  // True when something could not be handed over for a slow reader.
  bool blocked() const { return blocked_; }

 private:
  struct Live;
  enum class Turn { done, more, blocked };
  Turn serve(Live& live, Monotonic now, WallTime wall);
  Turn hand_over(Live& live, Monotonic now, WallTime wall);
  bool take_device(Live& live, Monotonic now, WallTime wall);
  void give_held(Live& live, WallTime wall);
  void give(Live& live, size_t bytes, bool after_loss, WallTime wall);
  bool note_stop(Live& live, srt::Connection::Stop stop, Monotonic now);
  void police(Live& live, Monotonic now);
  void report_link(Live& live, WallTime wall);
  void finish(Live& live, WallTime wall);
  void mark_ready();
  void sweep();
  void end(Live& live, std::string_view cause, std::string detail = {});

  srt::Poller poller_;
  srt::Gate& gate_;
  SinkFactory make_sink_;
  ReceiverOptions options_;
  const Clock& clock_;
  const Logger& log_;
  std::vector<std::unique_ptr<Live>> live_;
  std::unordered_map<srt::SocketId, Live*> by_socket_;
  std::unordered_map<std::string, Live*> by_device_;
  uint32_t next_stream_ = 1;
  size_t first_ = 0;  // whose turn is first, so that a slow reader starves nobody
  bool blocked_ = false;
};

// A name for a connection that no other ever has: time and random bits.
std::string make_connection_id(WallTime now);

}  // namespace cbx::ingest

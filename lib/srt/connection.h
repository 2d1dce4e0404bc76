// One SRT connection that data is received from.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/time.h"
#include "srt/reorder.h"
#include "srt/socket.h"

namespace cbx::srt {

// What was received over an interval.
struct LinkStats {
  int64_t bytes = 0, packets = 0;  // delivered, in order
  int64_t missing = 0;             // noticed missing; most come back
  int64_t retransmitted = 0;       // received as retransmissions
  int64_t lost = 0;                // given up
};

// Not thread-safe.
class Connection {
 public:
  Connection(Socket socket, Monotonic now);

  enum class Stop {
    drained,  // nothing more for now
    full,     // the room is used up, there may be more
    loss,     // what comes next follows a loss: hand it over apart
    ended,    // the connection is gone and nothing is left
  };
  struct Received {
    size_t bytes = 0;
    bool after_loss = false;  // packets were given up just before these bytes
    Stop stop = Stop::drained;
  };
  // Receives whole packets, in order, into `room` (at least kMaxPacket).
  Received receive(std::span<uint8_t> room, Monotonic now);

  // Whether receive() has something to do although the poller doesn't say so: packets wait behind a hole.
  bool holds_back() const { return reorder_.held() > 0; }

  // Asks libsrt for its counters; call it about once a second.  Cheap, not free.
  void refresh_stats();
  // The counters since the last call.
  LinkStats take_stats();
  const LinkStats& totals() const { return totals_; }
  int rtt_us() const { return rtt_us_; }
  // Packets received and not yet taken out.
  int64_t buffered_packets() const { return buffered_packets_ + static_cast<int64_t>(reorder_.held()); }

  Monotonic last_data() const { return last_data_; }
  bool has_spoken() const { return totals_.packets > 0; }
  int latency_ms() const { return latency_ms_; }
  int key_bits() const { return key_bits_; }
  SocketId id() const { return socket_.id(); }
  void close() { socket_.close(); }

 private:
  bool take_held(std::span<uint8_t> room, Received& out);
  void delivered(size_t bytes);

  Socket socket_;
  int latency_ms_, key_bits_;
  Reorder reorder_;
  bool loss_pending_ = false;
  bool broken_ = false;
  LinkStats totals_, reported_;
  int rtt_us_ = 0;
  int64_t buffered_packets_ = 0;
  Monotonic last_data_;
};

}  // namespace cbx::srt

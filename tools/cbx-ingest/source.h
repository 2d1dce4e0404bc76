// Where the bytes of a connection come from.
#pragma once

#include <memory>
#include <string>

#include "srt/connection.h"

namespace cbx::ingest {

// One live stream that comes in, over SRT or pulled by other means.  Not thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  // As srt::Connection::receive.
  virtual srt::Connection::Received receive(std::span<uint8_t> room, Monotonic now) = 0;
  // Whether receive() has something to do although no poller says so.
  virtual bool pending() const = 0;
  virtual void refresh_stats() = 0;
  virtual srt::LinkStats take_stats() = 0;
  virtual const srt::LinkStats& totals() const = 0;
  virtual int rtt_us() const = 0;
  virtual int64_t buffered_packets() const = 0;
  virtual Monotonic last_data() const = 0;
  // Key bits and negotiated latency, 0 where there is no such thing.
  virtual int key_bits() const = 0;
  virtual int latency_ms() const = 0;
  // kNoSocket for what no SRT poller can watch.
  virtual srt::SocketId socket() const = 0;
  // Why it ended, for a source that knows: the cause of the connection.close record, and its detail.
  virtual std::string cause() const { return {}; }
  virtual std::string failure() const { return {}; }
  virtual void close() = 0;
};

std::unique_ptr<Source> make_srt_source(srt::Connection connection);

}  // namespace cbx::ingest

// Where the bytes and the records of a connection go.
#pragma once

#include <memory>
#include <span>

#include "base/records.h"
#include "base/result.h"
#include "base/time.h"
#include "outlet.h"

namespace cbx::ingest {

// The sink of one connection.  Nothing waits: a sink that can't take something now says so, and is asked again.
// Not thread-safe.
class Sink {
 public:
  virtual ~Sink() = default;
  // Whether a record, and then room(), can be taken now.
  virtual bool writable() = 0;
  virtual void open(const ConnectionOpenRecord& record) = 0;
  // Where to put the next bytes: up to 64 KiB, at least one packet's; only after writable().
  virtual std::span<uint8_t> room() = 0;
  struct DataInfo {
    bool after_loss = false;
    WallTime arrival{};
    int rtt_us = 0;
  };
  // `bytes` of what room() gave are there.
  virtual void data(size_t bytes, const DataInfo& info) = 0;
  virtual void link(const LinkRecord& record) = 0;
  virtual void close(const ConnectionCloseRecord& record) = 0;
  // Why this sink takes nothing any more (its reader is gone), or nothing.
  virtual const Error* broken() const = 0;
  // True once all that it took has left the process.
  virtual bool flushed() = 0;
  // How long the reader may hold up a connection that has ended.
  virtual Monotonic::duration patience() const { return Monotonic::duration::max(); }
};

// Bytes on their way to an outlet.
class OutBuffer {
 public:
  OutBuffer(Outlet outlet, size_t capacity);
  // `n` bytes to write to; empty while the reader is too slow.
  std::span<uint8_t> reserve(size_t n);
  // The first `n` of them are there now.
  void commit(size_t n) { end_ += n; }
  void flush();
  bool empty() const { return begin_ == end_; }
  const Error* error() const { return error_.get(); }
  int fd() const { return outlet_.fd(); }

 private:
  Outlet outlet_;
  Bytes buffer_;
  size_t begin_ = 0, end_ = 0;
  std::unique_ptr<Error> error_;
};

// Lines of records for somebody else than the media's reader.  A slow reader loses lines and is told how many
// ("lagged"); it never holds the media up.
class RecordLog {
 public:
  RecordLog() = default;  // goes nowhere
  explicit RecordLog(Outlet outlet);
  // `target`: a file to append to, "fd:N", or "-" for none.
  static Result<RecordLog> open(const std::string& target);
  void write(const Record& record);
  void flush();

 private:
  bool put(const std::string& line);
  std::unique_ptr<OutBuffer> out_;
  int64_t dropped_ = 0;
};

// Frames of many connections on one outlet (frames/frame.h), with their records, which go to `records` as well.
std::unique_ptr<Sink> make_frame_sink(OutBuffer& out, uint32_t stream, RecordLog& records);
// The plain transport stream of one connection; its records go to `records`.
std::unique_ptr<Sink> make_ts_sink(Outlet outlet, RecordLog& records);

// Of an OutBuffer for frames: some beats of many cameras.
inline constexpr size_t kFrameBuffer = 512 << 10;

}  // namespace cbx::ingest

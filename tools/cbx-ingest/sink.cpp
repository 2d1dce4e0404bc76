#include "sink.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "frames/frame.h"

namespace cbx::ingest {
namespace {

constexpr size_t kPayload = 64 << 10;
// Room that a record frame needs at most: a line holds nothing longer than a device id or an error text.
constexpr size_t kRecordRoom = 8 << 10;
constexpr size_t kTsBuffer = 128 << 10;
constexpr size_t kRecordBuffer = 1 << 20;

WallTime to_wall(WallMs t) {
  return std::chrono::time_point_cast<Micros>(t);
}

class FrameSink final : public Sink {
 public:
  FrameSink(OutBuffer& out, uint32_t stream, RecordLog& records) : out_(out), stream_(stream), records_(records) {}

  bool writable() override { return !out_.reserve(frames::kHeaderSize + kPayload + 2 * kRecordRoom).empty(); }
  void open(const ConnectionOpenRecord& r) override { put(frames::Kind::open, r, r.time); }
  std::span<uint8_t> room() override {
    const auto all = out_.reserve(frames::kHeaderSize + kPayload);
    return all.empty() ? all : all.subspan(frames::kHeaderSize, kPayload);
  }
  void data(size_t bytes, const DataInfo& info) override {
    frames::Header h;
    h.kind = frames::Kind::data;
    h.flags = info.after_loss ? frames::kFlagLoss : 0;
    h.stream = stream_;
    h.length = static_cast<uint32_t>(bytes);
    h.arrival = info.arrival;
    h.rtt_us = static_cast<uint32_t>(info.rtt_us);
    commit(h);
  }
  void link(const LinkRecord& r) override { put(frames::Kind::record, r, r.time); }
  void close(const ConnectionCloseRecord& r) override { put(frames::Kind::close, r, r.time); }
  const Error* broken() const override { return out_.error(); }
  bool flushed() override { return true; }  // the shared buffer is flushed by its owner

 private:
  void put(frames::Kind kind, const Record& record, WallMs time) {
    records_.write(record);
    const std::string line = to_line(record);
    const auto all = out_.reserve(frames::kHeaderSize + line.size());
    if (all.empty()) return;  // writable() has seen to it that this can't be
    std::memcpy(all.data() + frames::kHeaderSize, line.data(), line.size());
    frames::Header h;
    h.kind = kind;
    h.stream = stream_;
    h.length = static_cast<uint32_t>(line.size());
    h.arrival = to_wall(time);
    commit(h);
  }
  void commit(const frames::Header& h) {
    const auto at = out_.reserve(frames::kHeaderSize + h.length);
    frames::encode_header(h, at.first<frames::kHeaderSize>());
    out_.commit(frames::kHeaderSize + h.length);
  }

  OutBuffer& out_;
  uint32_t stream_;
  RecordLog& records_;
};

class TsSink final : public Sink {
 public:
  TsSink(Outlet outlet, RecordLog& records) : out_(std::move(outlet), kTsBuffer), records_(records) {}

  bool writable() override { return !out_.reserve(kPayload).empty(); }
  void open(const ConnectionOpenRecord& r) override { records_.write(r); }
  std::span<uint8_t> room() override { return out_.reserve(kPayload); }
  void data(size_t bytes, const DataInfo&) override {
    out_.commit(bytes);
    out_.flush();
  }
  void link(const LinkRecord& r) override { records_.write(r); }
  void close(const ConnectionCloseRecord& r) override { records_.write(r); }
  const Error* broken() const override { return out_.error(); }
  bool flushed() override {
    out_.flush();
    return out_.empty();
  }

 private:
  OutBuffer out_;
  RecordLog& records_;
};

}  // namespace

OutBuffer::OutBuffer(Outlet outlet, size_t capacity) : outlet_(std::move(outlet)), buffer_(capacity) {}

std::span<uint8_t> OutBuffer::reserve(size_t n) {
  if (buffer_.size() - end_ < n) {
    flush();
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() - end_ < n) return {};
  }
  return std::span<uint8_t>(buffer_).subspan(end_, n);
}

void OutBuffer::flush() {
  while (begin_ < end_ && !error_) {
    const auto n = outlet_.write_some(ByteSpan(buffer_).subspan(begin_, end_ - begin_));
    if (!n) {
      error_ = std::make_unique<Error>(n.error());
      break;
    }
    if (*n == 0) return;
    begin_ += *n;
  }
  begin_ = end_ = 0;
}

RecordLog::RecordLog(Outlet outlet) : out_(std::make_unique<OutBuffer>(std::move(outlet), kRecordBuffer)) {}

Result<RecordLog> RecordLog::open(const std::string& target) {
  if (target.empty()) return RecordLog();
  if (target.starts_with("fd:")) {
    int number = -1;
    const char* const last = target.data() + target.size();
    const auto [end, error] = std::from_chars(target.data() + 3, last, number);
    if (error != std::errc{} || end != last || number < 1)
      return fail(ErrorCode::usage, fmt::format("'{}' names no descriptor", target));
    UniqueFd fd{::fcntl(number, F_DUPFD_CLOEXEC, 3)};
    if (!fd) return fail(ErrorCode::usage, fmt::format("descriptor {} is not open", number), errno);
    return RecordLog(Outlet::adopt(std::move(fd), fmt::format("the records' descriptor {}", number)));
  }
  UniqueFd fd{::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640)};
  if (!fd) {
    const int e = errno;
    return fail(os_error(e, fmt::format("cannot open '{}'", target), ErrorCode::cannot_create));
  }
  return RecordLog(Outlet::adopt(std::move(fd), fmt::format("'{}'", target)));
}

bool RecordLog::put(const std::string& line) {
  const auto at = out_->reserve(line.size() + 1);
  if (at.empty()) return false;
  std::memcpy(at.data(), line.data(), line.size());
  at[line.size()] = '\n';
  out_->commit(line.size() + 1);
  return true;
}

void RecordLog::write(const Record& record) {
  if (!out_) return;
  if (dropped_ > 0 && put(to_line(LaggedRecord{floor_ms(SystemClock().wall()), dropped_}))) dropped_ = 0;
  if (dropped_ > 0 || !put(to_line(record))) ++dropped_;
  flush();
}

void RecordLog::flush() {
  if (out_) out_->flush();
}

std::unique_ptr<Sink> make_frame_sink(OutBuffer& out, uint32_t stream, RecordLog& records) {
  return std::make_unique<FrameSink>(out, stream, records);
}

std::unique_ptr<Sink> make_ts_sink(Outlet outlet, RecordLog& records) {
  return std::make_unique<TsSink>(std::move(outlet), records);
}

}  // namespace cbx::ingest

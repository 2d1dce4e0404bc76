#include "frames/frame.h"

#include <fmt/format.h>

#include <cstring>

namespace cbx::frames {
namespace {

constexpr uint32_t kMagic = 0x43425846;  // "CBXF"
constexpr uint8_t kVersion = 1;
constexpr size_t kBufferSize = kHeaderSize + kMaxPayload + (64 << 10);
constexpr size_t kMinRoom = 64 << 10;

}  // namespace

void encode_header(const Header& h, std::span<uint8_t, kHeaderSize> out) {
  uint8_t* p = out.data();
  write_be32(p, kMagic);
  p[4] = kVersion;
  p[5] = static_cast<uint8_t>(h.kind);
  write_be16(p + 6, h.flags);
  write_be32(p + 8, h.stream);
  write_be32(p + 12, h.length);
  write_be64(p + 16, static_cast<uint64_t>(h.arrival.time_since_epoch().count()));
  write_be32(p + 24, h.rtt_us);
  write_be32(p + 28, 0);
}

Result<Header> decode_header(std::span<const uint8_t, kHeaderSize> in) {
  const uint8_t* p = in.data();
  if (read_be32(p) != kMagic) return fail(ErrorCode::data, "no frame header (magic 'CBXF' is missing)");
  if (p[4] != kVersion) return fail(ErrorCode::data, fmt::format("frame of version {}, this is version 1", p[4]));
  if (p[5] < 1 || p[5] > 4) return fail(ErrorCode::data, fmt::format("frame of unknown kind {}", p[5]));
  Header h;
  h.kind = static_cast<Kind>(p[5]);
  h.flags = read_be16(p + 6);
  h.stream = read_be32(p + 8);
  h.length = read_be32(p + 12);
  if (h.length > kMaxPayload) return fail(ErrorCode::data, fmt::format("frame of {} bytes, at most 1 MiB", h.length));
  const uint64_t us = read_be64(p + 16);
  // Year 9999 bounds what a time stamp can be; arithmetic on it then never overflows.
  if (us > 253402300799999999ULL) return fail(ErrorCode::data, "frame with an arrival time past the year 9999");
  h.arrival = WallTime{Micros{static_cast<int64_t>(us)}};
  h.rtt_us = read_be32(p + 24);
  return h;
}

Parser::Parser() : buffer_(kBufferSize) {}

std::span<uint8_t> Parser::room() {
  if (buffer_.size() - end_ < kMinRoom) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span<uint8_t>(buffer_).subspan(end_);
}

void Parser::received(size_t n) {
  end_ += n;
}

Result<std::optional<Frame>> Parser::next() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ - begin_ < kHeaderSize) return std::optional<Frame>{};
  CBX_ASSIGN(const Header h,
             decode_header(std::span<const uint8_t, kHeaderSize>(buffer_.data() + begin_, kHeaderSize)));
  if (end_ - begin_ < kHeaderSize + h.length) return std::optional<Frame>{};
  const ByteSpan payload = ByteSpan(buffer_).subspan(begin_ + kHeaderSize, h.length);
  begin_ += kHeaderSize + h.length;
  return std::optional<Frame>{Frame{h, payload}};
}

}  // namespace cbx::frames

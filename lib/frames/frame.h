// The wire between cbx-ingest and cbx-segment: many streams over one pipe.  See cbx-frames(5).
//
// A frame is a header of 32 bytes, integers big-endian, and a payload:
//    0  4  magic "CBXF"
//    4  1  version, 1
//    5  1  kind: 1 open, 2 data, 3 record, 4 close
//    6  2  flags: bit 0 (data) the sender lost something just before this payload
//    8  4  stream number, unique among the open ones
//   12  4  payload length, at most 1 MiB
//   16  8  arrival time of the payload's last byte, µs since 1970-01-01 UTC
//   24  4  round-trip time of the connection in µs, 0 if unknown
//   28  4  zero
// Payloads: open - the connection.open record line; data - MPEG-TS bytes, not necessarily whole packets; record - any
// record line that concerns the stream; close - the connection.close record line.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace cbx::frames {

enum class Kind : uint8_t { open = 1, data = 2, record = 3, close = 4 };

inline constexpr size_t kHeaderSize = 32;
inline constexpr size_t kMaxPayload = 1 << 20;
inline constexpr uint16_t kFlagLoss = 1;

struct Header {
  Kind kind = Kind::data;
  uint16_t flags = 0;
  uint32_t stream = 0;
  uint32_t length = 0;
  WallTime arrival{};
  uint32_t rtt_us = 0;
  bool operator==(const Header&) const = default;
};

void encode_header(const Header& header, std::span<uint8_t, kHeaderSize> out);
// Error `data` for a wrong magic, version, kind or length.
Result<Header> decode_header(std::span<const uint8_t, kHeaderSize> in);

struct Frame {
  Header header;
  ByteSpan payload;  // points into the parser's buffer, valid until the next call
};

// Cuts a byte stream into frames without copying payloads.  Not thread-safe.
// Use: fill room() with read(2), tell received(n), call next() until it is empty.
class Parser {
 public:
  Parser();
  // At least 64 KiB to read into.
  std::span<uint8_t> room();
  void received(size_t n);
  // The next whole frame, nullopt when more bytes are needed.  An error is final: the stream can't be trusted.
  Result<std::optional<Frame>> next();
  // True if nothing of an unfinished frame is buffered (a clean place to end).
  bool at_boundary() const { return begin_ == end_; }
  // What is buffered and not yet handed out.
  ByteSpan buffered() const { return ByteSpan(buffer_).subspan(begin_, end_ - begin_); }

 private:
  Bytes buffer_;
  size_t begin_ = 0, end_ = 0;
};

}  // namespace cbx::frames

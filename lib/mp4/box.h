// Boxes of the ISO base media file format (ISO/IEC 14496-12, 4.2): writing them into a buffer, walking them in one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace cbx::mp4 {

constexpr uint32_t fourcc(std::string_view s) {
  return uint32_t{static_cast<uint8_t>(s[0])} << 24 | uint32_t{static_cast<uint8_t>(s[1])} << 16 |
         uint32_t{static_cast<uint8_t>(s[2])} << 8 | uint32_t{static_cast<uint8_t>(s[3])};
}

inline constexpr size_t kBoxHeader = 8;
inline constexpr size_t kLargeBoxHeader = 16;

// Appends to a buffer; box() writes the size when its body is done.
class BoxWriter {
 public:
  explicit BoxWriter(Bytes& out) : out_(out) {}

  void u8(uint8_t v) { out_.push_back(v); }
  void u16(uint16_t v) { write_be16(grow(2), v); }
  void u32(uint32_t v) { write_be32(grow(4), v); }
  void i32(int32_t v) { u32(static_cast<uint32_t>(v)); }
  void u64(uint64_t v) { write_be64(grow(8), v); }
  void bytes(ByteSpan b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void text(std::string_view s) { bytes(as_bytes(s)); }
  void zeros(size_t n) { out_.resize(out_.size() + n); }

  template <typename Body>
  void box(std::string_view type, Body&& body) {
    const size_t begin = out_.size();
    u32(0);
    text(type);
    body();
    write_be32(out_.data() + begin, static_cast<uint32_t>(out_.size() - begin));
  }
  template <typename Body>
  void full_box(std::string_view type, uint8_t version, uint32_t flags, Body&& body) {
    box(type, [&] {
      u32(uint32_t{version} << 24 | flags);
      body();
    });
  }

 private:
  uint8_t* grow(size_t n) {
    out_.resize(out_.size() + n);
    return out_.data() + out_.size() - n;
  }
  Bytes& out_;
};

// A box inside a buffer.
struct Box {
  uint32_t type = 0;
  ByteSpan payload;
  ByteSpan whole;
};

// Takes the next box off `rest`; nullopt at the end and when it does not fit.
inline std::optional<Box> next_box(ByteSpan& rest) {
  if (rest.size() < kBoxHeader) return std::nullopt;
  uint64_t size = read_be32(rest.data());
  size_t header = kBoxHeader;
  if (size == 1) {
    if (rest.size() < kLargeBoxHeader) return std::nullopt;
    size = read_be64(rest.data() + 8);
    header = kLargeBoxHeader;
  }
  if (size < header || size > rest.size()) return std::nullopt;
  const ByteSpan whole = rest.first(static_cast<size_t>(size));
  const Box box{read_be32(rest.data() + 4), whole.subspan(header), whole};
  rest = rest.subspan(whole.size());
  return box;
}

// The payload of the first child of that type.
inline std::optional<ByteSpan> find_box(ByteSpan payload, std::string_view type) {
  while (auto box = next_box(payload)) {
    if (box->type == fourcc(type)) return box->payload;
  }
  return std::nullopt;
}

// Takes big-endian integers off a buffer; once it was too short, ok() stays false and zeros come.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan data) : data_(data) {}
  bool ok() const { return ok_; }
  size_t left() const { return data_.size(); }
  uint8_t u8() { return take(1) ? at_[0] : uint8_t{0}; }
  uint16_t u16() { return take(2) ? read_be16(at_) : uint16_t{0}; }
  uint32_t u32() { return take(4) ? read_be32(at_) : 0; }
  uint64_t u64() { return take(8) ? read_be64(at_) : 0; }
  void skip(size_t n) { (void)take(n); }
  ByteSpan rest() const { return data_; }

 private:
  bool take(size_t n) {
    if (!ok_ || data_.size() < n) return ok_ = false;
    at_ = data_.data();
    data_ = data_.subspan(n);
    return true;
  }
  ByteSpan data_;
  const uint8_t* at_ = nullptr;
  bool ok_ = true;
};

}  // namespace cbx::mp4

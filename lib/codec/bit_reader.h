// Reads header fields bit by bit, most significant first, and Exp-Golomb codes (ITU-T H.264, 9.1).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"

namespace cbx::codec {

// Reading past the end gives zeros and sets overrun(): check it once, after a header was read.
// With Escaped::yes the emulation prevention bytes of a NAL unit (00 00 03) are skipped on the way.
class BitReader {
 public:
  enum class Escaped { no, yes };
  explicit BitReader(ByteSpan data, Escaped escaped = Escaped::no) : data_(data), escaped_(escaped == Escaped::yes) {}

  // n <= 32
  uint32_t read(int n) {
    uint64_t value = 0;
    position_ += static_cast<size_t>(n);
    while (n > 0) {
      if (left_ == 0) load();
      const int take = std::min(n, left_);
      value = value << take | ((current_ >> (left_ - take)) & ((1u << take) - 1));
      left_ -= take;
      n -= take;
    }
    return static_cast<uint32_t>(value);
  }
  bool flag() { return read(1) != 0; }
  void skip(size_t n) {
    for (; n > 32 && !overrun_; n -= 32) read(32);
    if (!overrun_) read(static_cast<int>(n));
  }
  uint32_t ue() {
    int zeros = 0;
    while (!flag()) {
      if (overrun_ || ++zeros > 31) {
        overrun_ = true;
        return 0;
      }
    }
    return zeros == 0 ? 0 : (1u << zeros) - 1 + read(zeros);
  }
  int32_t se() {
    const uint32_t code = ue();
    const auto half = static_cast<int32_t>(code / 2);
    return code & 1 ? half + 1 : -half;
  }
  void align() { skip(static_cast<size_t>(left_)); }

  bool overrun() const { return overrun_; }
  // Bits read so far, emulation prevention bytes not counted.
  size_t position() const { return position_; }
  // Bits to the end; only meaningful without escapes.
  size_t bits_left() const { return (data_.size() - next_) * 8 + static_cast<size_t>(left_); }

 private:
  void load() {
    if (escaped_ && zeros_ >= 2 && next_ < data_.size() && data_[next_] == 3) {
      ++next_;
      zeros_ = 0;
    }
    if (next_ >= data_.size()) {
      overrun_ = true;
      current_ = 0;
    } else {
      current_ = data_[next_++];
      zeros_ = current_ == 0 ? zeros_ + 1 : 0;
    }
    left_ = 8;
  }

  ByteSpan data_;
  size_t next_ = 0;
  size_t position_ = 0;
  unsigned zeros_ = 0;
  int left_ = 0;
  uint8_t current_ = 0;
  bool escaped_;
  bool overrun_ = false;
};

// The counterpart: appends bits to a byte vector.
class BitWriter {
 public:
  // n <= 32
  void put(uint32_t value, int n) {
    for (int i = n - 1; i >= 0; --i) {
      if (used_ % 8 == 0) bytes_.push_back(0);
      if (value >> i & 1) bytes_.back() = static_cast<uint8_t>(bytes_.back() | 0x80 >> (used_ % 8));
      ++used_;
    }
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
  size_t used_ = 0;
};

}  // namespace cbx::codec

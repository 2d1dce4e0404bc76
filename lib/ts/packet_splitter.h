// Cuts a byte stream of any chunking into transport packets of 188 bytes, standing alone or 192 apart (m2ts).
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"

namespace cbx::ts {

inline constexpr size_t kPacketSize = 188;
inline constexpr uint8_t kSyncByte = 0x47;

class PacketSplitter {
 public:
  // Calls packet(const uint8_t*) for every packet; the pointer is good during the call.
  template <typename F>
  void push(ByteSpan data, F&& packet) {
    while (!data.empty()) {
      if (carried_ == 0) {
        const size_t n = consume(data, packet);
        data = data.subspan(n);
        if (n == 0) {  // too little left to go on: less than a window
          std::memcpy(carry_.data(), data.data(), data.size());
          carried_ = data.size();
          return;
        }
        continue;
      }
      const size_t want = stride_ != 0 && carried_ < stride_ ? stride_ : carry_.size();
      const size_t taken = std::min(data.size(), want - carried_);
      std::memcpy(carry_.data() + carried_, data.data(), taken);
      const size_t n = consume({carry_.data(), carried_ + taken}, packet);
      if (n >= carried_) {
        data = data.subspan(n - carried_);
        carried_ = 0;
      } else {
        carried_ += taken - n;
        std::memmove(carry_.data(), carry_.data() + n, carried_);
        data = data.subspan(taken);
      }
    }
  }

  // The end of the input: what waits is taken for packets if it looks like some, else skipped.
  template <typename F>
  void flush(F&& packet) {
    ByteSpan rest(carry_.data(), carried_);
    while (rest.size() >= kPacketSize) {
      if (stride_ == 0) {
        const size_t at = find_sync(rest, 1);
        skipped_ += at;
        rest = rest.subspan(at);
        if (stride_ == 0) break;
      }
      if (rest[0] != kSyncByte) {
        stride_ = 0;
        ++skipped_;
        rest = rest.subspan(1);
        continue;
      }
      packet(rest.data());
      rest = rest.subspan(std::min(rest.size(), stride_));
    }
    skipped_ += rest.size();
    carried_ = 0;
    stride_ = 0;
  }

  // Something is missing before the next byte: half a packet that waits will never be whole.
  void loss() {
    skipped_ += carried_;
    carried_ = 0;
  }

  uint64_t skipped_bytes() const { return skipped_; }

 private:
  static constexpr size_t kWideStride = 192;
  static constexpr size_t kLockPackets = 4;
  // Whatever is in it, that many bytes let consume() go on.
  static constexpr size_t kWindow = (kLockPackets + 1) * kWideStride;

  // Returns how many bytes are done with; 0 if more are needed.
  template <typename F>
  size_t consume(ByteSpan data, F& packet) {
    size_t at = 0;
    while (true) {
      const ByteSpan rest = data.subspan(at);
      if (stride_ == 0) {
        if (rest.size() < kWindow) return at;
        const size_t n = find_sync(rest, kLockPackets);
        skipped_ += n;
        if (stride_ == kWideStride && n >= 4 && skipped_ == n) skipped_ -= 4;  // the first packet's own time stamp
        at += n;
        continue;
      }
      if (rest.size() < stride_) return at;
      if (rest[0] == kSyncByte) {
        packet(rest.data());
        at += stride_;
        continue;
      }
      if (rest.size() < kWindow) return at;
      if (rest[stride_] == kSyncByte && rest[2 * stride_] == kSyncByte) {
        skipped_ += stride_;  // one wrong sync byte between right ones: that packet only
        at += stride_;
      } else {
        stride_ = 0;
      }
    }
  }

  // Where packets begin, `packets` sync bytes agreeing (fewer if there is no more); sets stride_.  Without a find
  // it returns how much can be skipped and leaves stride_ 0.
  size_t find_sync(ByteSpan data, size_t packets) {
    for (size_t at = 0; at < data.size(); ++at) {
      if (packets > 1 && data.size() - at < (kLockPackets - 1) * kWideStride + 1) return at;
      if (data[at] != kSyncByte) continue;
      for (const size_t stride : {kPacketSize, kWideStride}) {
        size_t agreed = 1;
        while (agreed < kLockPackets && at + agreed * stride < data.size() && data[at + agreed * stride] == kSyncByte)
          ++agreed;
        const bool to_the_end = packets == 1 && at + agreed * stride >= data.size();
        if (agreed == kLockPackets || to_the_end) {
          stride_ = stride;
          return at;
        }
      }
    }
    return data.size();
  }

  std::array<uint8_t, kWindow> carry_;
  size_t carried_ = 0;
  size_t stride_ = 0;  // 0: not in sync
  uint64_t skipped_ = 0;
};

}  // namespace cbx::ts

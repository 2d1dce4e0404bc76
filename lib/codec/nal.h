// What H.264 and H.265 have in common: parameter sets by id, display orientation, clean frame rates.
#pragma once

#include <cstdint>
#include <map>
#include <numeric>

#include "base/bytes.h"
#include "codec/bit_reader.h"
#include "codec/track.h"

namespace cbx::codec {

// How a picture is to be turned and mirrored, as VideoInfo counts it.
struct Orientation {
  int rotation = 0;
  bool hflip = false;
  bool operator==(const Orientation&) const = default;
};

// The body of a display orientation SEI message (H.264 D.1.27, H.265 D.2.17): flips come before the turn there.
Orientation read_display_orientation(BitReader& bits);

// A parameter set as it was sent, without start code and trailing zeros.
struct ParameterSet {
  Bytes nal;
  uint32_t refers_to = 0;  // of an SPS: its VPS (H.265); of a PPS: its SPS
};
using ParameterSets = std::map<uint32_t, ParameterSet>;

// Calls f(payload type, payload) for each message of an SEI RBSP that `escaped` NAL payload holds.
template <typename F>
void for_each_sei(ByteSpan escaped, F f) {
  // SEI messages are short; the long ones (user data) are of no interest, so only the beginning is unescaped.
  uint8_t rbsp[1024];
  size_t size = 0;
  unsigned zeros = 0;
  for (size_t i = 0; i < escaped.size() && size < sizeof rbsp; ++i) {
    if (zeros >= 2 && escaped[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = escaped[i] == 0 ? zeros + 1 : 0;
    rbsp[size++] = escaped[i];
  }
  size_t at = 0;
  const auto number = [&] {
    uint32_t value = 0;
    while (at < size && rbsp[at] == 0xff) value += rbsp[at++];
    if (at < size) value += rbsp[at++];
    return value;
  };
  while (at + 2 < size) {
    const uint32_t type = number();
    const uint32_t length = number();
    if (length > size - at) return;
    f(type, ByteSpan(rbsp + at, length));
    at += length;
  }
}

// Sets the frame rate if the fraction makes sense (up to 1000/s), reduced.
inline void set_frame_rate(VideoInfo& info, uint64_t num, uint64_t den) {
  if (num == 0 || den == 0) return;
  const uint64_t divisor = std::gcd(num, den);
  num /= divisor;
  den /= divisor;
  if (num > INT32_MAX || den > INT32_MAX || num > den * 1000) return;
  info.frame_rate_num = static_cast<int>(num);
  info.frame_rate_den = static_cast<int>(den);
}

// aspect_ratio_idc and what follows it, the same in both standards (table E-1).
void read_aspect_ratio(BitReader& bits, VideoInfo& info);
// video_signal_type after its present flag.
void read_video_signal_type(BitReader& bits, VideoInfo& info);

}  // namespace cbx::codec

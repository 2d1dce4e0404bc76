#include "codec/nal.h"

#include <array>

namespace cbx::codec {

Orientation read_display_orientation(BitReader& bits) {
  Orientation result;
  if (bits.flag()) return result;  // cancelled
  bool hflip = bits.flag();
  const bool vflip = bits.flag();
  const uint32_t anticlockwise = bits.read(16);
  if (bits.overrun()) return {};
  int clockwise = (4 - static_cast<int>((anticlockwise + 0x2000) >> 14) % 4) % 4 * 90;
  if (vflip) {  // is a mirror and half a turn
    hflip = !hflip;
    clockwise = (clockwise + 180) % 360;
  }
  // Mirror, then turn = turn the other way, then mirror.
  if (hflip) clockwise = (360 - clockwise) % 360;
  return {clockwise, hflip};
}

void read_aspect_ratio(BitReader& bits, VideoInfo& info) {
  static constexpr std::array<std::pair<int, int>, 17> kRatios = {{{1, 1},
                                                                   {1, 1},
                                                                   {12, 11},
                                                                   {10, 11},
                                                                   {16, 11},
                                                                   {40, 33},
                                                                   {24, 11},
                                                                   {20, 11},
                                                                   {32, 11},
                                                                   {80, 33},
                                                                   {18, 11},
                                                                   {15, 11},
                                                                   {64, 33},
                                                                   {160, 99},
                                                                   {4, 3},
                                                                   {3, 2},
                                                                   {2, 1}}};
  const uint32_t idc = bits.read(8);
  if (idc == 255) {
    const int num = static_cast<int>(bits.read(16));
    const int den = static_cast<int>(bits.read(16));
    if (num > 0 && den > 0) {
      const int divisor = std::gcd(num, den);
      info.par_num = num / divisor;
      info.par_den = den / divisor;
    }
  } else if (idc < kRatios.size()) {
    info.par_num = kRatios[idc].first;
    info.par_den = kRatios[idc].second;
  }
}

void read_video_signal_type(BitReader& bits, VideoInfo& info) {
  bits.read(3);  // video_format
  info.full_range = bits.flag();
  if (bits.flag()) {
    info.colour_primaries = static_cast<int>(bits.read(8));
    info.transfer = static_cast<int>(bits.read(8));
    info.matrix = static_cast<int>(bits.read(8));
  }
}

}  // namespace cbx::codec

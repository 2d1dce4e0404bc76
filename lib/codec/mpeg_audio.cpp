#include "codec/mpeg_audio.h"

namespace cbx::codec::mpeg_audio {

namespace {

// kbit/s by index 1 to 14.
constexpr int kLayer2[15] = {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384};
constexpr int kLayer3[15] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320};
constexpr int kLow[15] = {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160};
constexpr int kRates[3] = {44100, 48000, 32000};

}  // namespace

std::optional<Header> parse_header(ByteSpan d) {
  if (d.size() < kHeaderSize || d[0] != 0xff || (d[1] & 0xe0) != 0xe0) return std::nullopt;
  const unsigned version = d[1] >> 3 & 3;  // 3 MPEG-1, 2 MPEG-2, 0 MPEG-2.5
  Header h;
  h.layer = 4 - (d[1] >> 1 & 3);
  const unsigned bit_rate = d[2] >> 4, rate = d[2] >> 2 & 3;
  if (version == 1 || (h.layer != 2 && h.layer != 3) || bit_rate == 0 || bit_rate == 15 || rate == 3 ||
      (version == 0 && h.layer != 3) || (d[3] & 3) == 2)
    return std::nullopt;
  const bool low = version != 3;
  h.sample_rate = kRates[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  h.channels = d[3] >> 6 == 3 ? 1 : 2;
  h.bit_rate = (low ? kLow : h.layer == 2 ? kLayer2 : kLayer3)[bit_rate] * 1000;
  h.samples = low && h.layer == 3 ? 576 : 1152;
  const bool padding = (d[2] & 2) != 0;
  h.frame_size = static_cast<size_t>(h.samples / 8 * h.bit_rate / h.sample_rate) + (padding ? 1 : 0);
  return h;
}

}  // namespace cbx::codec::mpeg_audio

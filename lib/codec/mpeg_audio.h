// MPEG audio frame headers (ISO/IEC 11172-3 and 13818-3): MP2 and MP3, and the MPEG-2 low sampling frequencies.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "codec/track.h"

namespace cbx::codec::mpeg_audio {

inline constexpr size_t kHeaderSize = 4;

struct Header {
  int layer = 0;  // 2 or 3
  int sample_rate = 0;
  int channels = 0;
  int bit_rate = 0;
  int samples = 0;  // in a frame
  size_t frame_size = 0;
  Codec codec() const { return layer == 3 ? Codec::mp3 : Codec::mp2; }
};
// nullopt if these bytes are no header; layer I, free format and MPEG-2.5 layer II are none that can be carried.
std::optional<Header> parse_header(ByteSpan data);

}  // namespace cbx::codec::mpeg_audio

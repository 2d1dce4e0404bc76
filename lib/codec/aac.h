// AAC: ADTS headers and AudioSpecificConfig (ISO/IEC 14496-3).
#pragma once

#include <optional>

#include "base/result.h"
#include "codec/bit_reader.h"
#include "codec/track.h"

namespace cbx::codec::aac {

inline constexpr size_t kAdtsHeaderSize = 7;

struct AdtsHeader {
  uint8_t object_type = 2;  // audio object type: 1 Main, 2 LC, 3 SSR, 4 LTP
  uint8_t rate_index = 0;
  uint8_t channel_config = 0;
  uint8_t raw_blocks = 1;  // raw data blocks in the frame, 1 to 4
  bool has_crc = false;
  uint16_t frame_size = 0;  // header included

  size_t header_size() const { return has_crc ? 9 : 7; }
  bool same_stream(const AdtsHeader& o) const {
    return object_type == o.object_type && rate_index == o.rate_index && channel_config == o.channel_config;
  }
};
// nullopt if these bytes (at least kAdtsHeaderSize) are no ADTS header.
std::optional<AdtsHeader> parse_adts(ByteSpan data);

// Sampling frequency by index (table 1.18); 0 for reserved ones.
int sample_rate(unsigned index);

struct AudioSpecificConfig {
  int object_type = 0;            // of the core: 2 LC, …
  int core_sample_rate = 0;       // of the core
  int channel_config = 0;         // 0: told by a program_config_element
  int channels = 0;               // of the core
  bool sbr = false, ps = false;   // signalled explicitly
  int extension_sample_rate = 0;  // with sbr
  int frame_length = 1024;        // of the core
  size_t bits = 0;                // length of the config, without the backward compatible extension after it
};
// Reads the config from `bits`; with `bits_available` the backward compatible SBR extension after it is looked for.
Result<AudioSpecificConfig> read_asc(BitReader& bits, std::optional<size_t> bits_available);
Result<AudioInfo> audio_info_from_asc(ByteSpan asc);
AudioInfo audio_info(const AudioSpecificConfig& config);

// The config that an ADTS stream stands for.  `raw_block` is the first raw data block: where channel_config is 0 its
// program_config_element becomes part of the config; error `data` if it has none.
Result<Bytes> asc_from_adts(const AdtsHeader& header, ByteSpan raw_block);

}  // namespace cbx::codec::aac

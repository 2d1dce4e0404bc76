// AC-3 and E-AC-3 synchronisation frames and what MP4 stores of them (ETSI TS 102 366, clauses 4, 5, E.1 and annex F).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "codec/track.h"

namespace cbx::codec::ac3 {

// Bytes that a header needs to be read whole.
inline constexpr size_t kHeaderSize = 16;

struct Header {
  bool enhanced = false;
  size_t frame_size = 0;
  int sample_rate = 0;
  int bit_rate = 0;
  int samples = 1536;  // 256 a block
  uint8_t fscod = 0, bsid = 0, bsmod = 0, acmod = 0;
  bool lfe = false;
  uint8_t bit_rate_code = 0;  // AC-3
  // E-AC-3
  bool dependent = false;  // a dependent substream: more channels of the independent one before it
  uint8_t substream = 0;
  uint16_t channel_map = 0;  // of a dependent one; 0 if it has none

  int channels() const;
};
std::optional<Header> parse_header(ByteSpan data);

// The payload of dac3.
Bytes build_dac3(const Header& header);
// The payload of dec3 for the substreams of one access unit, each independent one followed by its dependent ones.
Bytes build_dec3(const std::vector<Header>& substreams);
// Channels that a decoder gives out for them (of the first independent substream and what depends on it).
int total_channels(const std::vector<Header>& substreams);

}  // namespace cbx::codec::ac3

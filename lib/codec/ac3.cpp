#include "codec/ac3.h"

#include <bit>

#include "codec/bit_reader.h"

namespace cbx::codec::ac3 {

namespace {

constexpr int kRates[3] = {48000, 44100, 32000};
constexpr int kBitRates[19] = {32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640};
constexpr int kChannels[8] = {2, 1, 2, 3, 3, 4, 4, 5};
constexpr int kBlocks[4] = {1, 2, 3, 6};
constexpr uint32_t kSyncWord = 0x0b77;

std::optional<Header> parse_plain(BitReader& bits) {
  Header h;
  bits.read(16);  // crc1
  h.fscod = static_cast<uint8_t>(bits.read(2));
  const uint32_t size_code = bits.read(6);
  h.bsid = static_cast<uint8_t>(bits.read(5));
  h.bsmod = static_cast<uint8_t>(bits.read(3));
  h.acmod = static_cast<uint8_t>(bits.read(3));
  if ((h.acmod & 1) && h.acmod != 1) bits.read(2);
  if (h.acmod & 4) bits.read(2);
  if (h.acmod == 2) bits.read(2);
  h.lfe = bits.flag();
  if (h.fscod == 3 || size_code >= 38 || bits.overrun()) return std::nullopt;
  h.bit_rate_code = static_cast<uint8_t>(size_code / 2);
  // bsid 9 and 10 halve and quarter the rates.
  const int shift = h.bsid > 8 ? h.bsid - 8 : 0;
  h.sample_rate = kRates[h.fscod] >> shift;
  const int nominal = kBitRates[h.bit_rate_code] * 1000;
  h.bit_rate = nominal >> shift;
  // Words of 16 bits in 1536 samples; 44.1 kHz frames alternate in size.
  size_t words = static_cast<size_t>(int64_t{1536} * nominal / kRates[h.fscod] / 16);
  if (h.fscod == 1 && (size_code & 1)) ++words;
  h.frame_size = words * 2;
  return h;
}

std::optional<Header> parse_enhanced(BitReader& bits) {
  Header h;
  h.enhanced = true;
  const uint32_t stream_type = bits.read(2);
  h.substream = static_cast<uint8_t>(bits.read(3));
  h.frame_size = (size_t{bits.read(11)} + 1) * 2;
  h.fscod = static_cast<uint8_t>(bits.read(2));
  if (h.fscod == 3) {
    const uint32_t half = bits.read(2);
    if (half == 3) return std::nullopt;
    h.sample_rate = kRates[half] / 2;
  } else {
    h.sample_rate = kRates[h.fscod];
    h.samples = 256 * kBlocks[bits.read(2)];
  }
  h.acmod = static_cast<uint8_t>(bits.read(3));
  h.lfe = bits.flag();
  h.bsid = static_cast<uint8_t>(bits.read(5));
  h.dependent = stream_type == 1;
  if (stream_type == 3) return std::nullopt;
  for (int i = 0; i < (h.acmod == 0 ? 2 : 1); ++i) {
    bits.read(5);  // dialnorm
    if (bits.flag()) bits.read(8);
  }
  if (h.dependent && bits.flag()) h.channel_map = static_cast<uint16_t>(bits.read(16));
  if (bits.overrun() || h.frame_size < kHeaderSize) return std::nullopt;
  h.bit_rate = static_cast<int>(int64_t{8} * static_cast<int64_t>(h.frame_size) * h.sample_rate / h.samples);
  return h;
}

// chan_loc of dec3 from the channel map of a dependent substream (tables E.1.4 and F.6.1).
unsigned channel_locations(uint16_t map) {
  // Bit of the map, counted from its first, for each bit of chan_loc.
  constexpr int kFirst[9] = {5, 6, 7, 8, 9, 10, 11, 12, 14};
  unsigned result = 0;
  for (int i = 0; i < 9; ++i)
    if (map >> (15 - kFirst[i]) & 1) result |= 1u << i;
  return result;
}

}  // namespace

int Header::channels() const {
  return kChannels[acmod] + (lfe ? 1 : 0);
}

std::optional<Header> parse_header(ByteSpan data) {
  if (data.size() < kHeaderSize || read_be16(data.data()) != kSyncWord) return std::nullopt;
  const int bsid = data[5] >> 3;
  BitReader bits(data.subspan(2));
  if (bsid <= 10) return parse_plain(bits);
  return bsid <= 16 ? parse_enhanced(bits) : std::nullopt;
}

Bytes build_dac3(const Header& h) {
  BitWriter out;
  out.put(h.fscod, 2);
  out.put(h.bsid, 5);
  out.put(h.bsmod, 3);
  out.put(h.acmod, 3);
  out.put(h.lfe, 1);
  out.put(h.bit_rate_code, 5);
  out.put(0, 5);
  return out.take();
}

Bytes build_dec3(const std::vector<Header>& substreams) {
  unsigned independent = 0;
  int bit_rate = 0;
  for (const Header& h : substreams) {
    independent += !h.dependent;
    bit_rate += h.bit_rate;
  }
  BitWriter out;
  out.put(static_cast<uint32_t>(bit_rate / 1000), 13);
  out.put(independent - 1, 3);
  for (size_t i = 0; i < substreams.size();) {
    const Header& h = substreams[i++];
    unsigned dependent = 0, locations = 0;
    for (; i < substreams.size() && substreams[i].dependent; ++i, ++dependent)
      locations |= channel_locations(substreams[i].channel_map);
    out.put(h.fscod, 2);
    out.put(h.bsid, 5);
    out.put(0, 2);  // reserved, asvc
    out.put(h.bsmod, 3);
    out.put(h.acmod, 3);
    out.put(h.lfe, 1);
    out.put(0, 3);
    out.put(dependent, 4);
    out.put(locations, dependent > 0 ? 9 : 1);
  }
  return out.take();
}

int total_channels(const std::vector<Header>& substreams) {
  int channels = substreams.front().channels();
  for (size_t i = 1; i < substreams.size() && substreams[i].dependent; ++i) {
    // Places that only a dependent substream can fill; the others it replaces.  Bits 5, 6, 9, 10, 11, 13 are pairs.
    constexpr uint16_t kPairs = 0x0674, kSingle = 0x018a;
    const uint16_t map = substreams[i].channel_map;
    channels +=
        2 * std::popcount(static_cast<uint16_t>(map & kPairs)) + std::popcount(static_cast<uint16_t>(map & kSingle));
  }
  return channels;
}

}  // namespace cbx::codec::ac3

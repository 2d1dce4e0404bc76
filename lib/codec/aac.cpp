#include "codec/aac.h"

#include <array>

namespace cbx::codec::aac {

namespace {

constexpr std::array<int, 13> kRates = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                        22050, 16000, 12000, 11025, 8000,  7350};
// Channels of channelConfiguration 0 to 15; 0 where reserved.
constexpr std::array<int, 16> kChannels = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0};

int read_object_type(BitReader& bits) {
  const int type = static_cast<int>(bits.read(5));
  return type == 31 ? 32 + static_cast<int>(bits.read(6)) : type;
}

int read_rate(BitReader& bits) {
  const uint32_t index = bits.read(4);
  return index == 15 ? static_cast<int>(bits.read(24)) : sample_rate(index);
}

// Copies bits from one to the other; returns them.
class Copier {
 public:
  Copier(BitReader& in, BitWriter* out) : in_(in), out_(out) {}
  uint32_t operator()(int n) {
    const uint32_t value = in_.read(n);
    if (out_) out_->put(value, n);
    written_ += static_cast<size_t>(n);
    return value;
  }
  // Each side is padded to its own byte boundary, counted from its own start.
  void align(size_t in_start, size_t out_start) {
    while ((in_.position() - in_start) % 8 != 0) in_.read(1);
    for (; (out_start + written_) % 8 != 0; ++written_)
      if (out_) out_->put(0, 1);
  }

 private:
  BitReader& in_;
  BitWriter* out_;
  size_t written_ = 0;
};

// program_config_element() (table 4.2), whose alignment counts from `in_start`/`out_start`.  Returns its channels.
int copy_program_config(BitReader& in, size_t in_start, BitWriter* out, size_t out_start) {
  Copier copy(in, out);
  copy(4);
  copy(2);
  copy(4);
  const uint32_t front = copy(4), side = copy(4), back = copy(4);
  const uint32_t lfe = copy(2), assoc = copy(3), coupling = copy(4);
  if (copy(1)) copy(4);
  if (copy(1)) copy(4);
  if (copy(1)) copy(3);
  int channels = static_cast<int>(lfe);
  for (uint32_t i = 0; i < front + side + back; ++i) {
    channels += copy(1) ? 2 : 1;
    copy(4);
  }
  for (uint32_t i = 0; i < lfe + assoc; ++i) copy(4);
  for (uint32_t i = 0; i < coupling; ++i) copy(5);
  copy.align(in_start, out_start);
  for (uint32_t n = copy(8); n > 0; --n) copy(8);
  return channels;
}

}  // namespace

int sample_rate(unsigned index) {
  return index < kRates.size() ? kRates[index] : 0;
}

std::optional<AdtsHeader> parse_adts(ByteSpan d) {
  if (d.size() < kAdtsHeaderSize || d[0] != 0xff || (d[1] & 0xf6) != 0xf0) return std::nullopt;
  AdtsHeader h;
  h.has_crc = (d[1] & 1) == 0;
  h.object_type = static_cast<uint8_t>((d[2] >> 6) + 1);
  h.rate_index = d[2] >> 2 & 15;
  h.channel_config = static_cast<uint8_t>((d[2] & 1) << 2 | d[3] >> 6);
  h.frame_size = static_cast<uint16_t>((d[3] & 3) << 11 | d[4] << 3 | d[5] >> 5);
  h.raw_blocks = static_cast<uint8_t>((d[6] & 3) + 1);
  if (sample_rate(h.rate_index) == 0 || h.frame_size <= h.header_size()) return std::nullopt;
  return h;
}

Result<AudioSpecificConfig> read_asc(BitReader& bits, std::optional<size_t> bits_available) {
  const size_t start = bits.position();
  AudioSpecificConfig c;
  c.object_type = read_object_type(bits);
  c.core_sample_rate = read_rate(bits);
  c.channel_config = static_cast<int>(bits.read(4));
  if (c.object_type == 5 || c.object_type == 29) {
    c.sbr = true;
    c.ps = c.object_type == 29;
    c.extension_sample_rate = read_rate(bits);
    c.object_type = read_object_type(bits);
  }
  if (c.object_type < 1 || c.object_type > 4) return fail(ErrorCode::data, "AAC of an object type other than LC");
  c.channels = kChannels[static_cast<size_t>(c.channel_config)];
  c.frame_length = bits.flag() ? 960 : 1024;
  if (bits.flag()) bits.read(14);
  const bool extension = bits.flag();
  if (c.channel_config == 0) c.channels = copy_program_config(bits, start, nullptr, 0);
  if (extension) bits.flag();
  c.bits = bits.position() - start;
  if (bits_available && !c.sbr && c.bits + 16 <= *bits_available && bits.read(11) == 0x2b7 &&
      read_object_type(bits) == 5 && bits.flag()) {
    c.sbr = true;
    c.extension_sample_rate = read_rate(bits);
    if (c.bits + 16 + 4 + 12 <= *bits_available && bits.read(11) == 0x548) c.ps = bits.flag();
  }
  if (bits.overrun() || c.core_sample_rate < 1000 || c.core_sample_rate > 192000 || c.channels == 0 ||
      (c.sbr && (c.extension_sample_rate < 1000 || c.extension_sample_rate > 192000)))
    return fail(ErrorCode::data, "damaged AudioSpecificConfig");
  return c;
}

AudioInfo audio_info(const AudioSpecificConfig& c) {
  AudioInfo info;
  info.sample_rate = c.sbr ? c.extension_sample_rate : c.core_sample_rate;
  info.channels = c.ps && c.channels == 1 ? 2 : c.channels;
  // SBR may also run at the core's rate (down-sampled): then the frame stays as long.
  info.samples_per_frame =
      c.sbr ? static_cast<int>(int64_t{c.frame_length} * c.extension_sample_rate / c.core_sample_rate) : c.frame_length;
  return info;
}

Result<AudioInfo> audio_info_from_asc(ByteSpan asc) {
  BitReader bits(asc);
  CBX_ASSIGN(const auto config, read_asc(bits, asc.size() * 8));
  return audio_info(config);
}

Result<Bytes> asc_from_adts(const AdtsHeader& h, ByteSpan raw_block) {
  BitWriter out;
  out.put(h.object_type, 5);
  out.put(h.rate_index, 4);
  out.put(h.channel_config, 4);
  out.put(0, 3);  // 1024 samples, no core coder, no extension
  if (h.channel_config == 0) {
    BitReader in(raw_block);
    if (in.read(3) != 5) return fail(ErrorCode::data, "AAC without channel configuration");
    const int channels = copy_program_config(in, 0, &out, 16);
    if (in.overrun() || channels == 0) return fail(ErrorCode::data, "damaged AAC program_config_element");
  }
  return out.take();
}

}  // namespace cbx::codec::aac

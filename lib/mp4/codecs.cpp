#include "mp4/codecs.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "codec/aac.h"

namespace cbx::mp4 {
namespace {

using codec::Codec;

std::string avc_string(ByteSpan avcc) {
  if (avcc.size() < 4) return "avc1";
  return fmt::format("avc1.{:02x}{:02x}{:02x}", avcc[1], avcc[2], avcc[3]);
}

uint32_t reversed(uint32_t v) {
  uint32_t out = 0;
  for (int i = 0; i < 32; ++i) out |= (v >> i & 1) << (31 - i);
  return out;
}

std::string hevc_string(ByteSpan hvcc) {
  constexpr size_t kConstraints = 6, kLevel = 12;
  if (hvcc.size() <= kLevel) return "hvc1";
  std::string out = "hvc1.";
  if (const int space = hvcc[1] >> 6) out += static_cast<char>('A' + space - 1);
  const bool high_tier = hvcc[1] & 0x20;
  out +=
      fmt::format("{}.{:X}.{}{}", hvcc[1] & 0x1f, reversed(read_be32(&hvcc[2])), high_tier ? 'H' : 'L', hvcc[kLevel]);
  size_t end = kLevel;
  while (end > kConstraints && hvcc[end - 1] == 0) --end;
  for (size_t i = kConstraints; i < end; ++i) out += fmt::format(".{:X}", hvcc[i]);
  return out;
}

// Audio object types (ISO/IEC 14496-3, table 1.17) of the two kinds of HE-AAC.
constexpr int kSbr = 5, kPs = 29;

std::string aac_string(ByteSpan asc) {
  codec::BitReader bits(asc);
  const auto config = codec::aac::read_asc(bits, 8 * asc.size());
  if (!config) return "mp4a";
  return fmt::format("mp4a.40.{}", config->ps ? kPs : config->sbr ? kSbr : config->object_type);
}

}  // namespace

std::string codecs_string(const codec::TrackConfig& track) {
  switch (track.codec) {
    case Codec::h264:
      return avc_string(track.decoder_config);
    case Codec::h265:
      return hevc_string(track.decoder_config);
    case Codec::aac:
      return aac_string(track.decoder_config);
    case Codec::mp2:
    case Codec::mp3:
      // As the esds says it: MPEG-2 has the low sample rates.
      return track.audio.sample_rate < 32000 ? "mp4a.69" : "mp4a.6B";
    case Codec::ac3:
      return "ac-3";
    case Codec::eac3:
      return "ec-3";
    case Codec::opus:
      return "opus";
  }
  return {};
}

std::string codecs_string(std::span<const codec::TrackConfig> tracks) {
  std::string out;
  for (const bool video : {true, false}) {
    for (const codec::TrackConfig& t : tracks) {
      if (codec::is_video(t.codec) != video) continue;
      if (!out.empty()) out += ',';
      out += codecs_string(t);
    }
  }
  return out;
}

std::string init_id(ByteSpan init_segment) {
  uint8_t digest[EVP_MAX_MD_SIZE] = {};
  if (EVP_Digest(init_segment.data(), init_segment.size(), digest, nullptr, EVP_sha256(), nullptr) != 1) return {};
  return fmt::format("{:016x}", read_be64(digest));
}

Result<Description> describe(File& file, int64_t duration_ms) {
  CBX_ASSIGN(const FileMap map, read_file_map(file));
  Bytes init(static_cast<size_t>(map.init_size));
  CBX_ASSIGN(const size_t n, file.read_at(map.init_offset, init));
  if (n < init.size()) return fail(ErrorCode::io, fmt::format("'{}' is shorter than it was", file.path()));
  return Description{codecs_string(map.tracks), init_id(init), map.init_offset + map.init_size,
                     groups_of(map, duration_ms)};
}

}  // namespace cbx::mp4

#include "codec/h265.h"

#include <algorithm>
#include <vector>

namespace cbx::codec::h265 {

namespace {

constexpr size_t kNalHeader = 2;

bool is_nal(ByteSpan nal, int type) {
  return nal.size() > kNalHeader && nal_type(nal[0]) == type;
}

void read_profile_tier_level(BitReader& bits, int sub_layers, Sps& sps) {
  for (uint8_t& b : sps.profile_tier_level) b = static_cast<uint8_t>(bits.read(8));
  bool profile[8] = {}, level[8] = {};
  for (int i = 0; i < sub_layers - 1; ++i) {
    profile[i] = bits.flag();
    level[i] = bits.flag();
  }
  if (sub_layers > 1)
    for (int i = sub_layers - 1; i < 8; ++i) bits.read(2);
  for (int i = 0; i < sub_layers - 1; ++i) bits.skip((profile[i] ? 88u : 0u) + (level[i] ? 8u : 0u));
}

void skip_scaling_lists(BitReader& bits) {
  for (int size = 0; size < 4; ++size) {
    for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.ue();
        continue;
      }
      if (size > 1) bits.se();
      for (int i = std::min(64, 1 << (4 + size * 2)); i > 0 && !bits.overrun(); --i) bits.se();
    }
  }
}

// st_ref_pic_set(index) (7.3.7); `deltas` holds how many pictures each set before has.  False if it is damaged.
bool skip_ref_pic_set(BitReader& bits, size_t index, std::vector<uint32_t>& deltas) {
  constexpr uint32_t kMaxPictures = 16;
  uint32_t count = 0;
  if (index > 0 && bits.flag()) {
    bits.flag();
    bits.ue();
    for (uint32_t i = 0; i <= deltas[index - 1]; ++i) {
      const bool used = bits.flag();
      const bool use_delta = used || bits.flag();
      count += use_delta;
    }
  } else {
    const uint32_t negative = bits.ue(), positive = bits.ue();
    if (negative > kMaxPictures || positive > kMaxPictures) return false;
    count = negative + positive;
    for (uint32_t i = 0; i < count; ++i) {
      bits.ue();
      bits.flag();
    }
  }
  deltas.push_back(count);
  return count <= 2 * kMaxPictures && !bits.overrun();
}

bool read_size(BitReader& bits, Sps& sps) {
  const uint32_t chroma_format = bits.ue();
  if (chroma_format > 3) return false;
  sps.chroma_format_idc = static_cast<int>(chroma_format);
  const bool planes = sps.chroma_format_idc == 3 && bits.flag();
  uint64_t width = bits.ue(), height = bits.ue();
  if (width == 0 || height == 0 || width > 16384 || height > 16384) return false;
  if (bits.flag()) {
    const bool subsampled = !planes && (sps.chroma_format_idc == 1 || sps.chroma_format_idc == 2);
    const uint64_t unit_x = subsampled ? 2 : 1;
    const uint64_t unit_y = subsampled && sps.chroma_format_idc == 1 ? 2 : 1;
    const uint64_t left = bits.ue(), right = bits.ue(), top = bits.ue(), bottom = bits.ue();
    if ((left + right) * unit_x >= width || (top + bottom) * unit_y >= height) return false;
    width -= (left + right) * unit_x;
    height -= (top + bottom) * unit_y;
  }
  sps.video.width = static_cast<int>(width);
  sps.video.height = static_cast<int>(height);
  return true;
}

// What stands between the picture size and the VUI; false if it is damaged.
bool skip_coding_tools(BitReader& bits, uint32_t poc_bits) {
  for (int i = 0; i < 6; ++i) bits.ue();  // block sizes and transform depths
  if (bits.flag() && bits.flag()) skip_scaling_lists(bits);
  bits.read(2);
  if (bits.flag()) {  // PCM
    bits.read(8);
    bits.ue();
    bits.ue();
    bits.flag();
  }
  const uint32_t sets = bits.ue();
  if (sets > 64) return false;
  std::vector<uint32_t> deltas;
  for (size_t i = 0; i < sets; ++i)
    if (!skip_ref_pic_set(bits, i, deltas)) return false;
  if (bits.flag()) {
    const uint32_t pictures = bits.ue();
    if (pictures > 32) return false;
    for (uint32_t i = 0; i < pictures; ++i) bits.read(static_cast<int>(poc_bits) + 1);
  }
  bits.read(2);
  return !bits.overrun();
}

void read_vui(BitReader& bits, Sps& sps) {
  if (bits.flag()) read_aspect_ratio(bits, sps.video);
  if (bits.flag()) bits.flag();  // overscan
  if (bits.flag()) read_video_signal_type(bits, sps.video);
  if (bits.flag()) {  // chroma sample location
    bits.ue();
    bits.ue();
  }
  bits.read(3);
  if (bits.flag())  // default display window: a recommendation, like overscan
    for (int i = 0; i < 4; ++i) bits.ue();
  if (bits.flag()) {
    const uint64_t units_in_tick = bits.read(32);
    const uint64_t time_scale = bits.read(32);
    if (!bits.overrun()) set_frame_rate(sps.video, time_scale, units_in_tick);
  }
}

}  // namespace

Result<uint32_t> parse_vps(ByteSpan nal) {
  if (!is_nal(nal, kVpsNal) || nal.size() < kNalHeader + 4) return fail(ErrorCode::data, "not an H.265 VPS");
  return nal[kNalHeader] >> 4;
}

Result<Sps> parse_sps(ByteSpan nal) {
  if (!is_nal(nal, kSpsNal)) return fail(ErrorCode::data, "not an H.265 SPS");
  BitReader bits(nal.subspan(kNalHeader), BitReader::Escaped::yes);
  Sps sps;
  sps.vps_id = bits.read(4);
  sps.temporal_layers = static_cast<int>(bits.read(3)) + 1;
  sps.temporal_id_nested = bits.flag();
  if (sps.temporal_layers > 7) return fail(ErrorCode::data, "damaged H.265 SPS");
  read_profile_tier_level(bits, sps.temporal_layers, sps);
  sps.id = bits.ue();
  if (sps.id > 15 || !read_size(bits, sps)) return fail(ErrorCode::data, "damaged H.265 SPS");
  const uint32_t luma = bits.ue(), chroma = bits.ue(), poc = bits.ue();
  if (luma > 8 || chroma > 8 || poc > 12) return fail(ErrorCode::data, "damaged H.265 SPS");
  sps.bit_depth_luma = static_cast<int>(luma) + 8;
  sps.bit_depth_chroma = static_cast<int>(chroma) + 8;
  const int layers = bits.flag() ? sps.temporal_layers : 1;
  for (int i = 0; i < layers; ++i) {
    bits.ue();
    const uint32_t reorder = bits.ue();
    sps.max_reorder = static_cast<int>(std::min<uint32_t>(reorder, 16));
    bits.ue();
  }
  if (bits.overrun()) return fail(ErrorCode::data, "truncated H.265 SPS");
  // The picture is known; of what follows only the VUI is wanted, and it may be missing.
  if (skip_coding_tools(bits, poc + 3) && bits.flag()) read_vui(bits, sps);
  return sps;
}

Result<PpsIds> parse_pps(ByteSpan nal) {
  if (!is_nal(nal, kPpsNal)) return fail(ErrorCode::data, "not an H.265 PPS");
  BitReader bits(nal.subspan(kNalHeader), BitReader::Escaped::yes);
  const PpsIds ids{bits.ue(), bits.ue()};
  if (bits.overrun() || ids.id > 63 || ids.sps_id > 15) return fail(ErrorCode::data, "damaged H.265 PPS");
  return ids;
}

std::optional<SliceHeader> parse_slice_header(ByteSpan nal) {
  if (nal.size() <= kNalHeader) return std::nullopt;
  BitReader bits(nal.subspan(kNalHeader), BitReader::Escaped::yes);
  SliceHeader header;
  header.first_in_picture = bits.flag();
  if (is_irap(nal_type(nal[0]))) bits.flag();
  header.pps_id = bits.ue();
  if (bits.overrun() || header.pps_id > 63) return std::nullopt;
  return header;
}

std::optional<Orientation> parse_sei_orientation(ByteSpan nal) {
  std::optional<Orientation> result;
  if (nal.size() <= kNalHeader) return result;
  for_each_sei(nal.subspan(kNalHeader), [&](uint32_t type, ByteSpan payload) {
    if (type != 47) return;
    BitReader bits(payload);
    result = read_display_orientation(bits);
  });
  return result;
}

Bytes build_hvcc(const ParameterSets& vps, const ParameterSets& sps, const ParameterSets& pps, const Sps& active) {
  Bytes out;
  const auto put = [&](unsigned v) { out.push_back(static_cast<uint8_t>(v)); };
  put(1);
  for (const uint8_t b : active.profile_tier_level) put(b);
  put(0xf0);  // min_spatial_segmentation_idc 0: unknown
  put(0);
  put(0xfc);  // parallelismType 0: unknown
  put(0xfc | static_cast<unsigned>(active.chroma_format_idc));
  put(0xf8 | static_cast<unsigned>(active.bit_depth_luma - 8));
  put(0xf8 | static_cast<unsigned>(active.bit_depth_chroma - 8));
  put(0);  // avgFrameRate 0: not told
  put(0);
  put(static_cast<unsigned>(active.temporal_layers) << 3 | (active.temporal_id_nested ? 4u : 0u) | 3u);
  put(3);
  const auto put_array = [&](int type, const ParameterSets& sets) {
    put(0x80u | static_cast<unsigned>(type));  // complete: hvc1
    put(static_cast<unsigned>(sets.size() >> 8));
    put(static_cast<unsigned>(sets.size()));
    for (const auto& [id, set] : sets) {
      put(static_cast<unsigned>(set.nal.size() >> 8));
      put(static_cast<unsigned>(set.nal.size()));
      out.insert(out.end(), set.nal.begin(), set.nal.end());
    }
  };
  put_array(kVpsNal, vps);
  put_array(kSpsNal, sps);
  put_array(kPpsNal, pps);
  return out;
}

}  // namespace cbx::codec::h265

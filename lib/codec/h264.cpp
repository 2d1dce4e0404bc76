#include "codec/h264.h"

#include <algorithm>

namespace cbx::codec::h264 {

namespace {

constexpr bool has_chroma_fields(int profile) {
  for (const int p : {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
    if (profile == p) return true;
  return false;
}

void skip_scaling_list(BitReader& bits, int size) {
  int last = 8, next = 8;
  for (int i = 0; i < size && !bits.overrun(); ++i) {
    if (next != 0) next = (last + bits.se() % 256) & 0xff;
    if (next != 0) last = next;
  }
}

void skip_hrd(BitReader& bits) {
  const uint32_t count = bits.ue() + 1;
  bits.skip(8);
  for (uint32_t i = 0; i < count && !bits.overrun(); ++i) {
    bits.ue();
    bits.ue();
    bits.flag();
  }
  bits.skip(20);
}

void read_vui(BitReader& bits, Sps& sps) {
  if (bits.flag()) read_aspect_ratio(bits, sps.video);
  if (bits.flag()) bits.flag();  // overscan
  if (bits.flag()) read_video_signal_type(bits, sps.video);
  if (bits.flag()) {  // chroma sample location
    bits.ue();
    bits.ue();
  }
  if (bits.flag()) {
    const uint64_t units_in_tick = bits.read(32);
    const uint64_t time_scale = bits.read(32);
    bits.flag();
    if (!bits.overrun()) set_frame_rate(sps.video, time_scale, units_in_tick * 2);
  }
  const bool nal_hrd = bits.flag();
  if (nal_hrd) skip_hrd(bits);
  const bool vcl_hrd = bits.flag();
  if (vcl_hrd) skip_hrd(bits);
  if (nal_hrd || vcl_hrd) bits.flag();
  bits.flag();  // pic_struct_present_flag
  if (bits.flag()) {
    bits.flag();
    bits.ue();
    bits.ue();
    bits.ue();
    bits.ue();
    const uint32_t reorder = bits.ue();
    if (!bits.overrun() && reorder <= 16) sps.max_reorder = static_cast<int>(reorder);
  }
}

// A number of the header, at most `most`; false if it is larger.
bool read_up_to(BitReader& bits, uint32_t most, int& value) {
  const uint32_t read = bits.ue();
  value = static_cast<int>(std::min(read, most));
  return read <= most;
}

bool read_high_profile_fields(BitReader& bits, Sps& sps) {
  if (!read_up_to(bits, 3, sps.chroma_format_idc)) return false;
  if (sps.chroma_format_idc == 3) sps.separate_colour_planes = bits.flag();
  int luma = 0, chroma = 0;
  if (!read_up_to(bits, 6, luma) || !read_up_to(bits, 6, chroma)) return false;
  sps.bit_depth_luma = luma + 8;
  sps.bit_depth_chroma = chroma + 8;
  bits.flag();
  if (bits.flag()) {
    const int lists = sps.chroma_format_idc == 3 ? 12 : 8;
    for (int i = 0; i < lists && !bits.overrun(); ++i)
      if (bits.flag()) skip_scaling_list(bits, i < 6 ? 16 : 64);
  }
  return true;
}

void skip_picture_order(BitReader& bits) {
  const uint32_t type = bits.ue();
  if (type == 0) {
    bits.ue();
  } else if (type == 1) {
    bits.flag();
    bits.se();
    bits.se();
    const uint32_t cycle = bits.ue();
    for (uint32_t i = 0; i < cycle && i < 256; ++i) bits.se();
  }
}

// Size after cropping; false if it makes no sense.
bool read_size(BitReader& bits, Sps& sps) {
  const uint64_t width_mbs = uint64_t{bits.ue()} + 1;
  const uint64_t height_units = uint64_t{bits.ue()} + 1;
  sps.frame_mbs_only = bits.flag();
  if (!sps.frame_mbs_only) bits.flag();
  bits.flag();  // direct_8x8_inference_flag
  const uint64_t height_mbs = height_units * (sps.frame_mbs_only ? 1 : 2);
  if (width_mbs > 1024 || height_mbs > 1024) return false;
  uint64_t width = width_mbs * 16, height = height_mbs * 16;
  if (bits.flag()) {
    const bool planes = sps.separate_colour_planes || sps.chroma_format_idc == 0;
    const uint64_t unit_x = !planes && sps.chroma_format_idc < 3 ? 2 : 1;
    const uint64_t unit_y = (!planes && sps.chroma_format_idc == 1 ? 2 : 1) * (sps.frame_mbs_only ? 1 : 2);
    const uint64_t left = bits.ue(), right = bits.ue(), top = bits.ue(), bottom = bits.ue();
    if ((left + right) * unit_x >= width || (top + bottom) * unit_y >= height) return false;
    width -= (left + right) * unit_x;
    height -= (top + bottom) * unit_y;
  }
  sps.video.width = static_cast<int>(width);
  sps.video.height = static_cast<int>(height);
  return true;
}

}  // namespace

Result<Sps> parse_sps(ByteSpan nal) {
  if (nal.size() < 5 || nal_type(nal[0]) != kSpsNal) return fail(ErrorCode::data, "not an H.264 SPS");
  BitReader bits(nal.subspan(1), BitReader::Escaped::yes);
  Sps sps;
  sps.profile_idc = static_cast<uint8_t>(bits.read(8));
  sps.constraints = static_cast<uint8_t>(bits.read(8));
  sps.level_idc = static_cast<uint8_t>(bits.read(8));
  sps.id = bits.ue();
  int frame_num_bits = 0;
  if (sps.id > 31 || (has_chroma_fields(sps.profile_idc) && !read_high_profile_fields(bits, sps)) ||
      !read_up_to(bits, 12, frame_num_bits))
    return fail(ErrorCode::data, "damaged H.264 SPS");
  sps.frame_num_bits = frame_num_bits + 4;
  skip_picture_order(bits);
  bits.ue();  // max_num_ref_frames
  bits.flag();
  if (bits.overrun() || !read_size(bits, sps)) return fail(ErrorCode::data, "damaged H.264 SPS");
  const bool has_vui = bits.flag();
  if (bits.overrun()) return fail(ErrorCode::data, "truncated H.264 SPS");
  if (has_vui) read_vui(bits, sps);  // some encoders cut the VUI short: what was read of it counts
  return sps;
}

Result<PpsIds> parse_pps(ByteSpan nal) {
  if (nal.size() < 2 || nal_type(nal[0]) != kPpsNal) return fail(ErrorCode::data, "not an H.264 PPS");
  BitReader bits(nal.subspan(1), BitReader::Escaped::yes);
  const PpsIds ids{bits.ue(), bits.ue()};
  if (bits.overrun() || ids.id > 255 || ids.sps_id > 31) return fail(ErrorCode::data, "damaged H.264 PPS");
  return ids;
}

std::optional<SliceHeader> parse_slice_header(ByteSpan nal) {
  if (nal.size() < 2) return std::nullopt;
  BitReader bits(nal.subspan(1, std::min<size_t>(nal.size() - 1, 15)), BitReader::Escaped::yes);
  SliceHeader header;
  header.first_mb = bits.ue();
  header.slice_type = bits.ue();
  header.pps_id = bits.ue();
  if (bits.overrun() || header.slice_type > 9 || header.pps_id > 255) return std::nullopt;
  return header;
}

Sei parse_sei(ByteSpan nal) {
  Sei result;
  if (nal.size() < 2) return result;
  for_each_sei(nal.subspan(1), [&](uint32_t type, ByteSpan payload) {
    BitReader bits(payload);
    if (type == 6) {
      const uint32_t frames = bits.ue();
      const bool exact = bits.flag();
      if (!bits.overrun() && frames == 0 && exact) result.recovery_point = true;
    } else if (type == 47) {
      result.orientation = read_display_orientation(bits);
    }
  });
  return result;
}

Bytes build_avcc(const ParameterSets& sps, const ParameterSets& pps) {
  const auto put_sets = [](Bytes& out, const ParameterSets& sets, size_t at_most) {
    for (const auto& [id, set] : sets) {
      if (at_most-- == 0) return;
      out.push_back(static_cast<uint8_t>(set.nal.size() >> 8));
      out.push_back(static_cast<uint8_t>(set.nal.size()));
      out.insert(out.end(), set.nal.begin(), set.nal.end());
    }
  };
  const Bytes& first = sps.begin()->second.nal;
  Bytes out = {1, first[1], first[2], first[3], 0xff};
  out.push_back(static_cast<uint8_t>(0xe0 | std::min<size_t>(sps.size(), 31)));
  put_sets(out, sps, 31);
  out.push_back(static_cast<uint8_t>(std::min<size_t>(pps.size(), 255)));
  put_sets(out, pps, 255);
  // The tail is for the high profiles alone (14496-15, 5.3.3.1.2).
  const uint8_t profile = first[1];
  if (profile == 100 || profile == 110 || profile == 122 || profile == 244 || profile == 44) {
    if (const auto parsed = parse_sps(first)) {
      out.push_back(static_cast<uint8_t>(0xfc | parsed->chroma_format_idc));
      out.push_back(static_cast<uint8_t>(0xf8 | (parsed->bit_depth_luma - 8)));
      out.push_back(static_cast<uint8_t>(0xf8 | (parsed->bit_depth_chroma - 8)));
      out.push_back(0);
    }
  }
  return out;
}

}  // namespace cbx::codec::h264

// H.264 headers (ITU-T H.264), as far as a recorder needs them.  NAL units are given without start code.
#pragma once

#include <optional>

#include "base/result.h"
#include "codec/nal.h"

namespace cbx::codec::h264 {

enum NalType : uint8_t {
  kSlice = 1,
  kPartitionA = 2,
  kIdrSlice = 5,
  kSei = 6,
  kSpsNal = 7,
  kPpsNal = 8,
  kAud = 9,
  kFiller = 12,
};

inline int nal_type(uint8_t first_byte) {
  return first_byte & 0x1f;
}
// Whether a NAL unit of this type, coming after the slices of a picture, begins the next access unit (7.4.1.2.3).
constexpr bool starts_access_unit(int type) {
  return (type >= kSei && type <= kAud) || (type >= 14 && type <= 18);
}
constexpr bool is_slice(int type) {
  return type == kSlice || type == kPartitionA || type == kIdrSlice;
}

struct Sps {
  uint32_t id = 0;
  uint8_t profile_idc = 0, constraints = 0, level_idc = 0;
  int chroma_format_idc = 1, bit_depth_luma = 8, bit_depth_chroma = 8;
  bool separate_colour_planes = false;
  int frame_num_bits = 4;
  bool frame_mbs_only = true;
  int max_reorder = -1;  // max_num_reorder_frames; -1 if not told
  VideoInfo video;
};
// Error `data` if it is not one, or one that no decoder takes (over 16384 pixels a side).
Result<Sps> parse_sps(ByteSpan nal);

struct PpsIds {
  uint32_t id = 0, sps_id = 0;
};
Result<PpsIds> parse_pps(ByteSpan nal);

struct SliceHeader {
  uint32_t first_mb = 0;
  uint32_t slice_type = 0;  // 0..9
  uint32_t pps_id = 0;
  bool intra() const { return slice_type % 5 == 2 || slice_type % 5 == 4; }
};
// nullopt if it is cut or damaged.  At most the first 16 bytes are looked at.
std::optional<SliceHeader> parse_slice_header(ByteSpan nal);

struct Sei {
  bool recovery_point = false;  // exact, at this very picture (recovery_frame_cnt 0, exact_match_flag 1)
  std::optional<Orientation> orientation;
};
Sei parse_sei(ByteSpan nal);

// The payload of avcC from all parameter sets, in the order of their ids.  `sps` must hold at least one.
Bytes build_avcc(const ParameterSets& sps, const ParameterSets& pps);

}  // namespace cbx::codec::h264

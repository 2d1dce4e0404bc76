// H.265 headers (ITU-T H.265), as far as a recorder needs them.  NAL units are given without start code.
#pragma once

#include <array>
#include <optional>

#include "base/result.h"
#include "codec/nal.h"

namespace cbx::codec::h265 {

enum NalType : uint8_t {
  kBlaFirst = 16,
  kBlaLast = 18,
  kIdrWithRadl = 19,
  kIdrNoLeading = 20,
  kCra = 21,
  kVpsNal = 32,
  kSpsNal = 33,
  kPpsNal = 34,
  kAud = 35,
  kFiller = 38,
  kPrefixSei = 39,
};

inline int nal_type(uint8_t first_byte) {
  return first_byte >> 1 & 0x3f;
}
// `nal` holds at least the two bytes of its header.
inline int layer_id(ByteSpan nal) {
  return (nal[0] & 1) << 5 | nal[1] >> 3;
}
// Whether a NAL unit of this type, coming after the slices of a picture, begins the next access unit (7.4.2.4.4).
constexpr bool starts_access_unit(int type) {
  return (type >= kVpsNal && type <= kAud) || type == kPrefixSei || (type >= 41 && type <= 44) ||
         (type >= 48 && type <= 55);
}
constexpr bool is_slice(int type) {
  return type < 32 && (type <= 9 || (type >= kBlaFirst && type <= kCra));
}
constexpr bool is_irap(int type) {
  return type >= kBlaFirst && type <= 23;
}
constexpr bool is_idr(int type) {
  return type == kIdrWithRadl || type == kIdrNoLeading;
}
constexpr bool is_recovery_point(int type) {
  return (type >= kBlaFirst && type <= kBlaLast) || type == kCra;
}

Result<uint32_t> parse_vps(ByteSpan nal);  // its id

struct Sps {
  uint32_t id = 0, vps_id = 0;
  int temporal_layers = 1;
  bool temporal_id_nested = false;
  std::array<uint8_t, 12> profile_tier_level{};  // general_profile_space … general_level_idc, as they are coded
  int chroma_format_idc = 1, bit_depth_luma = 8, bit_depth_chroma = 8;
  int max_reorder = 0;  // sps_max_num_reorder_pics of the highest layer
  VideoInfo video;
};
Result<Sps> parse_sps(ByteSpan nal);

struct PpsIds {
  uint32_t id = 0, sps_id = 0;
};
Result<PpsIds> parse_pps(ByteSpan nal);

struct SliceHeader {
  bool first_in_picture = false;
  uint32_t pps_id = 0;
};
std::optional<SliceHeader> parse_slice_header(ByteSpan nal);

// Of a prefix SEI NAL unit: the display orientation, if it has one.
std::optional<Orientation> parse_sei_orientation(ByteSpan nal);

// The payload of hvcC from all parameter sets, in the order of their ids; `active` is one of the SPSs.
Bytes build_hvcc(const ParameterSets& vps, const ParameterSets& sps, const ParameterSets& pps, const Sps& active);

}  // namespace cbx::codec::h265

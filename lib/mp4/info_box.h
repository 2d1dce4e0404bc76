// The uuid box of a segment file: a JSON object that tells the file's own story.
#pragma once

#include <array>

#include "mp4/hybrid_writer.h"

namespace cbx::mp4 {

// The extended type of the box.
inline constexpr std::array<uint8_t, 16> kInfoUuid = {0x63, 0x62, 0x78, 0x73, 0x65, 0x67, 0x4d, 0x1e,
                                                      0x9a, 0x57, 0xd0, 0x3c, 0x8e, 0x21, 0xf4, 0x6b};
inline constexpr uint64_t kInfoHeader = 24;
inline constexpr uint64_t kMaxInfoBox = 64 << 10;

// `codecs` by name, one a track: an esds does not tell MP2 from MP3.
struct InfoBox {
  FileInfo info;
  std::vector<std::string> codecs;
};

// The whole box; `file` names it in errors.
Bytes info_box(const FileInfo& info, std::span<const codec::TrackConfig> tracks);
Result<InfoBox> parse_info_json(ByteSpan json, const std::string& file);

}  // namespace cbx::mp4

// What a player is told of a file before it asks for any of its bytes: the names of its codecs, its init segment, and
// its groups.
#pragma once

#include <string>

#include "mp4/groups.h"

namespace cbx::mp4 {

// The `codecs` parameter of RFC 6381: "avc1.64001f" (ISO/IEC 14496-15, E.2), "hvc1.1.6.L93.90" (E.3), "mp4a.40.2",
// "mp4a.6B" (MPEG-1 audio, layer 2 or 3; 6381, 3.3), "ac-3", "ec-3", "opus".  A damaged decoder configuration gives the
// bare name of the sample entry.
std::string codecs_string(const codec::TrackConfig& track);
// Of all tracks, those of video first, with commas between them.
std::string codecs_string(std::span<const codec::TrackConfig> tracks);

// Tells init segments apart: the first 16 hex digits of the SHA-256 of its bytes.
std::string init_id(ByteSpan init_segment);

// All that a record has for playlists.
struct Description {
  std::string codecs, init;
  uint64_t media_offset = 0;  // of the first fragment
  std::vector<FileGroup> groups;
};
// Reads them from a recording or finished file whose presentation lasts `duration_ms`.
Result<Description> describe(File& file, int64_t duration_ms);

}  // namespace cbx::mp4

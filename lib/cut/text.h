// How a cut speaks of times and codecs, in file names, manifests and errors.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/time_range.h"
#include "codec/track.h"

namespace cbx::cut {

// "2026-11-20T17:01:00.000+09:00"
std::string local_time(WallMs t, UtcOffset offset);
// "2026-11-20T17:01:00.000+09:00..2026-11-20T17:02:00.000+09:00", as command lines take it.
std::string local_range(TimeRange range, UtcOffset offset);
// "cam01_2026-11-20_17-01-00_+0900.mp4": no character that a file system of Windows refuses.
std::string file_name_of(std::string_view device, WallMs from, UtcOffset offset);
// "H.264 1280x720", "AAC 48000 Hz"
std::string describe(const codec::TrackConfig& config);
std::string to_hex(ByteSpan bytes);

}  // namespace cbx::cut

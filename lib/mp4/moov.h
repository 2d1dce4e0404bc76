// The two moov boxes of a segment file: the hidden one, which starts the fragments, and the final one, which makes it
// an ordinary MP4.  Both are functions of their arguments alone.
#pragma once

#include <optional>
#include <vector>

#include "codec/track.h"
#include "mp4/sample_table.h"

namespace cbx::mp4 {

// Ticks per second of the movie: those of video, so that the empty edits which keep sound and picture together are
// exact to 11 µs.
inline constexpr int kMovieTimescale = 90000;

// The file's first box, of kFileTypeSize bytes: says no more than what holds both while recording and when finished.
Bytes file_type();
inline constexpr uint64_t kFileTypeSize = 36;

// The whole box.  Tracks without samples are left out.
Bytes final_moov(const std::vector<codec::TrackConfig>& tracks, const std::vector<SampleTable>& tables,
                 WallMs creation);

// Reads the configurations back from the payload of a hidden moov; nullopt when it is not one.  What the box does not
// tell is left at its default: frame rate, samples per frame, and MP2 reads as MP3 (both are MPEG audio there).
std::optional<std::vector<codec::TrackConfig>> parse_init_moov(ByteSpan payload);

}  // namespace cbx::mp4

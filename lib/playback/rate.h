// What the playlists of both kinds tell of a recording as a whole.
#pragma once

#include <string>
#include <vector>

#include "playback/timeline.h"

namespace cbx::playback {

// Bit/s: of all groups together, and of the busiest stretch of about a group.
struct BitRate {
  int64_t average = 0, peak = 0;
};
// `shortest_ms`: groups are taken together until they last so long.
BitRate bit_rate(std::span<const Piece> pieces, int64_t shortest_ms);
// The longest group.
int64_t longest_group_ms(std::span<const Piece> pieces);

// Width and height as a player shows them, turned.
struct Shown {
  int width = 0, height = 0;
};
Shown shown_size(const Piece& piece);

// Codecs of the tracks, apart: the part of "avc1.64001f,mp4a.40.2" that is video, the part that is not.
struct TrackCodecs {
  std::string video, audio;
};
TrackCodecs split_codecs(std::string_view codecs);

}  // namespace cbx::playback

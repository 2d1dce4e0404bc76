// Sample entries (ISO/IEC 14496-12, 8.5.2): what a stsd says of a track, and reading it back.
#pragma once

#include <array>
#include <optional>

#include "codec/track.h"
#include "mp4/box.h"

namespace cbx::mp4 {

void write_sample_entry(BoxWriter& w, const codec::TrackConfig& track);
// `entry` is the box; the sample rate is taken as given (an entry can't hold more than 65535 Hz).
std::optional<codec::TrackConfig> parse_sample_entry(const Box& entry, int sample_rate);

// Width and height for display before the turn, pixel aspect included, as 16.16.
struct DisplaySize {
  uint32_t width = 0, height = 0;
};
DisplaySize display_size(const codec::VideoInfo& video);
// The matrix of tkhd (8.3.2) that turns and mirrors the picture: {a b u c d v x y w}.
std::array<int32_t, 9> display_matrix(const codec::VideoInfo& video);
// Sets rotation and hflip from such a matrix; leaves others alone.
void apply_matrix(const std::array<int32_t, 9>& matrix, codec::VideoInfo& video);

}  // namespace cbx::mp4

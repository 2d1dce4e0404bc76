// The head of a cut: ftyp, moov and the header of the mdat.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cut/track_builder.h"

namespace cbx::cut {

struct Movie {
  std::vector<TrackBuilder> tracks;  // none is empty
  int64_t end = 0;                   // of the presentation, which begins at 0; 90 kHz
  uint64_t data_bytes = 0;           // of the media data
  WallMs creation{};
};

// Chunk offsets are counted from the file's begin in the result.  Error `data` when the tables don't fit.
Result<Bytes> movie_head(const Movie& movie);

}  // namespace cbx::cut

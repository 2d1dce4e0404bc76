// The samples of one recorded file: out of its final moov when it is finished, else out of its fragments.
#pragma once

#include <vector>

#include "base/file.h"
#include "codec/track.h"
#include "mp4/fragment.h"
#include "mp4/hybrid_writer.h"

namespace cbx::cut {

// Samples of one track that lie one after the other in the file.
struct SourceChunk {
  uint64_t offset = 0;
  uint32_t samples = 0;
};

// Composition offsets are those of the fragments: pts = dts + offset.
struct SourceTrack {
  codec::TrackConfig config;
  int64_t first_dts = 0;  // in the track's timescale, on the stream's own time line
  std::vector<mp4::FragmentSample> samples;
  std::vector<SourceChunk> chunks;
  bool video() const { return codec::is_video(config.codec); }
  int timescale() const { return codec::track_timescale(config); }
};

struct SourceTables {
  mp4::FileInfo info;  // info.pts lies at the instant of the file's start
  bool finished = false;
  uint64_t bytes = 0;               // of the file, as far as it counts
  std::vector<SourceTrack> tracks;  // those that hold something
};

// Error `data`, naming the file, when it is no segment file or its tables contradict each other or the file's size.
// Hostile content is expected.
Result<SourceTables> read_tables(File& file);

}  // namespace cbx::cut

// Puts the samples of one recorded file after the other behind each other on one time line.
//
// Files whose time stamps go on where those of the file before ended stay as they are, small holes included: a run.
// A run begins where all that came before has ended, sound and picture at one instant, whichever of them was longer:
// the shorter one's last sample lasts until then.  Each run is placed anew, so nothing adds up over a day.
#pragma once

#include <optional>
#include <vector>

#include "cut/candidates.h"
#include "cut/movie.h"

namespace cbx::cut {

// A stretch of a source's bytes; ends where the next one begins.
struct Extent {
  uint64_t at = 0;      // in the media data
  uint64_t offset = 0;  // in the source
  uint32_t source = 0;
};

// Not thread-safe.
class Joiner {
 public:
  // Why the file can't be in one track with what came before ("from H.264 1280x720 to H.265 1280x720"), "" if it can.
  // Until it is told otherwise, the joiner takes the first file's tracks for its own.
  std::string mismatch(const SourceTables& tables) const;
  // The same between any two files.
  static std::string mismatch(const SourceTables& a, const SourceTables& b);

  // `source` is its number in extents.  The tables must match.  Error `data` when there are too many samples.
  Status add(const Candidate& candidate, const SourceTables& tables, uint32_t source);
  void reserve(size_t video_samples, size_t audio_samples);

  // What was added; the joiner is empty afterwards.
  Movie take_movie(WallMs creation);
  std::vector<Extent> take_extents() { return std::move(extents_); }

 private:
  struct Picked {
    const SourceTrack* track = nullptr;
    TrackBuilder* builder = nullptr;
    size_t from = 0, to = 0;  // samples
    uint32_t entry = 0;
    int64_t shift = 0;  // from the file's time line to the cut's, in ticks of the track
    // While its chunks are walked:
    size_t next_chunk = 0, next_sample = 0;
    int64_t dts = 0;
  };

  bool goes_on(const Candidate& candidate, const SourceTables& tables, int64_t begin) const;
  void place(const Candidate& candidate, const SourceTables& tables, int64_t begin);
  void pick_samples(const Candidate& candidate, const SourceTables& tables, std::vector<Picked>& picked) const;
  TrackBuilder& builder_of(const SourceTrack& track);
  void add_chunk(Picked& picked, uint32_t source);
  void add_extent(uint64_t offset, uint64_t bytes, uint32_t source);

  std::optional<TrackBuilder> video_, audio_;
  std::vector<Extent> extents_;
  uint64_t data_bytes_ = 0, extent_end_ = 0;
  size_t room_video_ = 0, room_audio_ = 0;
  // The run that is being added to; 90 kHz.
  bool any_ = false;
  int64_t shift_ = 0;     // from the files' time line to the cut's
  int64_t run_end_ = 0;   // on the cut's
  int64_t file_end_ = 0;  // of the last file, on its own
  WallMs last_start_{};   // of the last file,
  int64_t last_pts_ = 0;  // and where that lies on its time line
  bool last_was_cut_ = false;
  std::optional<int64_t> limit_;  // the cut's end, once it is known
};

}  // namespace cbx::cut

// What the final moov must know of a track's samples, kept small: runs of equal durations and composition offsets,
// four bytes of size a sample, one row a fragment.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/track.h"
#include "mp4/fragment.h"

namespace cbx::mp4 {

class SampleTable {
 public:
  struct Run {
    uint32_t count = 0;
    uint32_t value = 0;  // a composition offset is stored as its two's complement
  };
  struct Chunk {
    uint64_t offset = 0;
    uint32_t samples = 0;
  };

  SampleTable(bool video, int timescale) : video_(video), timescale_(timescale) {}

  // Whether a fragment that starts at `tfdt` can follow: not before the end of the last one, and any hole can be
  // covered by a longer last sample.
  bool can_follow(int64_t tfdt) const;
  // Requires can_follow(tfdt).
  void add_fragment(uint64_t data_offset, int64_t tfdt, const std::vector<FragmentSample>& samples);
  // Room for the next fragment, so that adding it after a successful write needs no memory.
  void reserve(size_t samples);

  bool empty() const { return sizes_.empty(); }
  bool video() const { return video_; }
  int timescale() const { return timescale_; }
  int64_t first_dts() const { return first_dts_; }
  int64_t next_dts() const { return next_dts_; }  // the end of the last sample
  int64_t first_pts() const { return first_pts_; }
  int64_t end_pts() const { return end_pts_; }
  const std::vector<Run>& durations() const { return durations_; }
  const std::vector<Run>& offsets() const { return offsets_; }
  const std::vector<uint32_t>& sizes() const { return sizes_; }
  const std::vector<uint32_t>& sync_samples() const { return sync_; }  // numbers from 1; of video only
  const std::vector<Chunk>& chunks() const { return chunks_; }

 private:
  static void push(std::vector<Run>& runs, uint32_t value);
  void stretch_last(uint32_t by);

  bool video_;
  int timescale_;
  int64_t first_dts_ = 0, next_dts_ = 0;
  int64_t first_pts_ = 0, end_pts_ = 0;
  std::vector<Run> durations_, offsets_;
  std::vector<uint32_t> sizes_, sync_;
  std::vector<Chunk> chunks_;
};

// The presentation of all tracks together, in ticks of 90 kHz: from the first presented instant to the end of the
// longest track.
struct Presentation {
  int64_t begin = 0, end = 0;
};
Presentation presentation_of(const std::vector<SampleTable>& tables);
// Ticks of `from` per second as ticks of `to`, rounded to the nearest.
int64_t rescale(int64_t ticks, int from, int to);

}  // namespace cbx::mp4

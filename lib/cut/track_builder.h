// One track of a cut while it is put together out of many files: its tables, kept small.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "codec/track.h"
#include "mp4/fragment.h"

namespace cbx::cut {

// Times are ticks of the track on the cut's time line, on which 0 is where playback starts; what lies before it is
// there to be decoded only.
class TrackBuilder {
 public:
  struct Run {
    uint32_t count = 0;
    uint32_t value = 0;  // a composition offset is stored as its two's complement
  };
  struct Chunk {
    uint64_t offset = 0;  // from the first byte of the media data on
    uint32_t samples = 0;
    uint32_t entry = 0;  // of entries(), from 0
  };

  explicit TrackBuilder(const codec::TrackConfig& first) : timescale_(codec::track_timescale(first)) {
    entries_.push_back(first);
  }

  // The place of `config` among the entries, a new one if it is not there yet.
  uint32_t entry_of(const codec::TrackConfig& config);
  // Puts a sample behind the last one.  Its presentation time is kept whatever comes; to make decoding times grow, the
  // last sample is made longer or shorter, and if that is not enough, this one is decoded later and its offset smaller.
  void add(int64_t dts, const mp4::FragmentSample& sample);
  // The samples added since the last chunk lie at `offset`.
  void end_chunk(uint64_t offset, uint32_t entry);
  void reserve(size_t samples);

  bool empty() const { return count_ == 0; }
  bool video() const { return codec::is_video(entries_.front().codec); }
  int timescale() const { return timescale_; }
  const std::vector<codec::TrackConfig>& entries() const { return entries_; }
  uint32_t samples() const { return count_; }
  int64_t first_dts() const { return first_dts_; }
  int64_t next_dts() const { return last_dts_ + last_duration(); }
  int64_t first_pts() const { return first_pts_; }
  int64_t end_pts() const { return end_pts_; }
  // The earliest presentation time from 0 on; INT64_MAX if there is none.
  int64_t first_shown() const { return first_shown_; }
  const std::vector<Run>& durations() const { return durations_; }
  const std::vector<Run>& offsets() const { return offsets_; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  // As stsz and stss have them: big-endian.
  const Bytes& sizes() const { return sizes_; }
  const Bytes& sync_samples() const { return sync_; }

 private:
  uint32_t last_duration() const { return durations_.empty() ? 0 : durations_.back().value; }
  void set_last_duration(uint32_t value);

  int timescale_;
  std::vector<codec::TrackConfig> entries_;
  uint32_t count_ = 0, chunked_ = 0;
  int64_t first_dts_ = 0, last_dts_ = 0, first_pts_ = 0, end_pts_ = 0;
  int64_t first_shown_ = INT64_MAX;
  std::vector<Run> durations_, offsets_;
  std::vector<Chunk> chunks_;
  Bytes sizes_, sync_;
};

}  // namespace cbx::cut

// One stream's samples into segment files: when to begin, where to cut, which sample goes into which file.
//
// A file begins with a key frame and is cut at the first IDR at or after each boundary of the wall clock, by
// presentation time on all tracks.  A change of configuration, a jump of the time stamps or of the clock begins a new
// file.  See DESIGN §4 (cuts) and §5 (time).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "codec/track.h"
#include "segment/clock.h"
#include "segment/closer.h"
#include "segment/queue.h"
#include "segment/segment_file.h"
#include "segment/shared.h"
#include "ts/demuxer.h"

namespace cbx::segment {

// Not thread-safe; owned by the reader's thread.
class Recorder final : public ts::Handler {
 public:
  Recorder(const Shared& shared, Origin origin, std::unique_ptr<TimeMapper> mapper);
  ~Recorder() override;

  void on_layout(int tracks, bool has_video) override;
  void on_track(int track, const codec::TrackConfig& config) override;
  void on_sample(const codec::Sample& sample) override;
  void on_notice(const ts::Notice& notice) override;

  void set_rtt(Micros rtt) { rtt_ = rtt; }
  // Damage counted by the demuxer so far; the difference goes into each file's record.
  void set_lost(int64_t total) { lost_total_ = total; }
  // Call a few times a second: writes what a stalled stream has left in memory, closes the file of a dead one.
  void tick();
  // Ends the stream: finishes the open file with `end` as in SegmentRecord.  Nothing may follow.
  void end(const std::string& how);

  const std::string& device() const { return origin_.device; }
  // The stream cannot be recorded at all (its video is of a kind that is not carried).
  bool unsupported() const { return unsupported_; }
  bool recording() const { return file_ != nullptr; }
  // The latest failure to write.  A live recording goes on by itself when the disk takes it again; an import, which
  // can be done again, should not.
  const std::optional<Error>& disk_error() const { return disk_error_; }
  // The end of the last file on the wall clock; nullopt if there was none.
  std::optional<WallMs> recorded_until() const { return recorded_until_; }
  // For a status line: "recording", "waiting for a key frame", …
  std::string_view state() const;

 private:
  struct Track {
    std::shared_ptr<const codec::TrackConfig> config;
    SampleQueue queue;
    std::optional<Pts90k> last_dts;  // of the last queued sample, on the continuous time line
    Pts90k last_step = 0;
  };

  Track& video() { return tracks_[0]; }
  Track& audio() { return tracks_[1]; }
  bool expects_video() const;
  bool audio_flows() const;

  // Arrival side.
  void place_on_time_line(Track& track, const Track& other, const codec::Sample& sample);
  void jump(Pts90k by);
  // Writing side.
  void advance(bool flushing);
  void advance_video(bool flushing);
  void advance_audio_only(bool flushing);
  bool startable(const QueuedSample& s) const;
  bool ready_to_start() const;
  bool audio_has_reached(Pts90k pts) const;
  std::string cut_reason(const QueuedSample& s) const;
  bool past_boundary(const QueuedSample& s) const;
  bool suspect(const QueuedSample& s) const;
  bool may_begin_file();
  void report_disk_gap(WallTime until);
  void open(const QueuedSample& first);
  Result<std::unique_ptr<SegmentFile>> create_file(const QueuedSample& first);
  void release_audio(Pts90k before, bool all);
  // Ends the file where a write to it failed; false then.
  bool wrote(const Status& status);
  void finish(const std::string& how, Pts90k end_pts);
  void note_disk(const Error& error);

  const Shared& shared_;
  const Origin origin_;
  std::unique_ptr<TimeMapper> mapper_;
  Micros rtt_{0};

  bool announced_video_ = false, announced_audio_ = false;
  Track tracks_[2];  // video, audio

  Pts90k base_ = 0;           // continuous time line less stream time
  Pts90k previous_base_ = 0;  // for samples that still come from before a jump
  int jump_grace_ = 0;        // samples for which previous_base_ is still tried

  std::unique_ptr<SegmentFile> file_;
  WallTime boundary_{};  // where file_ is to be cut
  std::shared_ptr<std::atomic<uint64_t>> moov_bytes_ = std::make_shared<std::atomic<uint64_t>>(0);
  WallMs last_start_{std::chrono::hours{-24}};  // of no file yet: before any clock
  std::optional<WallMs> recorded_until_;
  std::optional<Pts90k> last_idr_;
  std::optional<Pts90k> audio_at_picture_;  // how far the sound was when the last picture came
  std::optional<Pts90k> waiting_since_;     // where on the time line waiting for a start began
  Pts90k written_until_ = 0;                // audio before this may be written
  AudioLine audio_line_;
  Monotonic last_data_{};
  int64_t lost_total_ = 0, lost_recorded_ = 0;
  bool unsupported_ = false;
  bool opened_before_ = false;
  std::optional<double> files_left_;  // that may begin now
  Monotonic files_counted_{};
  bool said_restless_ = false;
  Monotonic disk_retry_{};
  uint64_t sync_failures_ = 0;  // of the disk, when file_ was begun
  std::optional<Error> disk_error_;
  std::optional<WallTime> disk_gap_from_;
};

}  // namespace cbx::segment

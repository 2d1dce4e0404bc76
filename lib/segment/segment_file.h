// One segment file while it is being recorded: samples of the continuous time line in, fragments on the disk.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mp4/hybrid_writer.h"
#include "segment/closer.h"
#include "segment/queue.h"
#include "segment/shared.h"

namespace cbx::segment {

// The seamless line of audio frames.  90 kHz can't express most audio frame lengths: within a millisecond of where the
// frame before ended, frames follow each other exactly; what is further off is a hole or an overlap.  It outlives the
// file, so that sound is seamless from file to file, too.
class AudioLine {
 public:
  // Where in the file (ticks of its sample rate) a frame belongs that is stamped `at`; nullopt: it repeats what is
  // written already.  `base` is the file's.
  std::optional<int64_t> place(int64_t at, Pts90k base, int64_t tolerance);
  void wrote_until(int64_t end) { next_ = end; }

 private:
  std::optional<int64_t> next_;
  Pts90k base_ = 0;
};

// Not thread-safe.
class SegmentFile {
 public:
  struct Layout {
    std::shared_ptr<const codec::TrackConfig> video, audio;  // null without that track
  };

  struct Beginning {
    WallMs start{};
    bool opens = false;    // the first of a live connection
    uint64_t reserve = 0;  // as HybridWriter::create
    int descriptors = 0;
  };

  // Creates the file that begins with `first`, a millisecond later where its name is taken.  Fails with EMFILE when its
  // descriptor would not be below `descriptors`.
  static Result<std::unique_ptr<SegmentFile>> create(const Shared& shared, const Origin& origin, Layout layout,
                                                     const QueuedSample& first, const Beginning& beginning);

  const Layout& layout() const { return layout_; }
  WallMs start() const { return record_.start; }
  Pts90k base() const { return base_; }  // of its first sample: the file keeps the stream's own clock
  Pts90k first_pts() const { return first_pts_; }
  Pts90k end_pts() const { return end_pts_; }          // of what was added
  Pts90k flushed_pts() const { return flushed_pts_; }  // of what is in the file

  // Puts a picture into the open fragment; the fragment before it is written when `s` begins a new one.
  Status write_video(const QueuedSample& s, Pts90k next_dts);
  // `next` is the frame that follows, null if it is not known.
  Status write_audio(const QueuedSample& s, const QueuedSample* next, AudioLine& line);
  // Writes the open fragment.
  Status flush();
  // Throws the open fragment away.
  void drop_pending();

  // Hands the file over to be finished; false if nothing of it is on the disk, then it is removed.  `moov_bytes` (may
  // be null) is told the size of the moov.
  static bool finish(std::unique_ptr<SegmentFile> file, const Shared& shared, const std::string& how, Pts90k end_pts,
                     int64_t lost, std::shared_ptr<std::atomic<uint64_t>> moov_bytes, bool staggered,
                     WallMs& recorded_until);

 private:
  SegmentFile() = default;
  bool fragment_is_full() const;

  std::unique_ptr<File> file_;
  std::unique_ptr<mp4::HybridWriter> writer_;
  SegmentRecord record_;
  Layout layout_;
  int audio_track_ = 0;
  Pts90k base_ = 0, first_pts_ = 0, fragment_from_ = 0, end_pts_ = 0, flushed_pts_ = 0;
  std::optional<int64_t> sound_from_;  // where the open fragment's sound begins, in its ticks
  bool flushed_ = false;
  int64_t frames_ = 0, pending_frames_ = 0;  // pictures in the file and in the open fragment
};

}  // namespace cbx::segment

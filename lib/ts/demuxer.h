// Push demuxer for MPEG-2 transport streams (ISO/IEC 13818-1): bytes in, Samples out, no thread, no I/O, no clock.
//
// It takes any chunking, 188- and 192-byte packets (m2ts), finds sync again after rubbish, survives anything, and
// bounds its memory whatever the input is.  One program is followed: the first one of the PAT that has a video stream
// which can be carried, else the first with audio; its first video and its first audio stream become tracks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/track.h"

namespace cbx::ts {

// What a demuxer has to say about its input; each cause is said once per stream of it.
struct Notice {
  enum class Kind {
    left_out,     // a stream that is not recorded (data, subtitles, a second audio); the rest goes on
    unsupported,  // the video cannot be carried (MPEG-2, VVC, scrambled): nothing of this input can be recorded
    damaged,      // rubbish was skipped (first time only; Stats count)
    changed,      // the program's layout changed
  };
  Kind kind;
  std::string text;  // for the operator: "'MPEG-2 video' on PID 0x100 cannot be carried in MP4 here"
};

// Receives what comes out, during push() and flush().
class Handler {
 public:
  virtual ~Handler() = default;
  // The layout of the followed program: how many tracks it announces (0, 1 or 2).  Track numbers count from 0, video
  // first.  Called when first known and when it changes (then on_track follows again for every track).
  virtual void on_layout(int tracks, bool has_video) = 0;
  // The configuration of a track became known or changed; samples that follow use it.
  virtual void on_track(int track, const codec::TrackConfig& config) = 0;
  virtual void on_sample(const codec::Sample& sample) = 0;
  virtual void on_notice(const Notice& notice) = 0;
};

struct Stats {
  uint64_t packets = 0;
  uint64_t lost_packets = 0;     // by continuity counter (at least; up to 15 are told apart)
  uint64_t error_packets = 0;    // transport_error_indicator
  uint64_t skipped_bytes = 0;    // rubbish between packets
  uint64_t crc_errors = 0;       // PSI sections
  uint64_t damaged_samples = 0;
};

class Demuxer {
 public:
  explicit Demuxer(Handler& handler);
  ~Demuxer();
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  // `arrival` is handed on in Sample::arrival.
  void push(ByteSpan data, WallTime arrival);
  // The sender gave up something before the next byte: what is being assembled is damaged.
  void mark_loss();
  // The end of the input: hands out what is complete.
  void flush();
  const Stats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::ts

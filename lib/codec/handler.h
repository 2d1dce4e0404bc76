// Where a demuxer puts what it finds: the same for transport streams and for imported containers.
#pragma once

#include <string>

#include "codec/track.h"

namespace cbx::codec {

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

// Receives what comes out, on the thread that feeds the demuxer.
class Handler {
 public:
  virtual ~Handler() = default;
  // The layout of what is followed: how many tracks it announces (0, 1 or 2).  Track numbers count from 0, video
  // first.  Called when first known and when it changes (then on_track follows again for every track).
  virtual void on_layout(int tracks, bool has_video) = 0;
  // The configuration of a track became known or changed; samples that follow use it.
  virtual void on_track(int track, const TrackConfig& config) = 0;
  virtual void on_sample(const Sample& sample) = 0;
  virtual void on_notice(const Notice& notice) = 0;
};

}  // namespace cbx::codec

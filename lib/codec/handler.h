// What takes in the samples of a demuxer that reads files: the counterpart of ts::Handler for every other container.
#pragma once

#include <string>

#include "codec/track.h"

namespace cbx::codec {

// What a demuxer has to say about its input; each cause is said once.
struct Notice {
  enum class Kind {
    left_out,     // a stream that is not recorded (data, subtitles, a second audio); the rest goes on
    unsupported,  // the video cannot be carried (MPEG-2, MJPEG): nothing of this input can be recorded
    damaged,      // something could not be read; what follows may be missing
    changed,      // the parameters of a track changed
  };
  Kind kind;
  std::string text;  // for the operator: "'mpeg2video' video cannot be carried in MP4 here"
};

// Receives what comes out, during the demuxer's calls.
class Handler {
 public:
  virtual ~Handler() = default;
  // How many tracks there are.  Track numbers count from 0, video first.
  virtual void on_layout(int tracks, bool has_video) = 0;
  // The configuration of a track became known or changed; samples that follow use it.
  virtual void on_track(int track, const TrackConfig& config) = 0;
  virtual void on_sample(const Sample& sample) = 0;
  virtual void on_notice(const Notice& notice) = 0;
};

}  // namespace cbx::codec

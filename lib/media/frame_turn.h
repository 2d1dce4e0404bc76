// Decoded pictures: making and turning them.  Private to lib/media.
#pragma once

#include "media/av.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace cbx::media {

struct FreeFrame {
  void operator()(AVFrame* f) const { av_frame_free(&f); }
};
using Frame = std::unique_ptr<AVFrame, FreeFrame>;
inline Frame make_frame() {
  return Frame(av_frame_alloc());
}

// Of YUVJ420P, with even sides.
Result<Frame> make_picture(int width, int height);
// Turned clockwise by 0, 90, 180 or 270 degrees, and mirrored horizontally after that.
Result<Frame> turn(const AVFrame& from, int degrees, bool hflip);

}  // namespace cbx::media

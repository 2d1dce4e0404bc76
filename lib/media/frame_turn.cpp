#include "media/frame_turn.h"

namespace cbx::media {

Result<Frame> make_picture(int width, int height) {
  Frame frame = make_frame();
  if (!frame) return fail(ErrorCode::internal, "no memory for a picture");
  frame->format = AV_PIX_FMT_YUVJ420P;
  frame->color_range = AVCOL_RANGE_JPEG;
  frame->width = width;
  frame->height = height;
  if (av_frame_get_buffer(frame.get(), 0) < 0) return fail(ErrorCode::internal, "no memory for a picture");
  return frame;
}

Result<Frame> turn(const AVFrame& from, int degrees, bool hflip) {
  const bool lies = degrees % 180 != 0;
  CBX_ASSIGN(Frame to, make_picture(lies ? from.height : from.width, lies ? from.width : from.height));
  for (int plane = 0; plane < 3; plane++) {
    const int shift = plane == 0 ? 0 : 1;
    const int width = to->width >> shift, height = to->height >> shift;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        const int u = hflip ? width - 1 - x : x;
        // Where the pixel (u, y) of the turned picture was.
        int sx = u, sy = y;
        if (degrees == 90) sx = y, sy = width - 1 - u;
        if (degrees == 180) sx = width - 1 - u, sy = height - 1 - y;
        if (degrees == 270) sx = height - 1 - y, sy = u;
        to->data[plane][y * to->linesize[plane] + x] = from.data[plane][sy * from.linesize[plane] + sx];
      }
    }
  }
  return to;
}

}  // namespace cbx::media

#include "media/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "media/av.h"
#include "media/frame_turn.h"
#include "mp4/key_frames.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

namespace cbx::media {
namespace {

constexpr int kWidest = 8192;
// Of the scale 2 (best) to 31: what differs from the recording shows only when looked at closely.
constexpr int kQuality = 4;
// A damaged key frame may be followed by others: how many are tried.
constexpr int kTries = 3;

struct FreeContext {
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
};
using Context = std::unique_ptr<AVCodecContext, FreeContext>;
struct FreeScaler {
  void operator()(SwsContext* s) const { sws_freeContext(s); }
};

tl::unexpected<Error> av_fail(std::string_view what, int error) {
  return fail(ErrorCode::data, fmt::format("{}: {}", what, av_message(error)));
}
tl::unexpected<Error> no_memory() {
  return fail(ErrorCode::internal, "no memory for a picture");
}

Result<Context> open_decoder(const codec::TrackConfig& config) {
  const AVCodec* codec = avcodec_find_decoder(config.codec == codec::Codec::h264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC);
  if (!codec)
    return fail(ErrorCode::unavailable, fmt::format("this libavcodec cannot decode {}", codec_name(config.codec)));
  Context context(avcodec_alloc_context3(codec));
  if (!context) return no_memory();
  context->thread_count = 1;
  context->max_pixels = int64_t{kWidest} * kWidest;
  context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;  // a stream of intra refresh has no picture that is whole
  context->extradata = static_cast<uint8_t*>(av_mallocz(config.decoder_config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (!context->extradata) return no_memory();
  std::ranges::copy(config.decoder_config, context->extradata);
  context->extradata_size = static_cast<int>(config.decoder_config.size());
  if (const int error = avcodec_open2(context.get(), codec, nullptr); error < 0)
    return av_fail("the decoder's configuration is wrong", error);
  return context;
}

Result<Frame> decode(const codec::TrackConfig& config, ByteSpan data) {
  CBX_ASSIGN(const Context context, open_decoder(config));
  const Packet packet = make_packet();
  Frame frame = make_frame();
  if (!packet || !frame || av_new_packet(packet.get(), static_cast<int>(data.size())) < 0) return no_memory();
  std::memcpy(packet->data, data.data(), data.size());
  packet->flags = AV_PKT_FLAG_KEY;
  int error = avcodec_send_packet(context.get(), packet.get());
  if (error >= 0) error = avcodec_send_packet(context.get(), nullptr);  // it would wait for what is shown before
  if (error >= 0) error = avcodec_receive_frame(context.get(), frame.get());
  if (error < 0) return av_fail("the key frame cannot be decoded", error);
  if (frame->width < 1 || frame->height < 1 || frame->width > kWidest || frame->height > kWidest)
    return fail(ErrorCode::data, fmt::format("a picture of {} × {} pixels", frame->width, frame->height));
  return frame;
}

// What is asked for, before the picture is turned upright.
struct Size {
  int width = 0, height = 0;
};
Size target_size(const AVFrame& frame, const codec::VideoInfo& video, int most) {
  // Square pixels: what is missing of one side is made up on the other, never added to both.
  double w = frame.width, h = frame.height;
  const double par = static_cast<double>(std::max(video.par_num, 1)) / std::max(video.par_den, 1);
  if (par > 1 && par <= 8) w *= par;
  if (par < 1 && par >= 0.125) h /= par;
  const double upright_width = video.rotation % 180 == 0 ? w : h;
  const double scale = most > 0 ? std::min(1.0, most / upright_width) : 1.0;
  // Chroma is halved: even sides need no rounding there.
  const auto even = [&](double side) { return std::clamp(static_cast<int>(side * scale / 2 + 0.5) * 2, 2, kWidest); };
  return {even(w), even(h)};
}

// To the colours of JFIF: BT.601, full range.
void set_colours(SwsContext* scaler, const AVFrame& frame) {
  const bool full = frame.color_range == AVCOL_RANGE_JPEG;
  const bool known = frame.colorspace != AVCOL_SPC_UNSPECIFIED && frame.colorspace != AVCOL_SPC_RGB;
  // As players guess it: what says nothing is BT.709 from 720 lines on.
  const int space = known ? frame.colorspace : frame.height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
  sws_setColorspaceDetails(scaler, sws_getCoefficients(space), full ? 1 : 0, sws_getCoefficients(SWS_CS_ITU601), 1, 0,
                           1 << 16, 1 << 16);
}

Result<Frame> scale(const AVFrame& from, Size size) {
  const std::unique_ptr<SwsContext, FreeScaler> scaler(
      sws_getContext(from.width, from.height, static_cast<AVPixelFormat>(from.format), size.width, size.height,
                     AV_PIX_FMT_YUVJ420P, SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT, nullptr, nullptr, nullptr));
  if (!scaler) return fail(ErrorCode::data, "a pixel format that cannot be converted");
  set_colours(scaler.get(), from);
  CBX_ASSIGN(Frame to, make_picture(size.width, size.height));
  const int lines = sws_scale(scaler.get(), from.data, from.linesize, 0, from.height, to->data, to->linesize);
  if (lines != size.height) return fail(ErrorCode::data, "a picture that cannot be scaled");
  return to;
}

Result<Bytes> encode(AVFrame& frame) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (!codec) return fail(ErrorCode::unavailable, "this libavcodec cannot encode JPEG");
  const Context context(avcodec_alloc_context3(codec));
  const Packet packet = make_packet();
  if (!context || !packet) return no_memory();
  context->width = frame.width;
  context->height = frame.height;
  context->pix_fmt = AV_PIX_FMT_YUVJ420P;
  context->color_range = AVCOL_RANGE_JPEG;
  context->time_base = {1, 1};
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
  context->global_quality = FF_QP2LAMBDA * kQuality;
  frame.quality = context->global_quality;
  frame.pts = 0;
  int error = avcodec_open2(context.get(), codec, nullptr);
  if (error >= 0) error = avcodec_send_frame(context.get(), &frame);
  if (error >= 0) error = avcodec_send_frame(context.get(), nullptr);
  if (error >= 0) error = avcodec_receive_packet(context.get(), packet.get());
  if (error < 0) return av_fail("the picture cannot be encoded", error);
  return Bytes(packet->data, packet->data + packet->size);
}

Result<Picture> make(File& file, const mp4::KeyFrames& keys, const mp4::KeyFrame& key, int width) {
  CBX_ASSIGN(const Bytes coded, mp4::read_key_frame(file, key));
  CBX_ASSIGN(const Frame decoded, decode(keys.config, coded));
  const codec::VideoInfo& video = keys.config.video;
  CBX_ASSIGN(const Frame scaled, scale(*decoded, target_size(*decoded, video, width)));
  CBX_ASSIGN(const Frame upright, turn(*scaled, video.rotation, video.hflip));
  Picture picture;
  CBX_ASSIGN(picture.jpeg, encode(*upright));
  picture.width = upright->width;
  picture.height = upright->height;
  picture.time = key.time;
  picture.end = keys.end;
  return picture;
}

}  // namespace

Result<Picture> take_picture(File& file, const PictureWanted& wanted) {
  silence_libav();
  CBX_ASSIGN(const mp4::KeyFrames keys, mp4::read_key_frames(file));
  const mp4::KeyFrame* key = wanted.at ? &mp4::key_frame_at(keys, *wanted.at) : &keys.frames.back();
  Result<Picture> picture = make(file, keys, *key, wanted.width);
  for (int tries = 1; !picture && picture.error().code() == ErrorCode::data && tries < kTries; tries++) {
    if (key == keys.frames.data()) break;
    picture = make(file, keys, *--key, wanted.width);
  }
  return picture;
}

}  // namespace cbx::media

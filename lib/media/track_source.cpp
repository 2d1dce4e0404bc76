#include "media/track_source.h"

#include <fmt/format.h>

#include <algorithm>

namespace cbx::media {
namespace {

using codec::Codec;

constexpr int kMaxSide = 16384;

std::string_view config_box_name(Codec c) {
  switch (c) {
    case Codec::h264:
      return "avcC";
    case Codec::h265:
      return "hvcC";
    case Codec::ac3:
      return "dac3";
    case Codec::eac3:
      return "dec3";
    case Codec::opus:
      return "dOps";
    default:
      return {};
  }
}

// The payload of the first box of that name whose size fits.
std::optional<ByteSpan> box_payload(ByteSpan data, std::string_view name) {
  const std::string_view text = as_string(data);
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at < 4) continue;
    const uint32_t size = read_be32(data.data() + at - 4);
    if (size > 8 && size <= data.size() - (at - 4)) return data.subspan(at + 4, size - 8);
  }
  return std::nullopt;
}

struct DynamicBuffer {
  AVIOContext* io = nullptr;
  uint8_t* data = nullptr;
  int size = 0;
  DynamicBuffer() { (void)avio_open_dyn_buf(&io); }
  ~DynamicBuffer() {
    close();
    av_free(data);
  }
  void close() {
    if (io) size = avio_close_dyn_buf(io, &data);
    io = nullptr;
  }
};

struct FreeContext {
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
};
struct CloseParser {
  void operator()(AVCodecParserContext* p) const { av_parser_close(p); }
};

// A code point of ISO/IEC 23091-2 as a byte, or 2 (unspecified).
int code_point(int v, int least) {
  return v >= least && v < 256 ? v : 2;
}

void set_orientation(const int32_t* m, codec::VideoInfo& v) {
  const auto sign = [](int32_t x) { return x > 0 ? 1 : x < 0 ? -1 : 0; };
  int a = sign(m[0]), c = sign(m[3]);
  const int b = sign(m[1]), d = sign(m[4]);
  // Turned pictures keep the sign of (a, d) or of -(b, c); mirrored ones don't.
  v.hflip = a * d - b * c < 0;
  if (v.hflip) a = -a, c = -c;
  if (a > 0 && d > 0) v.rotation = 0;
  if (b > 0 && c < 0) v.rotation = 90;
  if (a < 0 && d < 0) v.rotation = 180;
  if (b < 0 && c > 0) v.rotation = 270;
}

int opus_frame_samples(ByteSpan packet) {
  if (packet.empty()) return 0;
  const int config = packet[0] >> 3;
  static constexpr int kSilk[] = {480, 960, 1920, 2880};
  const int frame = config < 12 ? kSilk[config & 3] : config < 16 ? (config & 1 ? 960 : 480) : 120 << (config & 3);
  const int code = packet[0] & 3;
  const int count = code == 0 ? 1 : code < 3 ? 2 : packet.size() > 1 ? packet[1] & 0x3f : 0;
  return frame * count;
}

}  // namespace

std::optional<Codec> carried_codec(AVCodecID id) {
  switch (id) {
    case AV_CODEC_ID_H264:
      return Codec::h264;
    case AV_CODEC_ID_HEVC:
      return Codec::h265;
    case AV_CODEC_ID_AAC:
      return Codec::aac;
    case AV_CODEC_ID_MP2:
      return Codec::mp2;
    case AV_CODEC_ID_MP3:
      return Codec::mp3;
    case AV_CODEC_ID_AC3:
      return Codec::ac3;
    case AV_CODEC_ID_EAC3:
      return Codec::eac3;
    case AV_CODEC_ID_OPUS:
      return Codec::opus;
    default:
      return std::nullopt;
  }
}

Parameters copy_parameters(const AVCodecParameters* from) {
  Parameters par(avcodec_parameters_alloc());
  if (par && avcodec_parameters_copy(par.get(), from) < 0) par.reset();
  return par;
}

bool set_extradata(AVCodecParameters* par, ByteSpan extradata) {
  av_freep(&par->extradata);
  par->extradata_size = 0;
  par->extradata = static_cast<uint8_t*>(av_mallocz(extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (!par->extradata) return false;
  std::copy(extradata.begin(), extradata.end(), par->extradata);
  par->extradata_size = static_cast<int>(extradata.size());
  return true;
}

void complete_parameters(AVCodecParameters* par, const AVPacket* packet) {
  const bool picture = par->codec_type == AVMEDIA_TYPE_VIDEO;
  if (picture ? par->width > 0 && par->height > 0 : par->sample_rate > 0 && par->ch_layout.nb_channels > 0) return;
  const std::unique_ptr<AVCodecContext, FreeContext> context(avcodec_alloc_context3(nullptr));
  const std::unique_ptr<AVCodecParserContext, CloseParser> parser(av_parser_init(par->codec_id));
  if (!context || !parser || avcodec_parameters_to_context(context.get(), par) < 0) return;
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  uint8_t* out = nullptr;
  int out_size = 0;
  (void)av_parser_parse2(parser.get(), context.get(), &out, &out_size, packet->data, packet->size, AV_NOPTS_VALUE,
                         AV_NOPTS_VALUE, 0);
  if (picture) {
    par->width = parser->width;
    par->height = parser->height;
  } else {
    if (context->sample_rate > 0) par->sample_rate = context->sample_rate;
    if (context->ch_layout.nb_channels > 0) (void)av_channel_layout_copy(&par->ch_layout, &context->ch_layout);
    if (par->bit_rate <= 0) par->bit_rate = context->bit_rate;
  }
}

AacConfig parse_aac_config(ByteSpan config) {
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) bits = bits << 8 | (i < config.size() ? config[i] : 0);
  int at = 64;
  const auto take = [&](int n) {
    at -= n;
    return static_cast<int>(bits >> at & ((1u << n) - 1));
  };
  const auto object_type = [&] {
    const int t = take(5);
    return t == 31 ? 32 + take(6) : t;
  };
  const auto frequency = [&] {
    static constexpr int kRates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050,
                                     16000, 12000, 11025, 8000,  7350,  0,     0};
    const int index = take(4);
    return index == 15 ? take(24) : kRates[index];
  };
  AacConfig c;
  const int type = object_type();
  c.sample_rate = frequency();
  const int channels = take(4);
  static constexpr int kChannels[16] = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0};
  c.channels = kChannels[channels];
  const bool sbr = type == 5 || type == 29;
  int core_rate = c.sample_rate;
  if (sbr) {
    c.sample_rate = frequency();
    object_type();
  }
  if (type == 29 && c.channels == 1) c.channels = 2;  // parametric stereo
  c.frame_samples = take(1) ? 960 : 1024;
  if (core_rate > 0 && c.sample_rate == 2 * core_rate) c.frame_samples *= 2;
  return c;
}

codec::VideoInfo video_info(const AVStream* stream, const AVCodecParameters* par) {
  codec::VideoInfo v;
  v.width = std::clamp(par->width, 0, kMaxSide);
  v.height = std::clamp(par->height, 0, kMaxSide);
  AVRational aspect = stream->sample_aspect_ratio.num > 0 ? stream->sample_aspect_ratio : par->sample_aspect_ratio;
  if (aspect.num > 0 && aspect.den > 0) {
    av_reduce(&aspect.num, &aspect.den, aspect.num, aspect.den, 0xffff);
    v.par_num = std::max(1, aspect.num);
    v.par_den = std::max(1, aspect.den);
  }
  const AVRational rate = stream->avg_frame_rate.num > 0 ? stream->avg_frame_rate : stream->r_frame_rate;
  v.frame_rate_num = rate.num > 0 && rate.den > 0 ? rate.num : 0;
  v.frame_rate_den = v.frame_rate_num > 0 ? rate.den : 1;
  v.colour_primaries = code_point(par->color_primaries, 1);
  v.transfer = code_point(par->color_trc, 1);
  v.matrix = code_point(par->color_space, 0);
  v.full_range = par->color_range == AVCOL_RANGE_JPEG;
  if (const int32_t* m = display_matrix_of(stream)) set_orientation(m, v);
  return v;
}

int nal_length_size(Codec codec, ByteSpan extradata) {
  const size_t at = codec == Codec::h264 ? 4 : 21;
  const size_t least = codec == Codec::h264 ? 7 : 23;
  if (extradata.size() < least || extradata[0] != 1) return 0;
  return (extradata[at] & 3) + 1;
}

bool has_parameter_sets(Codec codec, ByteSpan config) {
  if (codec == Codec::h264) return config.size() >= 7 && (config[5] & 0x1f) > 0;
  // Arrays of VPS, SPS and PPS (8.3.3.1); one whole set is what a decoder needs.
  if (config.size() < 23) return false;
  size_t at = 23;
  unsigned seen = 0;
  for (int arrays = config[22]; arrays > 0 && at + 3 <= config.size(); --arrays) {
    const int type = config[at] & 0x3f;
    const int count = read_be16(&config[at + 1]);
    at += 3;
    for (int i = 0; i < count && at + 2 <= config.size(); ++i) at += 2 + size_t{read_be16(&config[at])};
    if (count > 0 && at <= config.size() && type >= 32 && type <= 34) seen |= 1u << (type - 32);
  }
  return seen == 7;
}

Bytes with_long_lengths(Codec codec, ByteSpan config) {
  Bytes out(config.begin(), config.end());
  out[codec == Codec::h264 ? 4 : 21] |= 3;
  return out;
}

Result<Bytes> configuration_box(Codec codec, const AVCodecParameters* par, const AVPacket* first) {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::data,
                fmt::format("no usable configuration of {} in the stream: {}", codec::codec_name(codec), why));
  };
  AVFormatContext* raw = nullptr;
  if (avformat_alloc_output_context2(&raw, nullptr, "mp4", nullptr) < 0) return refused("no MP4 muxer");
  const Output output(raw);
  DynamicBuffer buffer;
  AVStream* stream = avformat_new_stream(raw, nullptr);
  if (!stream || !buffer.io || avcodec_parameters_copy(stream->codecpar, par) < 0) return refused("no memory");
  stream->codecpar->codec_tag = 0;
  stream->time_base = {1, par->sample_rate > 0 ? par->sample_rate : 90000};
  raw->pb = buffer.io;
  raw->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", first ? "empty_moov+delay_moov+frag_custom" : "empty_moov+frag_custom", 0);
  int r = avformat_write_header(raw, &options);
  av_dict_free(&options);
  if (r >= 0 && first) {
    const Packet packet(av_packet_clone(first));
    if (packet) {
      packet->stream_index = 0;
      packet->dts = packet->pts = 0;
      packet->duration = 1;
      r = av_write_frame(raw, packet.get());
      if (r >= 0) r = av_write_frame(raw, nullptr);
    }
  }
  if (r >= 0) (void)av_write_trailer(raw);
  raw->pb = nullptr;
  buffer.close();
  if (r < 0) return refused(av_message(r));
  const auto payload =
      box_payload(ByteSpan(buffer.data, static_cast<size_t>(std::max(0, buffer.size))), config_box_name(codec));
  if (!payload) return refused("not told");
  return Bytes(payload->begin(), payload->end());
}

int samples_per_frame(const codec::TrackConfig& config, ByteSpan packet) {
  switch (config.codec) {
    case Codec::aac:
      return parse_aac_config(config.decoder_config).frame_samples;
    case Codec::mp2:
      return 1152;
    case Codec::mp3:
      return config.audio.sample_rate < 32000 ? 576 : 1152;
    case Codec::opus:
      return opus_frame_samples(packet);
    case Codec::ac3:
      return 1536;
    case Codec::eac3: {
      // numblkscod (ETSI TS 102 366, E.1.2.2); 3 and the reduced rates mean six blocks.
      if (packet.size() < 5) return 1536;
      static constexpr int kBlocks[] = {1, 2, 3, 6};
      return (packet[4] >> 6) == 3 ? 1536 : 256 * kBlocks[packet[4] >> 4 & 3];
    }
    default:
      return 0;
  }
}

}  // namespace cbx::media

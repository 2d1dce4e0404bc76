#include "media/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "media/av.h"
#include "media/track_source.h"

namespace cbx::media {
namespace {

constexpr int kOutBuffer = 32 << 10;
constexpr int64_t kProbeBytes = 2 << 20;
constexpr int64_t kAnalyzeMicros = 1'500'000;
constexpr int kMaxStreams = 64;
constexpr int64_t kReorderMicros = 500'000;  // of UDP packets, where RTSP goes by UDP

struct Scheme {
  std::string_view name;
  const char* protocols;
  const char* demuxers;
};
constexpr const char* kRtspProtocols = "rtp,srtp,udp,tcp,tls";
constexpr const char* kRtmpProtocols = "rtmp,rtmps,tcp,tls";
constexpr const char* kHttpProtocols = "http,https,tcp,tls,crypto";
constexpr const char* kHttpDemuxers = "hls,mpegts,flv,mov,matroska,aac,mp3,ac3,eac3";
constexpr Scheme kSchemes[] = {
    {"rtsp", kRtspProtocols, "rtsp,sdp"},     {"rtsps", kRtspProtocols, "rtsp,sdp"},
    {"rtmp", kRtmpProtocols, "flv,live_flv"}, {"rtmps", kRtmpProtocols, "flv,live_flv"},
    {"http", kHttpProtocols, kHttpDemuxers},  {"https", kHttpProtocols, kHttpDemuxers},
};

std::string_view scheme_of(std::string_view url) {
  const size_t end = url.find("://");
  return end == std::string_view::npos ? std::string_view() : url.substr(0, end);
}

const Scheme* find_scheme(std::string_view url) {
  const std::string_view name = scheme_of(url);
  const auto* it =
      std::find_if(std::begin(kSchemes), std::end(kSchemes), [&](const Scheme& s) { return s.name == name; });
  return it == std::end(kSchemes) ? nullptr : it;
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
using WriteBuffer = const uint8_t*;
#else
using WriteBuffer = uint8_t*;
#endif

}  // namespace

struct Puller::Impl {
  PullOptions options;
  std::string place;  // public_url
  Monotonic deadline{};
  bool stopped = false, late = false;
  Input input;
  Packet packet = make_packet();
  std::vector<std::string> notices;

  struct Stream {
    int input = 0;
    std::optional<int64_t> last_dts;
  };
  std::vector<Stream> streams;

  const std::function<Status(ByteSpan)>* write = nullptr;
  std::optional<Error> write_error;
  uint64_t bytes = 0;

  static int interrupt(void* opaque);
  static int write_out(void* opaque, WriteBuffer data, int size);
  void arm(Millis timeout) { deadline = std::chrono::steady_clock::now() + timeout; }
  Error open_error(int r) const;
  Status connect(const std::string& url, const Scheme& scheme);
  Status choose_streams();
  Status open_output(Output& output, Io& io);
  void prepare(Stream& stream, const AVStream* from, const AVStream* to);
  PullEnd end(std::string cause, std::string detail) const { return {std::move(cause), std::move(detail), bytes}; }
  PullEnd copy(AVFormatContext* output);
};

int Puller::Impl::interrupt(void* opaque) {
  auto* self = static_cast<Impl*>(opaque);
  if (self->options.stop && self->options.stop()) self->stopped = true;
  if (std::chrono::steady_clock::now() > self->deadline) self->late = true;
  return self->stopped || self->late;
}

int Puller::Impl::write_out(void* opaque, WriteBuffer data, int size) {
  auto* self = static_cast<Impl*>(opaque);
  if (self->write_error) return AVERROR(EPIPE);
  if (Status s = (*self->write)(ByteSpan(data, static_cast<size_t>(size))); !s) {
    self->write_error = std::move(s).error();
    return AVERROR(EPIPE);
  }
  self->bytes += static_cast<uint64_t>(size);
  return size;
}

Error Puller::Impl::open_error(int r) const {
  ErrorCode code = ErrorCode::unavailable;
  std::string why = av_message(r);
  if (stopped) {
    code = ErrorCode::try_again;
    why = "told to stop";
  } else if (late) {
    why = "timed out";
  } else if (r == AVERROR_HTTP_UNAUTHORIZED || r == AVERROR_HTTP_FORBIDDEN) {
    code = ErrorCode::permission;
  } else if (r == AVERROR_HTTP_NOT_FOUND || r == AVERROR_STREAM_NOT_FOUND) {
    code = ErrorCode::no_input;
  } else if (r == AVERROR_INVALIDDATA) {
    code = ErrorCode::data;
  }
  return Error(code, fmt::format("cannot pull from '{}': {}", place, why));
}

Status Puller::Impl::connect(const std::string& url, const Scheme& scheme) {
  silence_libav();
  (void)avformat_network_init();
  AVFormatContext* c = avformat_alloc_context();
  if (!c || !packet) return fail(ErrorCode::internal, "no memory");
  c->interrupt_callback = {interrupt, this};
  c->protocol_whitelist = av_strdup(scheme.protocols);
  c->format_whitelist = av_strdup(scheme.demuxers);
  c->codec_whitelist = av_strdup("none");  // nothing is decoded while probing
  c->probesize = kProbeBytes;
  c->max_analyze_duration = kAnalyzeMicros;
  c->max_streams = kMaxStreams;
  c->max_delay = kReorderMicros;
  AVDictionary* settings = nullptr;
  const bool rtsp = scheme.demuxers == std::string_view("rtsp,sdp");
  // By TCP nothing is lost; a camera that has UDP only is asked again.
  if (rtsp) av_dict_set(&settings, "rtsp_flags", "prefer_tcp", 0);
  arm(this->options.open_timeout);
  int r = avformat_open_input(&c, url.c_str(), nullptr, &settings);
  av_dict_free(&settings);
  if (r < 0) return fail(open_error(r));  // `c` is freed
  input.reset(c);
  // RTSP has told all in its description.
  if (!rtsp && (r = avformat_find_stream_info(c, nullptr)) < 0) return fail(open_error(r));
  if (stopped || late) return fail(open_error(AVERROR_EXIT));
  return {};
}

Status Puller::Impl::choose_streams() {
  AVFormatContext* c = input.get();
  const AVStream *video = nullptr, *audio = nullptr;
  std::string unsupported;
  for (unsigned i = 0; i < c->nb_streams; ++i) {
    AVStream* s = c->streams[i];
    const auto carried = carried_codec(s->codecpar->codec_id);
    const AVMediaType type = s->codecpar->codec_type;
    const AVStream** place_for = carried && codec::is_video(*carried) ? &video : carried ? &audio : nullptr;
    if (place_for && !*place_for) {
      *place_for = s;
      continue;
    }
    s->discard = AVDISCARD_ALL;
    const std::string text =
        fmt::format("stream {} ('{}') is left out: {}", i, printable(avcodec_get_name(s->codecpar->codec_id)),
                    carried ? "a second of its kind" : "cannot be carried");
    if (type == AVMEDIA_TYPE_VIDEO && !carried) unsupported = text;
    notices.push_back(text);
  }
  if (!video && (!audio || !unsupported.empty())) {
    return fail(ErrorCode::data, fmt::format("'{}' has nothing that can be recorded{}{}", place,
                                             unsupported.empty() ? "" : ": ", unsupported));
  }
  for (const AVStream* s : {video, audio}) {
    if (s) streams.push_back({s->index, std::nullopt});
  }
  return {};
}

Status Puller::Impl::open_output(Output& output, Io& io) {
  AVFormatContext* c = nullptr;
  if (avformat_alloc_output_context2(&c, nullptr, "mpegts", nullptr) < 0)
    return fail(ErrorCode::internal, "no transport stream muxer in libavformat");
  output.reset(c);
  auto* buffer = static_cast<uint8_t*>(av_malloc(kOutBuffer));
  if (!buffer) return fail(ErrorCode::internal, "no memory");
  io.reset(avio_alloc_context(buffer, kOutBuffer, 1, this, nullptr, write_out, nullptr));
  if (!io) {
    av_free(buffer);
    return fail(ErrorCode::internal, "no memory");
  }
  c->pb = io.get();
  c->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_FLUSH_PACKETS;
  for (const Stream& s : streams) {
    AVStream* to = avformat_new_stream(c, nullptr);
    if (!to || avcodec_parameters_copy(to->codecpar, input->streams[s.input]->codecpar) < 0)
      return fail(ErrorCode::internal, "no memory");
    AVCodecParameters* par = to->codecpar;
    par->codec_tag = 0;
    // libavformat wants these set for any muxer; a transport stream does not carry them.
    if (par->codec_type == AVMEDIA_TYPE_VIDEO && (par->width <= 0 || par->height <= 0)) par->width = par->height = 16;
    if (par->codec_type == AVMEDIA_TYPE_AUDIO && par->sample_rate <= 0) par->sample_rate = 48000;
  }
  const int r = avformat_write_header(c, nullptr);
  if (r < 0 && !write_error) return fail(ErrorCode::data, fmt::format("'{}': {}", place, av_message(r)));
  return {};
}

// The muxer wants rising DTS and PTS not before them, whatever came.
void Puller::Impl::prepare(Stream& stream, const AVStream* from, const AVStream* to) {
  AVPacket* p = packet.get();
  av_packet_rescale_ts(p, from->time_base, to->time_base);
  if (p->dts == AV_NOPTS_VALUE) p->dts = p->pts;
  if (p->dts == AV_NOPTS_VALUE) p->dts = stream.last_dts.value_or(0) + 1;
  // A time stamp that begins again is no reason to end: what follows it is put on a new line by the recorder, but one
  // that steps back a little is moved.
  constexpr int64_t kStep = 90000;
  if (stream.last_dts && p->dts <= *stream.last_dts && *stream.last_dts - p->dts < kStep) p->dts = *stream.last_dts + 1;
  if (p->pts == AV_NOPTS_VALUE || p->pts < p->dts) p->pts = p->dts;
  stream.last_dts = p->dts;
  p->pos = -1;
}

PullEnd Puller::Impl::copy(AVFormatContext* output) {
  while (true) {
    arm(options.read_timeout);
    const int r = av_read_frame(input.get(), packet.get());
    if (stopped) return end("shutdown", "told to stop");
    if (r == AVERROR(EAGAIN)) continue;
    if (r == AVERROR_EOF) return end("peer_closed", "the stream ended");
    if (late) return end("silent", "no packet came in time");
    if (r < 0) return end("peer_lost", av_message(r));
    const auto stream =
        std::find_if(streams.begin(), streams.end(), [&](const Stream& s) { return s.input == packet->stream_index; });
    if (stream == streams.end() || packet->size <= 0) {
      av_packet_unref(packet.get());
      continue;
    }
    const auto number = static_cast<size_t>(stream - streams.begin());
    const AVStream* to = output->streams[number];
    const auto before = stream->last_dts;
    prepare(*stream, input->streams[packet->stream_index], to);
    if (before && packet->dts <= *before) return end("peer_lost", "the stream's clock began again");
    packet->stream_index = static_cast<int>(number);
    const int w = av_write_frame(output, packet.get());
    av_packet_unref(packet.get());
    if (write_error) return end("reader_closed", write_error->message());
    // A packet that the muxer can't take (no start codes, no ADTS) is lost; the stream goes on.
    if (w < 0 && w != AVERROR_INVALIDDATA && w != AVERROR(EINVAL)) return end("peer_lost", av_message(w));
  }
}

bool can_pull(std::string_view url) {
  return find_scheme(url) != nullptr;
}

std::string public_url(std::string_view url) {
  const std::string_view scheme = scheme_of(url);
  if (scheme.empty()) return "url";
  std::string_view host = url.substr(scheme.size() + 3);
  const size_t slash = std::min(host.find_first_of("/?#"), host.size());
  // A password that was not escaped may hold a slash: then nothing but the scheme is safe to tell.
  if (const size_t at = host.rfind('@'); at != std::string_view::npos && at > slash) return printable(scheme);
  host = host.substr(0, slash);
  if (const size_t at = host.rfind('@'); at != std::string_view::npos) host = host.substr(at + 1);
  return printable(fmt::format("{}://{}", scheme, host));
}

Puller::Puller(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Puller::Puller(Puller&&) noexcept = default;
Puller& Puller::operator=(Puller&&) noexcept = default;
Puller::~Puller() = default;

Result<Puller> Puller::open(const std::string& url, PullOptions options) {
  const Scheme* scheme = find_scheme(url);
  if (!scheme) return fail(ErrorCode::usage, fmt::format("cannot pull from '{}': unknown scheme", public_url(url)));
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->place = public_url(url);
  CBX_TRY(impl->connect(url, *scheme));
  CBX_TRY(impl->choose_streams());
  return Puller(std::move(impl));
}

const std::vector<std::string>& Puller::notices() const {
  return impl_->notices;
}

PullEnd Puller::run(const std::function<Status(ByteSpan)>& write) {
  Impl& i = *impl_;
  i.write = &write;
  Io io;
  Output output;
  if (const Status s = i.open_output(output, io); !s) return i.end("peer_lost", s.error().message());
  if (i.write_error) return i.end("reader_closed", i.write_error->message());
  PullEnd end = i.copy(output.get());
  (void)av_write_trailer(output.get());
  end.bytes = i.bytes;
  return end;
}

}  // namespace cbx::media

#include "media/import.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <set>

#include "base/log.h"
#include "media/import_track.h"

namespace cbx::media {
namespace {

constexpr const char* kDemuxers = "mov,matroska,flv,avi,mpegts,mpeg";
constexpr int kIoBuffer = 128 << 10;
constexpr int64_t kProbeBytes = 4 << 20;
constexpr int64_t kAnalyzeMicros = 5'000'000;
constexpr int kMaxStreams = 64;
// Pictures that may be decoded before one that is shown first (H.264 and H.265, max_dec_frame_buffering).
constexpr size_t kMaxReorder = 16;
// Where the first packet is put: sound and reordered pictures may begin somewhat before it.
constexpr int64_t kOrigin = 10 * codec::kPtsHz;

// What libavformat reads: first what was read before it, then the descriptor.
struct ByteSource {
  int fd = -1;
  Bytes head;
  size_t head_done = 0;
};

int read_packet(void* opaque, uint8_t* buffer, int size) {
  auto& source = *static_cast<ByteSource*>(opaque);
  if (source.head_done < source.head.size()) {
    const size_t n = std::min(source.head.size() - source.head_done, static_cast<size_t>(size));
    std::memcpy(buffer, source.head.data() + source.head_done, n);
    source.head_done += n;
    return static_cast<int>(n);
  }
  while (true) {
    const ssize_t n = ::read(source.fd, buffer, static_cast<size_t>(size));
    if (n > 0) return static_cast<int>(n);
    if (n == 0) return AVERROR_EOF;
    if (errno != EINTR) return AVERROR(errno);
  }
}

int64_t seek(void* opaque, int64_t offset, int whence) {
  const int fd = static_cast<const ByteSource*>(opaque)->fd;
  if (whence & AVSEEK_SIZE) {
    struct stat st {};
    return ::fstat(fd, &st) == 0 ? static_cast<int64_t>(st.st_size) : AVERROR(errno);
  }
  const off_t r = ::lseek(fd, offset, whence & ~AVSEEK_FORCE);
  return r < 0 ? AVERROR(errno) : r;
}

// A container must not make us open anything else.
int refuse_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

std::optional<WallMs> parse_creation(const char* text) {
  if (!text) return std::nullopt;
  std::string t(text);
  // Apple writes "+0900".
  if (t.size() > 5 && (t[t.size() - 5] == '+' || t[t.size() - 5] == '-') && t[t.size() - 3] != ':')
    t.insert(t.size() - 2, ":");
  const auto time = parse_rfc3339(t);
  // Cameras without a set clock write the epoch of 1904 or 1970.
  if (!time || *time < WallMs(std::chrono::hours(24 * 365))) return std::nullopt;
  return *time;
}

std::optional<WallMs> creation_of(const AVFormatContext* c) {
  for (const char* key : {"com.apple.quicktime.creationdate", "creation_time", "date"}) {
    const AVDictionaryEntry* e = av_dict_get(c->metadata, key, nullptr, 0);
    if (auto t = parse_creation(e ? e->value : nullptr)) return t;
  }
  return std::nullopt;
}

bool needs_probing(const AVFormatContext* c) {
  const std::string_view name = c->iformat->name;
  return name.find("mov") == std::string_view::npos && name.find("matroska") == std::string_view::npos;
}

Error open_error(int error, const std::string& name, bool seekable) {
  if (error == AVERROR(EIO) || error == AVERROR(EISDIR) || error == AVERROR(EACCES))
    return os_error(AVUNERROR(error), fmt::format("cannot read '{}'", name));
  std::string why =
      fmt::format("'{}' cannot be imported, its container is unknown or damaged ({})", name, av_message(error));
  if (!seekable) why += "; an MP4 whose index is at its end can't be read from a pipe";
  return Error(ErrorCode::data, why);
}

}  // namespace

struct Importer::Impl {
  UniqueFd descriptor;
  ByteSource source;
  std::string name;
  bool seekable = false;
  Io io;
  Input input;
  ImportInfo info;
  std::vector<ImportTrack> tracks;
  std::vector<codec::Notice> notices;
  bool started = false, ended = false;
  bool trust_dts = true;
  std::optional<int64_t> offset;
  std::set<std::string> said;
  Packet packet = make_packet();

  // Samples whose decoding time is not known yet, and what came between them.
  std::deque<HeldSample> held;
  std::multiset<codec::Pts90k> waiting_pts;
  std::optional<size_t> depth;  // how many pictures later than decoded a picture may be shown; unknown at first
  std::vector<std::optional<codec::Pts90k>> last_dts;

  Status open_input();
  Status choose_streams();
  void start(codec::Handler& handler);
  void take(codec::Handler& handler);
  void hand_out(codec::Handler& handler, bool all);
  void find_depth();
  void emit(codec::Handler& handler, HeldSample& held_sample);
  void say(codec::Handler& handler, codec::Notice::Kind kind, const std::string& text);
};

Status Importer::Impl::open_input() {
  silence_libav();
  struct stat st {};
  if (::fstat(source.fd, &st) != 0) return fail(os_error(errno, fmt::format("cannot stat '{}'", name)));
  if (S_ISDIR(st.st_mode)) return fail(ErrorCode::no_input, fmt::format("'{}' is a folder", name));
  seekable = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
  if (seekable) {
    // Everything can be read again, and seeking backwards must not meet the head.
    source.head.clear();
    if (::lseek(source.fd, 0, SEEK_SET) < 0) return fail(os_error(errno, fmt::format("cannot seek in '{}'", name)));
  }
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBuffer));
  AVFormatContext* c = avformat_alloc_context();
  if (!buffer || !c || !packet) return fail(ErrorCode::internal, "no memory");
  io.reset(avio_alloc_context(buffer, kIoBuffer, 0, &source, read_packet, nullptr, seekable ? seek : nullptr));
  if (!io) return fail(ErrorCode::internal, "no memory");
  io->seekable = seekable ? AVIO_SEEKABLE_NORMAL : 0;
  c->pb = io.get();
  c->flags |= AVFMT_FLAG_CUSTOM_IO;
  c->io_open = refuse_open;
  c->format_whitelist = av_strdup(kDemuxers);
  c->protocol_whitelist = av_strdup("none");
  c->codec_whitelist = av_strdup("none");  // nothing is decoded while probing either
  c->probesize = kProbeBytes;
  c->max_analyze_duration = kAnalyzeMicros;
  c->max_streams = kMaxStreams;
  // Frees `c` when it fails.
  int r = avformat_open_input(&c, nullptr, nullptr, nullptr);
  if (r < 0) return fail(open_error(r, name, seekable));
  input.reset(c);
  if (needs_probing(c)) {
    r = avformat_find_stream_info(c, nullptr);
    if (r < 0) return fail(open_error(r, name, seekable));
  }
  return {};
}

Status Importer::Impl::choose_streams() {
  const AVFormatContext* c = input.get();
  info.container = c->iformat->name;
  info.creation = creation_of(c);
  if (c->duration > 0) info.duration = Millis(c->duration / 1000);
  // Matroska stores presentation times only.
  trust_dts = info.container.find("matroska") == std::string::npos;
  const AVStream *video = nullptr, *audio = nullptr;
  std::string unsupported;
  for (unsigned i = 0; i < c->nb_streams; ++i) {
    AVStream* s = c->streams[i];
    const auto carried = carried_codec(s->codecpar->codec_id);
    const std::string codec_text = printable(avcodec_get_name(s->codecpar->codec_id));
    const bool picture =
        s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !(s->disposition & AV_DISPOSITION_ATTACHED_PIC);
    const bool sound = s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (carried && picture && codec::is_video(*carried) && !video) {
      video = s;
    } else if (carried && sound && !codec::is_video(*carried) && !audio) {
      audio = s;
    } else {
      s->discard = AVDISCARD_ALL;
      if (picture && !carried) {
        unsupported = fmt::format("'{}' video cannot be carried in MP4 here", codec_text);
        continue;
      }
      const char* kind = av_get_media_type_string(s->codecpar->codec_type);
      const char* why = carried && (picture || sound) ? "a second stream of its kind" : "not carried";
      notices.push_back({codec::Notice::Kind::left_out, fmt::format("stream {} ('{}', {}) is left out: {}", i,
                                                                    codec_text, kind ? kind : "unknown", why)});
    }
  }
  if (!video && !unsupported.empty()) {
    notices.push_back({codec::Notice::Kind::unsupported, unsupported});
    return {};
  }
  if (!unsupported.empty()) notices.push_back({codec::Notice::Kind::left_out, unsupported});
  if (!video && !audio)
    return fail(ErrorCode::data, fmt::format("'{}' holds no video or audio that can be kept", name));
  for (const AVStream* s : {video, audio}) {
    if (!s) continue;
    const int number = static_cast<int>(tracks.size());
    CBX_ASSIGN(ImportTrack track, ImportTrack::make(s, *carried_codec(s->codecpar->codec_id), number, trust_dts));
    tracks.push_back(std::move(track));
  }
  last_dts.resize(tracks.size());
  info.tracks = static_cast<int>(tracks.size());
  info.has_video = video != nullptr;
  return {};
}

void Importer::Impl::say(codec::Handler& handler, codec::Notice::Kind kind, const std::string& text) {
  if (said.insert(text).second) handler.on_notice({kind, text});
}

void Importer::Impl::start(codec::Handler& handler) {
  started = true;
  for (const codec::Notice& n : notices) handler.on_notice(n);
  if (tracks.empty()) {
    ended = true;
    return;
  }
  handler.on_layout(info.tracks, info.has_video);
}

void Importer::Impl::emit(codec::Handler& handler, HeldSample& h) {
  codec::Sample& s = h.sample;
  if (h.config) handler.on_track(s.track, *h.config);
  auto& last = last_dts[static_cast<size_t>(s.track)];
  s.dts = std::max<int64_t>(s.dts, last ? *last + 1 : 0);
  if (!codec::is_video(tracks[static_cast<size_t>(s.track)].codec())) s.pts = s.dts;
  last = s.dts;
  s.data = h.data;
  handler.on_sample(s);
}

// Pictures that wait are in decoding order, their times are not.  The picture that is shown furthest ahead of its turn
// tells by how much decoding must lead; as many decoding times are made up before the first picture's.
void Importer::Impl::find_depth() {
  depth = 0;
  size_t turn = 0;
  for (const HeldSample& h : held) {
    if (!codec::is_video(tracks[static_cast<size_t>(h.sample.track)].codec()) || h.dts_known) continue;
    const auto shown = std::distance(waiting_pts.begin(), waiting_pts.lower_bound(h.sample.pts));
    if (const auto place = static_cast<size_t>(shown); turn > place) depth = std::max(*depth, turn - place);
    turn++;
  }
  if (*depth == 0) return;
  const codec::Pts90k first = *waiting_pts.begin();
  const codec::Pts90k step = (*waiting_pts.rbegin() - first) / static_cast<codec::Pts90k>(waiting_pts.size() - 1);
  for (size_t i = 1; i <= *depth; i++) waiting_pts.insert(first - static_cast<codec::Pts90k>(i) * step);
}

// A picture's decoding time, where it isn't told, is the smallest presentation time not yet given away: the n-th
// picture decoded gets the n-th smallest time, less the depth of reordering.
void Importer::Impl::hand_out(codec::Handler& handler, bool all) {
  while (!held.empty()) {
    HeldSample& front = held.front();
    const bool waits = codec::is_video(tracks[static_cast<size_t>(front.sample.track)].codec()) && !front.dts_known;
    if (waits) {
      if (!all && waiting_pts.size() <= kMaxReorder + depth.value_or(0)) return;
      if (!depth) find_depth();
      front.sample.dts = *waiting_pts.begin();
      waiting_pts.erase(waiting_pts.begin());
    }
    emit(handler, front);
    held.pop_front();
  }
}

void Importer::Impl::take(codec::Handler& handler) {
  const auto track = std::find_if(tracks.begin(), tracks.end(),
                                  [&](const ImportTrack& t) { return t.stream() == packet->stream_index; });
  if (track == tracks.end()) return;
  const bool video = codec::is_video(track->codec());
  if (!offset) {
    const auto time = track->time_of(packet.get());
    offset = kOrigin - time.value_or(0);
  }
  ImportTrack::Output out = track->take(packet.get(), *offset);
  const int number = static_cast<int>(track - tracks.begin());
  if (!out.trouble.empty())
    say(handler, codec::Notice::Kind::damaged,
        fmt::format("{} is left out until it can be read: {}", video ? "video" : "audio", out.trouble));
  if (!out.sample) return;
  if (out.new_config) {
    out.sample->config = track->config();
    if (last_dts[static_cast<size_t>(number)])
      say(handler, codec::Notice::Kind::changed,
          fmt::format("the parameters of the {} change", video ? "video" : "audio"));
  }
  if (video && !out.sample->dts_known) waiting_pts.insert(out.sample->sample.pts);
  held.push_back(std::move(*out.sample));
  hand_out(handler, false);
}

Importer::Importer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Importer::Importer(Importer&&) noexcept = default;
Importer& Importer::operator=(Importer&&) noexcept = default;
Importer::~Importer() = default;

Result<Importer> Importer::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    const int e = errno;
    return fail(os_error(e, fmt::format("cannot open '{}'", path), ErrorCode::no_input));
  }
  return open(std::move(fd), path);
}

Result<Importer> Importer::open(UniqueFd fd, const std::string& name, ByteSpan head) {
  auto impl = std::make_unique<Impl>();
  impl->descriptor = std::move(fd);
  impl->source.fd = impl->descriptor.get();
  impl->source.head.assign(head.begin(), head.end());
  impl->name = printable(name);
  CBX_TRY(impl->open_input());
  CBX_TRY(impl->choose_streams());
  return Importer(std::move(impl));
}

const ImportInfo& Importer::info() const {
  return impl_->info;
}

Result<bool> Importer::read(codec::Handler& handler) {
  Impl& i = *impl_;
  if (!i.started) i.start(handler);
  if (i.ended) return false;
  const int r = av_read_frame(i.input.get(), i.packet.get());
  if (r >= 0) {
    i.take(handler);
    av_packet_unref(i.packet.get());
    return true;
  }
  i.ended = true;
  const bool nothing = !i.offset;
  i.hand_out(handler, true);
  // A descriptor's own error is kept by the AVIOContext; anything else is the container's.
  if (i.io->error < 0 && i.io->error != AVERROR_EOF)
    return fail(os_error(AVUNERROR(i.io->error), fmt::format("cannot read '{}'", i.name)));
  if (r != AVERROR_EOF && nothing) return fail(open_error(r, i.name, i.seekable));
  if (r != AVERROR_EOF)
    i.say(handler, codec::Notice::Kind::damaged,
          fmt::format("'{}' cannot be read to its end: {}", i.name, av_message(r)));
  return false;
}

}  // namespace cbx::media

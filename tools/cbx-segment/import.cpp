#include "import.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "base/file.h"
#include "cli/times.h"
#include "media/import.h"
#include "segment/recovery.h"
#include "ts/demuxer.h"

namespace cbx::tool {
namespace {

using segment::Recorder;
using segment::Shared;

constexpr size_t kFilesInFlight = 16;
constexpr long kUntold = 1 << 30;  // no offset from UTC, in seconds

// One recording being imported.
struct Source {
  std::string name;  // for messages
  int fd = -1;
  Bytes head;  // read already
  InputKind kind = InputKind::container;
  std::string path;  // empty for standard input
  bool disk_failed = false;
};

Error in_source(Error e, const Source& s) {
  return std::move(e).context(fmt::format("'{}'", s.name));
}

Result<WallMs> time_from_mtime(const Source& s) {
  struct stat st {};
  if (::fstat(s.fd, &st) != 0) return fail(os_error(errno, "cannot stat", ErrorCode::no_input));
  // A recorder touches its file last when it ends it.
  CBX_ASSIGN(const auto importer, media::Importer::open(s.path));
  const auto& facts = importer.info();
  if (!facts.duration) return fail(ErrorCode::data, "its length is not known, so mtime does not tell its start");
  return WallMs{std::chrono::seconds{st.st_mtim.tv_sec} + Millis{st.st_mtim.tv_nsec / 1'000'000}} - *facts.duration;
}

Result<WallMs> time_from_metadata(const Source& s) {
  CBX_ASSIGN(const auto importer, media::Importer::open(s.path));
  if (!importer.info().creation)
    return fail(ErrorCode::data, "it holds no creation time (try --start or --start-from name:…)");
  return *importer.info().creation;
}

Result<WallMs> start_of(const Source& s, const ImportOptions& o, const Shared& shared, std::optional<WallMs> follows) {
  if (follows) return *follows;
  if (!o.start.empty()) return cli::parse_time(o.start, {shared.store.utc_offset(), floor_ms(shared.clock.wall())});
  if (s.path.empty()) return fail(ErrorCode::usage, "a recording on standard input needs --start TIME");
  if (o.start_from.starts_with("name:"))
    return time_from_name(s.path, o.start_from.substr(5), shared.store.utc_offset());
  if (o.start_from == "meta") return time_from_metadata(s);
  if (o.start_from == "mtime") return time_from_mtime(s);
  if (o.start_from.empty())
    return fail(ErrorCode::usage, "say when it begins: --start TIME, or --start-from name:FORMAT, meta or mtime");
  return fail(ErrorCode::usage, fmt::format("--start-from '{}': name:FORMAT, meta or mtime", o.start_from));
}

// Passes what comes out of either demuxer to the recorder, and notices whether anything did.
class ImportHandler final : public codec::Handler {
 public:
  explicit ImportHandler(Recorder& recorder) : recorder_(recorder) {}
  void on_layout(int tracks, bool has_video) override { recorder_.on_layout(tracks, has_video); }
  void on_track(int track, const codec::TrackConfig& config) override { recorder_.on_track(track, config); }
  void on_sample(const codec::Sample& sample) override {
    samples_++;
    recorder_.on_sample(sample);
  }
  void on_notice(const codec::Notice& notice) override { recorder_.on_notice(notice); }
  uint64_t samples() const { return samples_; }

 private:
  Recorder& recorder_;
  uint64_t samples_ = 0;
};

Status import_ts(Source& s, ImportHandler& handler, Recorder& recorder, const Shared& shared, segment::Syncer& syncer,
                 SignalFd& signals) {
  ts::Demuxer demuxer(handler);
  demuxer.push(s.head, WallTime{});
  Bytes buffer(256 << 10);  // stays in the cache on its way through the demuxer
  while (!recorder.unsupported() && !recorder.disk_error()) {
    signals.drain();
    if (signals.stop_requested()) return fail(ErrorCode::try_again, "interrupted");
    const ssize_t n = ::read(s.fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, "cannot read", ErrorCode::no_input));
    if (n == 0) break;
    demuxer.push(ByteSpan(buffer.data(), static_cast<size_t>(n)), WallTime{});
    recorder.set_lost(static_cast<int64_t>(demuxer.stats().lost_packets + demuxer.stats().error_packets));
    syncer.wrote();
    shared.closer.wait_for_room(kFilesInFlight);
  }
  // Where it was given up in the middle, the rest of a packet is no damage.
  if (!recorder.unsupported() && !recorder.disk_error()) demuxer.flush();
  return {};
}

Status import_container(Source& s, ImportHandler& handler, Recorder& recorder, const Shared& shared,
                        segment::Syncer& syncer, SignalFd& signals) {
  CBX_ASSIGN(auto importer, media::Importer::open(UniqueFd{::dup(s.fd)}, s.name, s.head));
  while (!recorder.unsupported() && !recorder.disk_error()) {
    signals.drain();
    if (signals.stop_requested()) return fail(ErrorCode::try_again, "interrupted");
    CBX_ASSIGN(const bool more, importer.read(handler));
    if (!more) break;
    syncer.wrote();
    shared.closer.wait_for_room(kFilesInFlight);
  }
  return {};
}

// Finishes what a killed import left half-written, so that its names are not in the way.
void recover(const ImportOptions& o, const Shared& shared) {
  shared.closer.give_up_soon();
  segment::recover_device(shared, o.device);
  shared.closer.wait_for_room(0);
}

// Returns where the recording ends.
Result<WallMs> import_source(Source& s, const ImportOptions& o, std::optional<WallMs> follows, const Shared& shared,
                             segment::Syncer& syncer, SignalFd& signals) {
  CBX_ASSIGN(const WallMs start, start_of(s, o, shared, follows));
  Recorder recorder(shared, {o.device, "import", ""}, std::make_unique<segment::FixedMapper>(start));
  ImportHandler handler(recorder);
  Status done = s.kind == InputKind::ts ? import_ts(s, handler, recorder, shared, syncer, signals)
                                        : import_container(s, handler, recorder, shared, syncer, signals);
  // What came before an error is good and is kept.
  recorder.end("close");
  if (!done) return fail(std::move(done).error());
  if (const auto& trouble = recorder.disk_error()) {
    s.disk_failed = true;
    Error e = *trouble;
    if (const auto until = recorder.recorded_until())
      e = std::move(e).context("imported only up to " + format_rfc3339(*until));
    return fail(std::move(e));
  }
  if (recorder.unsupported()) return fail(ErrorCode::data, "its video cannot be recorded");
  if (handler.samples() == 0 || !recorder.recorded_until())
    return fail(ErrorCode::data, "no picture or sound that can be recorded was found");
  return *recorder.recorded_until();
}

}  // namespace

Result<int> import_files(const std::vector<std::string>& files, const ImportOptions& options, const Shared& shared,
                         segment::Syncer& syncer, SignalFd& signals) {
  recover(options, shared);
  std::optional<Error> first_error;
  std::optional<WallMs> follows;
  for (const std::string& path : files) {
    Source s;
    s.name = s.path = path;
    const auto one = [&]() -> Status {
      const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
      if (!fd) return fail(os_error(errno, "cannot open", ErrorCode::no_input));
      s.fd = fd.get();
      s.head.resize(64 << 10);
      CBX_ASSIGN(const size_t n, read_head(s.fd, signals, s.head));
      s.head.resize(n);
      if (n == 0) return fail(ErrorCode::data, "it is empty");
      s.kind = sniff(s.head);
      if (s.kind == InputKind::frames)
        return fail(ErrorCode::data, "frames of cbx-ingest are read from standard input only");
      CBX_ASSIGN(const WallMs end, import_source(s, options, follows, shared, syncer, signals));
      if (!options.start.empty()) follows = end;
      return {};
    };
    if (Status done = one(); !done) {
      Error e = in_source(std::move(done).error(), s);
      if (e.code() == ErrorCode::usage || s.disk_failed || signals.stop_requested()) return fail(std::move(e));
      // Without this file, the start of those that follow on is unknown.
      if (!options.start.empty() && files.size() > 1 && &path != &files.back()) return fail(std::move(e));
      if (first_error) shared.log.error("{}", first_error->message());
      first_error = std::move(e);
    }
  }
  if (first_error) return fail(std::move(*first_error));
  return 0;
}

Result<int> import_stdin(const ImportOptions& options, ByteSpan head, InputKind kind, const Shared& shared,
                         segment::Syncer& syncer, SignalFd& signals) {
  recover(options, shared);
  Source s;
  s.name = "standard input";
  s.fd = STDIN_FILENO;
  s.head.assign(head.begin(), head.end());
  s.kind = kind;
  auto done = import_source(s, options, std::nullopt, shared, syncer, signals);
  if (!done) return fail(in_source(std::move(done).error(), s));
  return 0;
}

Result<WallMs> time_from_name(const std::string& path, const std::string& format, UtcOffset offset) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  for (size_t at = 0; at < name.size(); at++) {
    tm t{};
    t.tm_mday = 1;
    t.tm_gmtoff = kUntold;
    if (!::strptime(name.c_str() + at, format.c_str(), &t)) continue;
    // %z tells an offset; %s gives the system's local time, and that zone's offset.
    const UtcOffset told = t.tm_gmtoff == kUntold ? offset : UtcOffset{std::chrono::minutes{t.tm_gmtoff / 60}};
    auto time = from_local({t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, 0}, told);
    if (time) return time;
  }
  return fail(ErrorCode::data, fmt::format("its name holds no time like '{}'", format));
}

}  // namespace cbx::tool

// cbx-segment: live streams or files in, crash-safe one-minute MP4 files out, a record for each.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "base/device_id.h"
#include "cli/times.h"
#include "cli/tool.h"
#include "import.h"
#include "live.h"
#include "progress.h"

namespace {

using namespace cbx;

struct Options {
  std::vector<std::string> files;
  std::string device;
  std::string length = "60s";
  std::string start, start_from;
  bool progress = false;
  int ready_fd = -1;
};

void declare(cli::Tool& tool, Options& o) {
  tool.add_root_option();
  CLI::App& app = tool.app();
  app.add_option("FILE", o.files, "Recordings to import; without any, standard input is recorded");
  app.add_option("--device", o.device, "The device that a single stream or FILE belongs to")->type_name("ID");
  app.add_option("--length", o.length, "Cut at multiples of this on the wall clock")
      ->type_name("DURATION")
      ->capture_default_str();
  auto* start =
      app.add_option("--start", o.start, "When the first FILE (or standard input) begins; further ones follow on")
          ->type_name("TIME");
  app.add_option("--start-from", o.start_from,
                 "Where each FILE's start comes from: 'name:FORMAT' as strptime(3) reads it, meta, or mtime")
      ->type_name("SOURCE")
      ->excludes(start);
  app.add_flag("--progress", o.progress, "Show a line per camera on the terminal");
  app.add_option("--ready-fd", o.ready_fd, "Write a newline to this descriptor when ready")->type_name("FD");
}

// Hundreds of cameras have hundreds of files open, and as many waiting to be hashed.  Returns how many descriptors
// files in writing may take: journals, folders and recovery need some, too.
int raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  if (limit.rlim_cur != limit.rlim_max) {
    const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  }
  if (limit.rlim_cur > INT_MAX) return INT_MAX;
  return std::max(1, static_cast<int>(limit.rlim_cur - std::min<rlim_t>(limit.rlim_cur / 2, 16)));
}

void widen_pipe(int fd) {
  struct stat st {};
  // A burst then waits in the pipe rather than in the network's buffers; a smaller pipe works as well.
  if (::fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) (void)::fcntl(fd, F_SETPIPE_SZ, 1 << 20);
}

Result<std::chrono::seconds> segment_length(const std::string& text) {
  CBX_ASSIGN(const Millis ms, cli::parse_duration(text));
  if (ms < std::chrono::seconds{1} || ms > std::chrono::hours{1} || ms.count() % 1000 != 0)
    return fail(ErrorCode::usage, "--length: whole seconds, from 1s to 1h");
  return std::chrono::duration_cast<std::chrono::seconds>(ms);
}

Result<int> record_input(cli::Tool& tool, const Options& o, const segment::Shared& shared, segment::Syncer& syncer,
                         SignalFd& signals) {
  widen_pipe(STDIN_FILENO);
  notify_ready(o.ready_fd);
  Bytes head(64 << 10);
  CBX_ASSIGN(const size_t n, tool::read_head(STDIN_FILENO, signals, head));
  head.resize(n);
  if (n == 0) return 0;
  const tool::InputKind kind = tool::sniff(head);
  segment::Session session(shared, syncer);
  tool::Progress progress(shared.clock, o.progress, tool.color(STDERR_FILENO));
  const tool::LiveInput input{STDIN_FILENO, head, signals, shared.clock, [&] { progress.draw(session); }};
  if (kind == tool::InputKind::frames) {
    CBX_TRY(tool::run_frames(input, session));
    return 0;
  }
  if (o.device.empty())
    return fail(ErrorCode::usage, "a single stream on standard input belongs to a device: name it with --device");
  struct stat st {};
  const bool file = ::fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode);
  if (!o.start.empty() || kind == tool::InputKind::container || file)
    return tool::import_stdin({o.device, o.start, o.start_from}, head, kind, shared, syncer, signals);
  session.open_single({o.device, "live", ""}, std::make_unique<segment::LiveMapper>());
  CBX_TRY(tool::run_ts(input, session));
  return 0;
}

Result<int> run(cli::Tool& tool, const Options& o, SignalFd& signals) {
  CBX_ASSIGN(const auto length, segment_length(o.length));
  if (!o.device.empty())
    if (const auto valid = check_device_id(o.device); !valid)
      return fail(ErrorCode::usage, "--device: " + valid.error().message());
  if (!o.files.empty() && o.device.empty())
    return fail(ErrorCode::usage, "files belong to a device: name it with --device");
  CBX_ASSIGN(const store::Store store, store::Store::open(tool.root()));
  const int descriptors = raise_file_limit();
  PosixFilesystem fs;
  const SystemClock clock;
  segment::DiskHealth disk(tool.log(), clock);
  segment::Announcer announcer(STDOUT_FILENO, clock, tool.log());
  segment::Syncer syncer(fs, store.media_path(), disk);
  int code = 0;
  segment::Closer::Counts counts;
  {
    segment::Closer closer(fs, store, announcer, clock, tool.log(), &counts);
    const segment::Shared shared{fs, store, clock, tool.log(), disk, closer, length, descriptors};
    CBX_ASSIGN(code, o.files.empty()
                         ? record_input(tool, o, shared, syncer, signals)
                         : tool::import_files(o.files, {o.device, o.start, o.start_from}, shared, syncer, signals));
  }
  const Status told = announcer.close();
  if (counts.failed > 0) return fail(ErrorCode::io, fmt::format("{} recordings could not be finished", counts.failed));
  if (!told) return fail(told.error());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-segment", "Cut live streams or files into crash-safe MP4 segments, without re-encoding",
                      CBX_VERSION);
  auto signals = cbx::SignalFd::create();
  Options options;
  declare(tool, options);
  return tool.run(argc, argv, [&]() -> cbx::Result<int> {
    if (!signals) return cbx::fail(signals.error());
    return run(tool, options, *signals);
  });
}

#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/log.h"
#include "commands.h"

namespace cbx::index_tool {
namespace {

struct Options {
  std::vector<std::string> words;
  bool paths = false, nul = false;
  std::string path;
};

constexpr TimeRange kEver{WallMs{Millis{0}}, WallMs{Millis{253'402'300'800'000}}};  // 1970 to 9999

std::string video_text(const SegmentRecord& r) {
  if (r.video.empty()) return "-";
  return fmt::format("{} {}x{} {:.4g}", r.video, r.width, r.height, r.fps);
}

Result<int> list(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const Selection selection, select(session, options.words));
  cli::Output out;
  const bool nicknames =
      std::any_of(session.devices.begin(), session.devices.end(), [](const auto& d) { return !d.nickname.empty(); });
  cli::Table table(out,
                   {{"DEVICE"},
                    {"START"},
                    {"LENGTH", cli::Align::right},
                    {"SIZE", cli::Align::right},
                    {"VIDEO"},
                    {"AUDIO"},
                    {"SOURCE"},
                    {"PATH"}},
                   tool.color(1));
  for (const auto& device : selection.devices) {
    const std::string& nickname = session.nickname(device);
    const std::string name = nicknames && !nickname.empty() ? nickname : device;
    CBX_TRY(session.index.segments(device, selection.range.value_or(kEver), tool.json(), [&](const SegmentRecord& r) {
      if (options.paths)
        out.path(session.store.media_path() + "/" + r.path, options.nul);
      else if (tool.json())
        out.line(to_line(r));
      else
        table.row({name, cli::human_time(r.start, session.store.utc_offset()),
                   cli::human_duration(Millis{r.duration_ms}), cli::human_bytes(r.bytes), video_text(r),
                   r.audio.empty() ? "-" : r.audio, r.source, r.path});
      return !out.failed();
    }));
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

// The path as the index knows it: relative to media, from an absolute path, one relative to the working folder, or
// one that is relative to media already.
std::string relative_to_media(const store::Store& store, const std::string& path) {
  const auto real = [](const std::string& p) {
    char buffer[PATH_MAX];
    return ::realpath(p.c_str(), buffer) ? std::string(buffer) : std::string();
  };
  const std::string media = real(store.media_path());
  // The file may be gone; its folder is enough to know where it was.
  const size_t slash = path.find_last_of('/');
  const std::string folder = real(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (!media.empty() && folder.rfind(media + "/", 0) == 0) return folder.substr(media.size() + 1) + "/" + name;
  if (path.rfind(store.media_path() + "/", 0) == 0) return path.substr(store.media_path().size() + 1);
  return path;
}

void print_segment(cli::Output& out, const Session& session, const SegmentRecord& r) {
  const UtcOffset offset = session.store.utc_offset();
  out.line(fmt::format("path        {}", session.store.media_path() + "/" + r.path));
  out.line(fmt::format("device      {}{}", r.device,
                       session.nickname(r.device).empty() ? "" : " (" + session.nickname(r.device) + ")"));
  out.line(fmt::format("start       {} (UTC{})", cli::human_time(r.start, offset, true), offset.format()));
  out.line(fmt::format("end         {} ({})", cli::human_time(r.start + Millis{r.duration_ms}, offset, true),
                       r.end.empty() ? "-" : printable(r.end)));
  out.line(fmt::format("length      {}", cli::human_duration(Millis{r.duration_ms})));
  out.line(fmt::format("size        {} ({} bytes, {})", cli::human_bytes(r.bytes), r.bytes,
                       cli::human_bit_rate(r.duration_ms > 0 ? r.bytes * 8000 / r.duration_ms : 0)));
  out.line(fmt::format("video       {}{}", printable(video_text(r)),
                       r.rotation ? fmt::format(", turned by {} degrees", r.rotation) : ""));
  out.line(fmt::format("audio       {}", r.audio.empty() ? "-" : printable(r.audio)));
  out.line(fmt::format("source      {}", printable(r.source)));
  if (!r.connection.empty()) out.line(fmt::format("connection  {}", printable(r.connection)));
  if (r.lost > 0) out.line(fmt::format("lost        {} packets", r.lost));
  if (!r.sha256.empty()) out.line(fmt::format("sha256      {}", r.sha256));
}

Result<int> show(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto session, Session::open(tool));
  const std::string relative = relative_to_media(session.store, options.path);
  const auto parsed = session.store.parse_path(relative);
  if (!parsed)
    return fail(ErrorCode::no_input, fmt::format("'{}' is no segment of this store", printable(options.path)));
  CBX_ASSIGN(const auto segment, session.index.segment(parsed->device, parsed->start));
  cli::Output out;
  if (!segment) {
    CBX_ASSIGN(const auto dead, session.index.tombstone(parsed->device, parsed->start));
    if (dead)
      return fail(ErrorCode::no_input,
                  fmt::format("'{}' was deleted {} ({})", relative,
                              cli::human_time(dead->time, session.store.utc_offset()), printable(dead->reason)));
    return fail(ErrorCode::no_input,
                fmt::format("'{}' is not in the index{}", relative, parsed->part ? ": it is being written" : ""));
  }
  if (tool.json())
    out.line(to_line(*segment));
  else
    print_segment(out, session, *segment);
  CBX_TRY(out.flush());
  return 0;
}

}  // namespace

void add_list(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("list", "List segments, by device and time");
  add_selection(sub, o->words);
  sub->add_flag("--paths", o->paths, "Print absolute paths only");
  sub->add_flag("-0,--null", o->nul, "Print absolute paths, a NUL behind each");
  sub->callback([&tool, choose, o] {
    choose([&tool, o] {
      o->paths = o->paths || o->nul;
      return list(tool, *o);
    });
  });
}

void add_show(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("show", "Show all that is known of one segment");
  sub->add_option("path", o->path, "Its path: absolute, relative to here, or relative to ROOT/media")
      ->required()
      ->type_name("PATH");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return show(tool, *o); }); });
}

}  // namespace cbx::index_tool

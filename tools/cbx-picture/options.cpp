#include "options.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/device_id.h"
#include "cli/output.h"
#include "cli/selector.h"
#include "cli/times.h"
#include "input.h"
#include "media/picture.h"
#include "process_limits.h"
#include "state/state.h"
#include "store/find.h"

namespace cbx::picture {
namespace {

// A time that nothing was recorded at has the picture before it, when that is no older.
constexpr Millis kReach{10'000};
// Of files that begin before a time, how many are looked at: imports may overlap.
constexpr size_t kFiles = 3;

Status check(const CommandLine& line) {
  if (line.file.empty() && line.device.empty())
    return fail(ErrorCode::usage, "DEVICE is needed, or --file (see --help)");
  if (line.output.empty()) return fail(ErrorCode::usage, "say where the picture goes: -o FILE, or -o - (see --help)");
  if (line.output == "-" && ::isatty(STDOUT_FILENO) == 1)
    return fail(ErrorCode::usage, "standard output is a terminal: redirect it, or name a file");
  struct stat there {};
  if (line.output != "-" && !line.force && ::stat(line.output.c_str(), &there) == 0)
    return fail(ErrorCode::cannot_create, fmt::format("'{}' exists (--force overwrites it)", line.output));
  return {};
}

// A time needs no quotes.  nullopt: the latest.  With a file there is no DEVICE, and what stands in its place is of
// TIME.
Result<std::optional<WallMs>> read_time(const CommandLine& line, UtcOffset offset, WallMs now) {
  std::optional<WallMs> at;
  std::string text = line.file.empty() ? std::string() : line.device;
  for (const std::string& word : line.time) text += (text.empty() ? "" : " ") + word;
  if (text.empty() || text == "latest") return at;
  CBX_ASSIGN(at, cli::parse_time(text, {offset, now}));
  return at;
}

Result<std::string> find_device(const cli::Tool& tool, const store::Store& store, const std::string& wanted) {
  std::vector<cli::SelectableDevice> devices;
  if (auto state = state::State::open(store.state_path(), false)) {
    CBX_ASSIGN(const auto known, state->devices());
    for (const auto& d : known) devices.push_back({d.id, d.nickname, d.tags});
  } else if (state.error().code() != ErrorCode::no_input) {
    tool.log().debug("nicknames and tags are not known: {}", state.error().message());
  }
  if (DIR* folder = ::opendir(store.media_path().c_str())) {
    while (const dirent* entry = ::readdir(folder)) {
      const std::string id = entry->d_name;
      if (is_device_id(id) && std::ranges::none_of(devices, [&](const auto& d) { return d.id == id; }))
        devices.push_back({id, "", {}});
    }
    ::closedir(folder);
  }
  return cli::select_device(wanted, devices);
}

Result<media::Picture> of_device(const store::Store& store, const std::string& device, std::optional<WallMs> at,
                                 WallMs now, int width) {
  // Clocks of files may be ahead of ours.
  CBX_ASSIGN(const auto starts, store::last_starts(store, device, at.value_or(now + std::chrono::hours(24)), kFiles));
  for (const WallMs start : starts) {
    auto file = open_recording(store, device, start);
    if (!file && file.error().code() == ErrorCode::no_input) continue;  // deleted meanwhile
    if (!file) return fail(std::move(file).error());
    auto picture = media::take_picture(**file, {at, width});
    // A file that has just begun holds nothing yet.
    if (!picture && picture.error().code() == ErrorCode::no_input) continue;
    if (picture && at && *at - picture->end > kReach) break;
    return picture;
  }
  return fail(ErrorCode::no_input,
              at ? fmt::format("'{}' recorded no picture at {}", device, cli::human_time(*at, store.utc_offset(), true))
                 : fmt::format("'{}' has recorded no picture", device));
}

Status write(const CommandLine& line, const media::Picture& picture) {
  if (line.output == "-") return write_all(STDOUT_FILENO, picture.jpeg, "standard output");
  return replace_file(line.output, as_string(picture.jpeg), 0644);
}

void tell(const cli::Tool& tool, const CommandLine& line, const media::Picture& picture, UtcOffset offset) {
  if (line.output != "-")
    tool.log().info("'{}': {} × {}, of {}", line.output, picture.width, picture.height,
                    cli::human_time(picture.time, offset, true));
}

}  // namespace

void declare(cli::Tool& tool, CommandLine& line) {
  tool.add_root_option();
  tool.accept_relative_times();
  CLI::App& app = tool.app();
  app.add_option("DEVICE", line.device, "The camera: an id or nickname")->type_name("");
  app.add_option("TIME", line.time, "When (default: latest)")->type_name("");
  app.add_option("--file", line.file, "Of this segment file instead of a camera's; - for standard input")
      ->type_name("FILE");
  app.add_option("-w,--width", line.width, "Pixels across at most (default: as recorded)")
      ->check(CLI::Range(16, 8192))
      ->type_name("N");
  app.add_option("-o,--output", line.output, "Where the JPEG goes; - for standard output")->type_name("FILE");
  app.add_flag("-f,--force", line.force, "Overwrite a file that exists");
}

Result<int> run(const cli::Tool& tool, const CommandLine& line) {
  CBX_TRY(check(line));
  limit_this_process();
  const WallMs now = floor_ms(SystemClock{}.wall());
  if (!line.file.empty()) {
    CBX_ASSIGN(const auto at, read_time(line, UtcOffset{}, now));
    CBX_ASSIGN(const auto file, open_file(line.file));
    CBX_ASSIGN(const media::Picture picture, media::take_picture(*file, {at, line.width}));
    CBX_TRY(write(line, picture));
    tell(tool, line, picture, UtcOffset{});
    return 0;
  }
  CBX_ASSIGN(const store::Store store, store::Store::open(tool.root()));
  CBX_ASSIGN(const auto at, read_time(line, store.utc_offset(), now));
  CBX_ASSIGN(const std::string device, find_device(tool, store, line.device));
  CBX_ASSIGN(const media::Picture picture, of_device(store, device, at, now, line.width));
  CBX_TRY(write(line, picture));
  tell(tool, line, picture, store.utc_offset());
  return 0;
}

}  // namespace cbx::picture

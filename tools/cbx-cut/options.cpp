#include <unistd.h>

#include <algorithm>

#include "base/device_id.h"
#include "cut.h"
#include "output_file.h"
#include "state/state.h"

namespace cbx::cut_tool {
namespace {

Result<std::vector<cli::SelectableDevice>> known_devices(const cli::Tool& tool, const store::Store& store,
                                                         index::Index& index, const std::string& wanted) {
  std::vector<cli::SelectableDevice> devices;
  // Who may read recordings need not be allowed to read keys.
  if (auto state = state::State::open(store.state_path(), false)) {
    CBX_ASSIGN(const auto known, state->devices());
    for (const auto& d : known) devices.push_back({d.id, d.nickname, d.tags});
  } else if (state.error().code() != ErrorCode::no_input) {
    tool.log().debug("nicknames and tags are not known: {}", state.error().message());
  }
  CBX_ASSIGN(auto ids, index.devices());
  // What is recorded for the first time right now stands in no index yet.
  if (is_device_id(wanted) && exists(store.media_path() + "/" + wanted)) ids.push_back(wanted);
  for (const auto& id : ids)
    if (std::none_of(devices.begin(), devices.end(), [&](const auto& d) { return d.id == id; }))
      devices.push_back({id, "", {}});
  return devices;
}

// RANGE is whatever follows DEVICE: its words need no quotes.
Status select(const cli::Tool& tool, const CommandLine& line, Job& job) {
  const WallMs now = floor_ms(SystemClock{}.wall());
  std::string range;
  for (const std::string& word : line.range) range += (range.empty() ? "" : " ") + word;
  CBX_ASSIGN(job.range, cli::parse_range(range, {job.store.utc_offset(), now}));
  job.open_end = range.ends_with("..");
  CBX_ASSIGN(const auto devices, known_devices(tool, job.store, job.index, line.device));
  CBX_ASSIGN(job.device, cli::select_device(line.device, devices));
  const auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.id == job.device; });
  if (found != devices.end()) job.nickname = found->nickname;
  return {};
}

Status check(const CommandLine& line) {
  if (line.device.empty() || line.range.empty())
    return fail(ErrorCode::usage, "DEVICE and RANGE are needed (see --help)");
  if (line.output == "-" && ::isatty(STDOUT_FILENO) == 1 && !line.dry_run)
    return fail(ErrorCode::usage, "standard output is a terminal: redirect it, or name a file");
  if (line.no_manifest && (!line.manifest.empty() || !line.sign.empty()))
    return fail(ErrorCode::usage, "--no-manifest leaves nothing to write or to sign");
  if (line.output == "-" && line.manifest.empty() && !line.sign.empty())
    return fail(ErrorCode::usage, "--sign signs the manifest: say where it goes with --manifest FILE");
  return {};
}

}  // namespace

void declare(cli::Tool& tool, CommandLine& line) {
  CLI::App& app = tool.app();
  app.add_option("DEVICE", line.device, "The camera: an id or nickname")->type_name("");
  app.add_option("RANGE", line.range, "A..B, A.. (up to now) or a day")->type_name("");
  app.add_option("-o,--output", line.output,
                 "File or folder; '-' is standard output (default: a name that tells "
                 "device and local time)")
      ->type_name("FILE");
  app.add_flag("-f,--force", line.force, "Overwrite files that exist");
  app.add_flag("-n,--dry-run", line.dry_run, "Only say what the cut would be");
  app.add_flag("--strict", line.strict, "Make nothing, and end with 1, when something of the range is missing");
  app.add_option("--manifest", line.manifest, "Write the manifest there (default: beside the file, .manifest behind)")
      ->type_name("FILE");
  app.add_flag("--no-manifest", line.no_manifest, "Write no manifest");
  app.add_flag("--no-check", line.no_check, "Don't read the sources whole to compare their hashes");
  app.add_option("--sign", line.sign, "Sign the manifest with this Ed25519 key (PEM)")->type_name("KEY");
}

Result<int> run(const cli::Tool& tool, const CommandLine& line, SignalFd& signals) {
  CBX_TRY(check(line));
  CBX_ASSIGN(auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto index, index::Index::open(store, index::Access::read));
  Job job{std::move(store), std::move(index), "", "", {}, false};
  CBX_TRY(select(tool, line, job));
  if (line.output == "-" && job.open_end && !line.dry_run) {
    if (!line.manifest.empty()) return fail(ErrorCode::usage, "a range without end has no manifest");
    return follow(tool, signals, job);
  }
  return make_file(tool, line, signals, job);
}

}  // namespace cbx::cut_tool

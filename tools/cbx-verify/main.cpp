// cbx-verify: files, journals and index of a store held against each other, put right, and the index made again.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/signals.h"
#include "cli/output.h"
#include "cli/times.h"
#include "cli/tool.h"
#include "progress.h"
#include "selection.h"
#include "verify/rebuild.h"
#include "verify/verify.h"

namespace {

using namespace cbx;

struct Options {
  std::vector<std::string> words;
  bool repair = false, rebuild = false;
  std::string hash, settle = "2m";
};

void declare(cli::Tool& tool, Options& o) {
  tool.add_root_option();
  tool.add_json_option();
  tool.accept_relative_times();
  CLI::App& app = tool.app();
  app.add_option("selection", o.words,
                 "[DEVICE] [RANGE]: DEVICE is an id, nickname, tag:NAME or glob; RANGE is A..B, A.. or a day")
      ->type_name("");
  auto* repair = app.add_flag("--repair", o.repair, "Put right what can be put right");
  auto* hash = app.add_flag("--hash", o.hash, "Read the files, or --hash=PERCENT of them, and compare their hashes");
  app.add_flag("--rebuild", o.rebuild, "Make index.db again from the journals and files")
      ->excludes(repair)
      ->excludes(hash);
  app.add_option("--settle", o.settle, "Leave alone what changed less than this ago")
      ->type_name("DURATION")
      ->capture_default_str();
}

// What root makes belongs to the owner of the store, or the recorder could not go on with it.
Status become_owner(const std::string& root) {
  struct stat st {};
  if (::geteuid() != 0 || ::stat(root.c_str(), &st) != 0 || st.st_uid == 0) return {};
  const passwd* user = ::getpwuid(st.st_uid);
  const int groups = user ? ::initgroups(user->pw_name, st.st_gid) : ::setgroups(0, nullptr);
  if (groups != 0 || ::setgid(st.st_gid) != 0 || ::setuid(st.st_uid) != 0)
    return fail(os_error(errno, fmt::format("cannot become the owner of '{}'", root), ErrorCode::permission));
  return {};
}

// Reading everything must not hold up a recorder.
void stand_back() {
  constexpr int kWhoProcess = 1, kClassIdle = 3, kClassShift = 13;
  (void)::syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift);
  (void)::setpriority(PRIO_PROCESS, 0, 10);
}

Result<std::optional<double>> percent_of(const std::string& text) {
  if (text.empty() || text == "false") return std::optional<double>{};
  if (text == "true") return std::optional{100.0};
  size_t used = 0;
  double percent = -1;
  try {
    percent = std::stod(text, &used);
  } catch (const std::exception&) {
  }
  if (used < text.size() && text.substr(used) == "%") used++;
  if (used != text.size() || !(percent > 0 && percent <= 100))
    return fail(ErrorCode::usage, "--hash: PERCENT is a number above 0, up to 100");
  return std::optional{percent};
}

Result<int> rebuild(const cli::Tool& tool, const store::Store& store, verify::Verifier& verifier, Filesystem& fs,
                    const Clock& clock) {
  CBX_TRY(verifier.adopt());
  CBX_TRY(verify::rebuild_index(fs, store, clock, tool.log()));
  tool.log().info("'{}' is made again", store.index_path());
  return 0;
}

Result<int> run(const cli::Tool& tool, const Options& o, SignalFd& signals) {
  verify::Options options;
  options.repair = o.repair;
  CBX_ASSIGN(options.hash_percent, percent_of(o.hash));
  CBX_ASSIGN(options.settle, cli::parse_duration(o.settle));
  if (o.rebuild && !o.words.empty()) return fail(ErrorCode::usage, "--rebuild is of the whole store");
  CBX_TRY(become_owner(tool.root()));
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  const SystemClock clock;
  PosixFilesystem fs;
  CBX_TRY(verify_tool::select(store, tool.log(), floor_ms(clock.wall()), o.words, options));
  if (options.hash_percent) stand_back();
  cli::Output out;
  cli::Table table(out, {{"KIND"}, {"PATH"}, {"REPAIRED"}, {"DETAIL"}}, tool.color(1));
  const bool lines = tool.json() || ::isatty(1) != 1;
  verify_tool::ProgressBar bar(clock, tool.color(2));
  verify::Verifier verifier(fs, store, clock, tool.log(), options);
  verifier.on_finding([&](const verify::Finding& f) {
    bar.clear();
    if (lines)
      out.line(verify::to_line(f));
    else
      table.row(
          {f.kind, f.line > 0 ? fmt::format("{}:{}", f.path, f.line) : f.path, f.repaired ? "yes" : "no", f.detail});
  });
  verifier.on_progress([&](const verify::Progress& now) {
    bar.draw(now);
    signals.drain();
    return !signals.stop_requested() && !out.failed();
  });
  if (o.rebuild) {
    CBX_ASSIGN(const int code, rebuild(tool, store, verifier, fs, clock));
    table.finish();
    CBX_TRY(out.flush());
    return code;
  }
  const auto summary = verifier.run();
  bar.clear();
  table.finish();
  CBX_TRY(out.flush());
  if (!summary) return fail(summary.error());
  if (signals.stop_requested()) return fail(ErrorCode::try_again, "stopped before the end");
  tool.log().info("{} segments of {} devices looked at, {} read ({}): {} found, {} repaired", summary->segments,
                  summary->devices, summary->hashed, cli::human_bytes(summary->hashed_bytes), summary->found,
                  summary->repaired);
  return summary->found > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  auto signals = SignalFd::create();
  cli::Tool tool("cbx-verify", "Check a store's files, journals and index against each other, and repair them",
                 CBX_VERSION);
  Options options;
  declare(tool, options);
  return tool.run(argc, argv, [&]() -> Result<int> {
    if (!signals) return fail(signals.error());
    return run(tool, options, *signals);
  });
}

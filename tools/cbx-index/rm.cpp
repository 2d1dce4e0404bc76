#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "commands.h"
#include "index/catch_up.h"
#include "index/remove.h"
#include "store/reserve.h"

namespace cbx::index_tool {
namespace {

struct Options {
  std::vector<std::string> words;
  bool dry_run = false, yes = false, all = false, pinned = false;
};

constexpr TimeRange kEver{WallMs{Millis{0}}, WallMs{Millis{253'402'300'800'000}}};

struct Victims {
  std::vector<SegmentRecord> segments;
  int64_t bytes = 0, pinned = 0;
};

// The device's segments that start in `range`: one that only reaches into it holds what was not asked for.
Result<Victims> victims_of(Session& session, const std::string& device, TimeRange range, bool pinned_too) {
  Victims victims;
  CBX_ASSIGN(const auto pins, session.index.pins(device, kEver, session.now));
  CBX_TRY(session.index.segments(device, range, false, [&](const SegmentRecord& r) {
    if (!range.contains(r.start)) return true;
    const TimeRange span{r.start, r.start + Millis{r.duration_ms}};
    const bool pinned = std::any_of(pins.begin(), pins.end(), [&](const auto& p) { return p.range.overlaps(span); });
    if (pinned && !pinned_too) {
      victims.pinned++;
      return true;
    }
    victims.bytes += r.bytes;
    victims.segments.push_back(r);
    return true;
  }));
  return victims;
}

bool confirmed(int64_t count, int64_t bytes) {
  std::cerr << fmt::format("delete {} files ({}) for good? [y/N] ", count, cli::human_bytes(bytes)) << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

Result<int> rm(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto session, Session::open(tool, index::Access::write));
  // What is in a journal and not yet in the index would stay behind.
  CBX_TRY(index::catch_up(session.index, [&](const auto& message) { tool.log().warn("{}", message); }));
  CBX_ASSIGN(session, Session::open(tool, index::Access::write));
  if (options.words.empty() && !options.all) return fail(ErrorCode::usage, "rm wants a DEVICE (or --all)");
  CBX_ASSIGN(const Selection selection, select(session, options.words));
  if (!selection.range && !options.all)
    return fail(ErrorCode::usage, "everything of a device is deleted only with --all; else give a day or a range");

  int64_t count = 0, bytes = 0, pinned = 0;
  std::vector<Victims> all;
  for (const auto& device : selection.devices) {
    CBX_ASSIGN(auto victims, victims_of(session, device, selection.range.value_or(kEver), options.pinned));
    count += static_cast<int64_t>(victims.segments.size());
    bytes += victims.bytes;
    pinned += victims.pinned;
    all.push_back(std::move(victims));
  }
  if (pinned > 0) tool.log().warn("{} pinned files are kept (see 'cbx-index unpin', or give --pinned)", pinned);
  if (count > 0 && !options.dry_run && !options.yes) {
    if (::isatty(0) != 1) return fail(ErrorCode::usage, "nobody can be asked here: give --yes (or -n to look first)");
    if (!confirmed(count, bytes)) return 1;
  }
  cli::Output out;
  PosixFilesystem fs;
  index::Removal removal;
  removal.reason = "rm";
  removal.now = session.now;
  removal.dry_run = options.dry_run;
  store::Reserve reserve(session.store);
  if (!options.dry_run) reserve.give_if_needed();
  removal.make_room = [&] { return reserve.give(); };
  // A person sees the paths, a program the records.
  const bool records = tool.json() || ::isatty(1) != 1;
  removal.done = [&](const DeleteRecord& r) { out.line(records ? to_line(r) : r.path); };
  for (const auto& victims : all) CBX_TRY(index::remove_segments(fs, session.index, victims.segments, removal));
  CBX_TRY(out.flush());
  if (!options.dry_run) (void)reserve.fill();
  tool.log().info("{} {} files, {}", options.dry_run ? "would delete" : "deleted", count, cli::human_bytes(bytes));
  return pinned > 0 ? 1 : 0;
}

}  // namespace

void add_rm(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("rm", "Delete the segments that start in a day or range, for good");
  add_selection(sub, o->words);
  sub->add_flag("-n,--dry-run", o->dry_run, "Only print what would be deleted");
  sub->add_flag("-y,--yes", o->yes, "Don't ask");
  sub->add_flag("--all", o->all, "Allow to leave out the range (all times) and the device (all devices)");
  sub->add_flag("--pinned", o->pinned, "Delete pinned ones, too");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return rm(tool, *o); }); });
}

}  // namespace cbx::index_tool

// Listings of what records say: events and pins; and noting what was pushed.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "commands.h"
#include "store/journal.h"

namespace cbx::index_tool {
namespace {

constexpr TimeRange kEver{WallMs{Millis{0}}, WallMs{Millis{253'402'300'800'000}}};

Result<int> events(const cli::Tool& tool, const std::vector<std::string>& words) {
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const Selection selection, select(session, words));
  const UtcOffset offset = session.store.utc_offset();
  cli::Output out;
  cli::Table table(out, {{"DEVICE"}, {"TIME"}, {"KIND"}, {"VALUE", cli::Align::right}, {"SOURCE"}, {"NOTE"}},
                   tool.color(1));
  for (const auto& device : selection.devices) {
    CBX_ASSIGN(const auto found, session.index.events(device, selection.range.value_or(kEver)));
    for (const auto& e : found) {
      if (tool.json())
        out.line(to_line(e));
      else
        table.row({device, cli::human_time(e.time, offset, true), e.kind, e.value ? fmt::format("{:g}", *e.value) : "-",
                   e.source.empty() ? "-" : e.source, e.note});
    }
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

Result<int> pins(const cli::Tool& tool, const std::vector<std::string>& words, bool all) {
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const Selection selection, select(session, words));
  const UtcOffset offset = session.store.utc_offset();
  cli::Output out;
  cli::Table table(out,
                   {{"DEVICE"},
                    {"FROM"},
                    {"TO"},
                    {"UNTIL"},
                    {"FILES", cli::Align::right},
                    {"SIZE", cli::Align::right},
                    {"WHO"},
                    {"REASON"}},
                   tool.color(1));
  const std::optional<WallMs> at = all ? std::nullopt : std::optional{session.now};
  for (const auto& device : selection.devices) {
    CBX_ASSIGN(const auto found, session.index.pins(device, selection.range.value_or(kEver), at));
    for (const auto& p : found) {
      if (tool.json()) {
        PinRecord r{device, p.said, p.range.from, p.range.to, p.reason, p.until, false, p.who};
        out.line(to_line(r));
        continue;
      }
      int64_t files = 0, bytes = 0;
      CBX_TRY(session.index.segments(device, p.range, false, [&](const SegmentRecord& r) {
        files++;
        bytes += r.bytes;
        return true;
      }));
      table.row({device, cli::human_time(p.range.from, offset), cli::human_time(p.range.to, offset),
                 p.until ? cli::human_time(*p.until, offset) : "-", std::to_string(files), cli::human_bytes(bytes),
                 p.who.empty() ? "-" : p.who, p.reason});
    }
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

struct Pushed {
  std::vector<std::string> words;
  std::string target, prefix;
};

Result<int> pushed(const cli::Tool& tool, const Pushed& options) {
  CBX_TRY(store::check_target(options.target));
  CBX_ASSIGN(auto session, Session::open(tool, index::Access::write));
  CBX_ASSIGN(const Selection selection, select(session, options.words));
  if (selection.all_devices || !selection.range) return fail(ErrorCode::usage, "pushed wants DEVICE and RANGE");
  const auto& targets = session.store.config().push;
  if (std::find(targets.begin(), targets.end(), options.target) == targets.end())
    tool.log().warn("'{}' is no target of this store (see 'cbx-index init --push-to')", options.target);
  PosixFilesystem fs;
  cli::Output out;
  int64_t files = 0, bytes = 0;
  for (const auto& device : selection.devices) {
    std::map<std::string, std::vector<Record>> days;
    CBX_TRY(session.index.segments(device, *selection.range, true, [&](const SegmentRecord& s) {
      if (!selection.range->contains(s.start)) return true;
      PushedRecord r;
      r.device = device;
      r.time = session.now;
      r.start = s.start;
      r.path = s.path;
      r.target = options.target;
      r.object = options.prefix + s.path;
      r.bytes = s.bytes;
      r.sha256 = s.sha256;
      days[session.store.day_folder(device, s.start)].emplace_back(std::move(r));
      files++;
      bytes += s.bytes;
      return true;
    }));
    for (const auto& [day, records] : days) {
      CBX_TRY(store::append_journal(fs, session.store, records));
      CBX_TRY(session.index.apply(records));
      if (tool.json())
        for (const auto& r : records) out.line(to_line(r));
    }
  }
  CBX_TRY(out.flush());
  tool.log().info("noted that {} files ({}) are at '{}'", files, cli::human_bytes(bytes), options.target);
  return 0;
}

}  // namespace

void add_events(cli::Tool& tool, const Choose& choose) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto* sub = tool.app().add_subcommand("events", "List what happened to cameras");
  add_selection(sub, *words);
  sub->callback([&tool, choose, words] { choose([&tool, words] { return events(tool, *words); }); });
}

void add_pins(cli::Tool& tool, const Choose& choose) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto all = std::make_shared<bool>(false);
  auto* sub = tool.app().add_subcommand("pins", "List what is kept from being pruned, by whom and why");
  add_selection(sub, *words);
  sub->add_flag("--all", *all, "Those that have run out, too");
  sub->callback([&tool, choose, words, all] { choose([&tool, words, all] { return pins(tool, *words, *all); }); });
}

void add_pushed(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Pushed>();
  auto* sub = tool.app().add_subcommand("pushed", "Note that files were copied to a target, and verified there");
  add_selection(sub, o->words);
  sub->add_option("--target", o->target, "The target, as given to 'init --push-to'")->required()->type_name("TARGET");
  sub->add_option("--prefix", o->prefix, "What stands before a file's path in its name there")->type_name("TEXT");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return pushed(tool, *o); }); });
}

}  // namespace cbx::index_tool

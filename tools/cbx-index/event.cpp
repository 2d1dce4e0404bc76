#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "base/device_id.h"
#include "base/log.h"
#include "commands.h"
#include "index/note.h"

namespace cbx::index_tool {
namespace {

struct Options {
  std::string device, kind, note, reason, until;
  std::vector<std::string> words;
};

Status record(const cli::Tool& tool, Session& session, const Record& record) {
  PosixFilesystem fs;
  CBX_TRY(index::note(fs, session.index, record));
  if (!tool.json()) return {};
  cli::Output out;
  out.line(to_line(record));
  return out.flush();
}

// Whoever typed it, also behind sudo.
std::string login_name() {
  if (const char* sudo = std::getenv("SUDO_USER"); sudo && *sudo && ::geteuid() == 0) return printable(sudo);
  const passwd* user = ::getpwuid(::geteuid());
  return user ? printable(user->pw_name) : std::to_string(::geteuid());
}

Result<int> add_one(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto session, Session::open(tool, index::Access::write));
  EventRecord event;
  CBX_ASSIGN(event.device, cli::select_device(options.device, session.devices));
  // TIME may be two words; KIND is the last one.
  std::string time;
  for (size_t i = 0; i + 1 < options.words.size(); i++) time += (i ? " " : "") + options.words[i];
  if (time.empty()) return fail(ErrorCode::usage, "event add wants DEVICE TIME KIND");
  CBX_ASSIGN(event.time, cli::parse_time(time, session.times()));
  event.kind = options.words.back();
  CBX_TRY(index::check_event_kind(event.kind));
  CBX_TRY(index::check_text("the note", options.note));
  event.note = options.note;
  event.source = "cbx-index";
  CBX_TRY(record(tool, session, event));
  return 0;
}

Result<int> pin(const cli::Tool& tool, const Options& options, bool remove) {
  CBX_ASSIGN(auto session, Session::open(tool, index::Access::write));
  PinRecord pin;
  CBX_ASSIGN(pin.device, cli::select_device(options.device, session.devices));
  CBX_ASSIGN(const TimeRange range,
             cli::parse_range(fmt::format("{}", fmt::join(options.words, " ")), session.times()));
  CBX_TRY(index::check_text("the reason", options.reason));
  pin.time = session.now;
  pin.from = range.from;
  pin.to = range.to;
  pin.reason = options.reason;
  pin.remove = remove;
  if (!options.until.empty()) {
    CBX_ASSIGN(pin.until, cli::parse_time(options.until, session.times()));
    if (*pin.until <= session.now) return fail(ErrorCode::usage, "--until lies in the past");
  }
  pin.who = login_name();
  CBX_TRY(record(tool, session, pin));
  int64_t files = 0, bytes = 0;
  CBX_TRY(session.index.segments(pin.device, range, false, [&](const SegmentRecord& r) {
    files++;
    bytes += r.bytes;
    return true;
  }));
  const UtcOffset offset = session.store.utc_offset();
  tool.log().info("{} {} from {} to {}{}: {} files, {}", remove ? "unpinned" : "pinned", pin.device,
                  cli::human_time(range.from, offset), cli::human_time(range.to, offset),
                  pin.until ? " until " + cli::human_time(*pin.until, offset) : "", files, cli::human_bytes(bytes));
  return 0;
}

}  // namespace

void add_event(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* event = tool.app().add_subcommand("event", "Events of cameras");
  event->require_subcommand(1);
  auto* sub = event->add_subcommand("add", "Note that something happened to a camera");
  sub->add_option("device", o->device, "Id or nickname")->required()->type_name("DEVICE");
  sub->add_option("what", o->words, "TIME KIND: when, and shock, motion, sos, parking or mark")
      ->required()
      ->type_name("TIME KIND");
  sub->add_option("--note", o->note, "A text for people")->type_name("TEXT");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return add_one(tool, *o); }); });
}

void add_pin(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  for (const bool remove : {false, true}) {
    auto* sub = tool.app().add_subcommand(remove ? "unpin" : "pin",
                                          remove ? "Take pins off a range" : "Keep a range from being pruned");
    sub->add_option("device", o->device, "Id or nickname")->required()->type_name("DEVICE");
    sub->add_option("range", o->words, "A..B, A.. or a day")->required()->type_name("RANGE");
    auto* reason = sub->add_option("--reason", o->reason, "Why, for people")->type_name("TEXT");
    if (!remove) reason->required();
    if (!remove) sub->add_option("--until", o->until, "When the pin ends by itself")->type_name("TIME");
    sub->callback([&tool, choose, o, remove] { choose([&tool, o, remove] { return pin(tool, *o, remove); }); });
  }
}

}  // namespace cbx::index_tool

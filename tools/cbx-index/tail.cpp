#include "index/tail.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <set>

#include "base/signals.h"
#include "commands.h"
#include "index/journal_watch.h"

namespace cbx::index_tool {
namespace {

constexpr int kLookEveryMs = 2000;

struct Options {
  std::string device, cursor_file;
  std::vector<std::string> types;
  bool follow = false, only_new = false;
};

Result<int> tail(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  std::optional<SignalFd> signals;
  std::optional<index::JournalWatch> watch;
  const SystemClock clock;
  if (options.follow) {
    CBX_ASSIGN(signals, SignalFd::create());
    CBX_ASSIGN(watch, index::JournalWatch::create(store));
  }
  index::TailCursor cursor;
  if (!options.cursor_file.empty()) {
    CBX_ASSIGN(cursor, index::TailCursor::load(options.cursor_file));
  }
  if (options.only_new && cursor.journals.empty()) CBX_TRY(index::tail_skip(store, cursor));

  index::TailFilter filter;
  std::set<std::string> wanted;
  if (!options.device.empty()) {
    CBX_ASSIGN(const auto session, Session::open(tool));
    CBX_ASSIGN(const auto ids, cli::select_devices(options.device, session.devices));
    wanted.insert(ids.begin(), ids.end());
    filter.device = [&](const std::string& id) { return wanted.count(id) > 0; };
  }
  if (!options.types.empty())
    filter.type = [&](std::string_view type) {
      return std::find(options.types.begin(), options.types.end(), type) != options.types.end();
    };

  cli::Output out;
  const auto print = [&](const Record& record) { out.line(to_line(record)); };
  const auto deliver = [&]() -> Status {
    CBX_TRY(out.flush());
    return options.cursor_file.empty() ? Status{} : cursor.save(options.cursor_file);
  };
  const auto complain = [&](const std::string& message) { tool.log().warn("{}", message); };
  for (;;) {
    if (watch) watch->refresh(floor_ms(clock.wall()));
    CBX_TRY(index::tail_once(store, cursor, filter, print, deliver, complain));
    if (!options.follow) return 0;
    pollfd fds[2] = {{signals->fd(), POLLIN, 0}, {watch->fd(), POLLIN, 0}};
    (void)::poll(fds, 2, kLookEveryMs);
    signals->drain();
    if (signals->stop_requested()) return 0;
    bool folders = false;
    (void)watch->take(folders);
  }
}

}  // namespace

void add_tail(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("tail", "Print the records of the journals, from the first or a cursor on");
  sub->add_option("device", o->device, "Id, nickname, tag:NAME or glob; all if left out")->type_name("DEVICE");
  sub->add_option("--cursor-file", o->cursor_file, "Go on where FILE says; it is moved once the lines are out")
      ->type_name("FILE");
  sub->add_option("--type", o->types, "Only records of these types, separated by commas")
      ->delimiter(',')
      ->type_name("TYPE");
  sub->add_flag("-f,--follow", o->follow, "Stay and print what comes");
  sub->add_flag("--new", o->only_new, "Without a cursor yet, start behind what is there now");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return tail(tool, *o); }); });
}

}  // namespace cbx::index_tool

#include <unistd.h>

#include "commands.h"
#include "index/adder.h"

namespace cbx::index_tool {
namespace {

// Look this often when following journals: inotify does not see what another machine writes.
constexpr Millis kWatchLook{10'000};
// A writer that holds the lock longer is waited for by trying again, so that TERM is heard.
constexpr Millis kBusy{1000};

struct Options {
  std::string watch_root;
  bool catch_up = false;
  int ready_fd = -1;
};

Result<int> add(const cli::Tool& tool, const CLI::App* sub, const Options& options) {
  CBX_ASSIGN(auto signals, SignalFd::create());
  const bool watch = sub->count("--watch") > 0;
  CBX_ASSIGN(const auto store, store::Store::open(options.watch_root.empty() ? tool.root() : options.watch_root));
  index::AdderOptions adding;
  adding.input = watch || options.catch_up ? -1 : STDIN_FILENO;
  adding.watch = watch;
  if (watch) adding.look_every = kWatchLook;
  const SystemClock clock;
  auto opened = index::Index::open(store, index::Access::write, kBusy);
  for (bool said = false; !opened && opened.error().code() == ErrorCode::try_again; said = true) {
    if (!said) tool.log().warn("cannot open the index now, trying on: {}", opened.error().message());
    signals.drain();
    if (signals.stop_requested()) return fail(std::move(opened).error());
    opened = index::Index::open(store, index::Access::write, kBusy);
  }
  if (!opened) return fail(std::move(opened).error());
  index::Adder adder(std::move(*opened), tool.log(), clock, signals, adding);
  adder.on_ready([&] { notify_ready(options.ready_fd); });
  CBX_ASSIGN(const int64_t bad, adder.run());
  if (bad > 0) return fail(ErrorCode::data, fmt::format("{} bad lines were left out", bad));
  return 0;
}

}  // namespace

void add_add(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("add", "Add records from standard input and from the journals");
  auto* watch = sub->add_option("--watch", o->watch_root, "Follow the journals of ROOT (default: --root); no input")
                    ->expected(0, 1)
                    ->type_name("[ROOT]");
  sub->add_flag("--catch-up", o->catch_up, "Read what the journals have and leave; makes a deleted index again")
      ->excludes(watch);
  sub->add_option("--ready-fd", o->ready_fd, "Write a newline to descriptor N when caught up")->type_name("N");
  sub->callback([&tool, choose, sub, o] { choose([&tool, sub, o] { return add(tool, sub, *o); }); });
}

}  // namespace cbx::index_tool

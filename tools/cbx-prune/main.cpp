// cbx-prune: deletes what is too old or too much.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "index/catch_up.h"
#include "options.h"
#include "report.h"
#include "state/state.h"

namespace cbx::prune_tool {
namespace {

constexpr Millis kBusy{60'000};

// One at a time: the folder itself is what is locked, so that a full disk can't stand in the way.
Result<UniqueFd> lock_store(const store::Store& store) {
  UniqueFd fd{::open(store.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return fail(os_error(errno, fmt::format("cannot open '{}'", store.root())));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK)
    return fail(ErrorCode::try_again, fmt::format("another cbx-prune is at work on '{}'", store.root()));
  return fail(os_error(errno, fmt::format("cannot lock '{}'", store.root())));
}

// The index with all that the journals say: a pin that is not in the index yet counts, too.
Result<index::Index> open_index(const store::Store& store, const Logger& log) {
  CBX_ASSIGN(auto index, index::Index::open(store, index::Access::write, kBusy));
  CBX_TRY(index::catch_up(index, [&](const auto& message) { log.warn("{}", message); }));
  return index;
}

Result<index::Index> open_with_room(const store::Store& store, store::Reserve& reserve, const Logger& log) {
  for (;;) {
    auto index = open_index(store, log);
    if (index) return index;
    const bool full = store::is_no_space(index.error()) || index.error().code() == ErrorCode::io ||
                      index.error().code() == ErrorCode::no_input;
    if (full && reserve.give()) continue;
    if (index.error().code() == ErrorCode::try_again)
      return fail(ErrorCode::try_again,
                  fmt::format("the index was locked for {} s, nothing was deleted", kBusy.count() / 1000));
    return index;
  }
}

Result<Known> known_devices(const store::Store& store, index::Index& index) {
  Known known;
  // Whoever may delete files need not be allowed to read keys.
  auto state = state::State::open(store.state_path(), false);
  if (state) {
    CBX_ASSIGN(const auto devices, state->devices());
    for (const auto& d : devices) known.devices.push_back({d.id, d.nickname, d.tags});
  } else {
    known.tags_known = state.error().code() == ErrorCode::no_input && ::access(store.state_path().c_str(), F_OK) != 0;
  }
  CBX_ASSIGN(const auto ids, index.devices());
  for (const auto& id : ids)
    if (std::none_of(known.devices.begin(), known.devices.end(), [&](const auto& d) { return d.id == id; }))
      known.devices.push_back({id, "", {}});
  std::sort(known.devices.begin(), known.devices.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return known;
}

Result<int> run(const cli::Tool& tool, const CommandLine& line) {
  const bool touches = !line.dry_run && !line.explain;
  CommandLine without_devices = line;
  without_devices.selectors.clear();
  without_devices.rules.clear();
  CBX_TRY(resolve(without_devices, {}, tool.log()));  // a wrong command line is told before anything is opened
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  UniqueFd lock;
  if (touches) {
    CBX_ASSIGN(lock, lock_store(store));
  }
  store::Reserve reserve(store);
  if (touches) reserve.give_if_needed();
  CBX_ASSIGN(auto index, open_with_room(store, reserve, tool.log()));
  CBX_ASSIGN(const Known known, known_devices(store, index));
  CBX_ASSIGN(const prune::Options options, resolve(line, known, tool.log()));

  PosixFilesystem fs;
  const SystemClock clock;
  cli::Output out;
  prune::Pruner pruner(fs, index, tool.log(), clock, reserve, options);
  // A person who only looks sees paths, a program records; what cron deletes is not mailed.
  const bool records = tool.json() || ::isatty(1) != 1;
  if (tool.json() || line.dry_run)
    pruner.deleted = [&](const DeleteRecord& r) { out.line(records ? to_line(r) : r.path + "  (" + r.reason + ")"); };
  ExplainPrinter printer(out, store, tool);
  if (line.explain) pruner.explain = [&](const prune::Explained& e) { return printer.print(e); };
  auto outcome = pruner.run();
  printer.finish();
  const Status written = out.flush();
  if (!outcome) return fail(std::move(outcome).error());
  auto code = line.explain ? Result<int>(0) : conclude(*outcome, options, tool.log());
  CBX_TRY(written);
  return code;
}

}  // namespace
}  // namespace cbx::prune_tool

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-prune", "Delete what is too old or too much", CBX_VERSION);
  tool.add_root_option();
  tool.add_json_option();
  cbx::prune_tool::CommandLine line;
  cbx::prune_tool::declare(tool, line);
  return tool.run(argc, argv, [&] { return cbx::prune_tool::run(tool, line); });
}

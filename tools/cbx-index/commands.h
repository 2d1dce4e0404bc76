// The subcommands of cbx-index: each declares its options and says what to run when it is chosen.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/selector.h"
#include "cli/times.h"
#include "cli/tool.h"
#include "index/index.h"

namespace cbx::index_tool {

using Body = std::function<Result<int>()>;
using Choose = std::function<void(Body)>;

void add_init(cli::Tool& tool, const Choose& choose);
void add_add(cli::Tool& tool, const Choose& choose);
void add_list(cli::Tool& tool, const Choose& choose);
void add_show(cli::Tool& tool, const Choose& choose);
void add_gaps(cli::Tool& tool, const Choose& choose);
void add_coverage(cli::Tool& tool, const Choose& choose);
void add_why(cli::Tool& tool, const Choose& choose);
void add_tail(cli::Tool& tool, const Choose& choose);
void add_event(cli::Tool& tool, const Choose& choose);
void add_pin(cli::Tool& tool, const Choose& choose);
void add_events(cli::Tool& tool, const Choose& choose);
void add_pins(cli::Tool& tool, const Choose& choose);
void add_pushed(cli::Tool& tool, const Choose& choose);
void add_forecast(cli::Tool& tool, const Choose& choose);
void add_rm(cli::Tool& tool, const Choose& choose);

// What most subcommands start from: the store, its index, and the devices that can be named.
struct Session {
  store::Store store;
  index::Index index;
  std::vector<cli::SelectableDevice> devices;  // of the index and of state.db, sorted by id
  WallMs now;

  static Result<Session> open(const cli::Tool& tool, index::Access access = index::Access::read);
  cli::TimeContext times() const { return {store.utc_offset(), now}; }
  // The nickname, or "".
  const std::string& nickname(const std::string& id) const;
};

// `[DEVICE] [RANGE]` as people type them: either may be left out, and a range's words need no quotes.
struct Selection {
  std::vector<std::string> devices;
  std::optional<TimeRange> range;
  bool all_devices = false;  // none was named
};
Result<Selection> select(const Session& session, const std::vector<std::string>& words);

// Declares the positional words of a Selection.
void add_selection(CLI::App* sub, std::vector<std::string>& words);

}  // namespace cbx::index_tool

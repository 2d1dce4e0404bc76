// The command line of cbx-prune.
#pragma once

#include <string>
#include <vector>

#include "cli/selector.h"
#include "cli/tool.h"
#include "prune/pruner.h"

namespace cbx::prune_tool {

struct CommandLine {
  std::vector<std::string> selectors, rules;
  std::string keep = "30d", max_size, min_free, keep_events, events_for = "90d", events_at_most = "10%",
              keep_journals = "400d";
  bool even_unpushed = false, clock_is_right = false, dry_run = false, explain = false;
};

void declare(cli::Tool& tool, CommandLine& line);

// The devices that can be named; `tags_known` is false when state.db could not be read.
struct Known {
  std::vector<cli::SelectableDevice> devices;
  bool tags_known = true;
};

// What the words mean for these devices.  Of several rules for one device the last that sets something wins.
Result<prune::Options> resolve(const CommandLine& line, const Known& known, const Logger& log);

}  // namespace cbx::prune_tool

// What cbx-prune says.
#pragma once

#include "cli/output.h"
#include "cli/tool.h"
#include "prune/pruner.h"

namespace cbx::prune_tool {

// The lines of --explain, as a table or as `decision` records.
class ExplainPrinter {
 public:
  ExplainPrinter(cli::Output& out, const store::Store& store, const cli::Tool& tool);
  Status print(const prune::Explained& file);
  void finish() { table_.finish(); }

 private:
  cli::Output& out_;
  const store::Store& store_;
  bool json_;
  cli::Table table_;
};

// Says what was done and what could not be; the exit code, or the error to end with.
Result<int> conclude(const prune::Outcome& outcome, const prune::Options& options, const Logger& log);

}  // namespace cbx::prune_tool

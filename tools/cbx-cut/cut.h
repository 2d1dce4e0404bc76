// cbx-cut: what the command line says, and the two ways of doing it.
#pragma once

#include <string>
#include <vector>

#include "base/signals.h"
#include "cli/selector.h"
#include "cli/times.h"
#include "cli/tool.h"
#include "cut/cut.h"

namespace cbx::cut_tool {

struct CommandLine {
  std::string device;
  std::vector<std::string> range;  // words of it
  std::string output, manifest, sign;
  bool force = false, dry_run = false, strict = false, no_check = false, no_manifest = false;
};
void declare(cli::Tool& tool, CommandLine& line);

struct Job {
  store::Store store;
  index::Index index;
  std::string device, nickname;
  TimeRange range;
  bool open_end = false;  // the range has no end: `A..`
};

// Value 1: gaps where none were allowed, or a source that is not what was recorded.
Result<int> run(const cli::Tool& tool, const CommandLine& line, SignalFd& signals);
Result<int> make_file(const cli::Tool& tool, const CommandLine& line, SignalFd& signals, Job& job);
Result<int> follow(const cli::Tool& tool, SignalFd& signals, Job& job);

}  // namespace cbx::cut_tool

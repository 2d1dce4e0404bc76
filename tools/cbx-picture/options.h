// The command line of cbx-picture.
#pragma once

#include <string>
#include <vector>

#include "cli/tool.h"

namespace cbx::picture {

struct CommandLine {
  std::string device;
  std::vector<std::string> time;  // its words
  std::string file;               // instead of DEVICE; "-": standard input
  std::string output;
  int width = 0;
  bool force = false;
};

// Declares the options on the tool; `line` outlives the parsing.
void declare(cli::Tool& tool, CommandLine& line);
Result<int> run(const cli::Tool& tool, const CommandLine& line);

}  // namespace cbx::picture

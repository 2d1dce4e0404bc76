// The frame that all tools share: common options, their spelling, the logger, and one place that turns an Error into a
// message and an exit code.  A tool's main is: make a Tool, declare options on tool.app(), return tool.run(...).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace cbx::cli {

enum class ColorMode { automatic, always, never };

class Tool {
 public:
  // `name` is the binary's name, `purpose` one line for --help.  Made first in main: it guards the standard
  // descriptors.
  Tool(std::string name, std::string purpose, std::string version);

  CLI::App& app() { return app_; }
  // Declares --root (environment CBX_ROOT, default /var/lib/cbx); root() is its value without a trailing slash.
  void add_root_option();
  // Lets arguments such as -2h be values: for tools that take times.
  void accept_relative_times() { relative_times_ = true; }
  // Declares --json.
  void add_json_option();

  const std::string& root() const { return root_; }
  bool json() const { return json_; }
  // Whether `fd` (1 or 2) should get colour: --color, NO_COLOR, TERM=dumb, and whether it is a terminal.
  bool color(int fd) const;
  // Valid inside run's body.
  const Logger& log() const { return *log_; }

  // Before that, settings of --config FILE (CBX_CONFIG, default /etc/cbx/cbx.toml) are taken for options that neither
  // the command line nor the environment gives: key = value for all tools, or under [tool] or [tool.subcommand].
  //
  // Parses argv, runs `body`, reports its Error on stderr and returns the exit code: what body returned, the Error's
  // code, 64 for a wrong command line, 74 when standard output could not be written.  Body's value is 0 or 1.
  int run(int argc, char** argv, const std::function<Result<int>()>& body);

 private:
  // The exit code that parsing ends the program with, or nullopt to go on.
  std::optional<int> parse(int argc, char** argv);

  std::string name_, version_;
  CLI::App app_;
  std::string root_ = "/var/lib/cbx";
  std::string config_;
  bool json_ = false, relative_times_ = false;
  int verbose_ = 0, quiet_ = 0;
  std::string log_format_ = "text";
  std::string color_ = "auto";
  std::optional<Logger> log_;
};

}  // namespace cbx::cli

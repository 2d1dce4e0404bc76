// The configuration file (private to lib/cli).  CLI11 would let the file beat the environment; cbx wants flag, then
// environment, then file, so the file's values are handed to CLI11 as if they were environment variables.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace cbx::cli {

// Environment variables set for the time of parsing, unset again by the destructor.
class ConfigValues {
 public:
  ConfigValues() = default;
  ConfigValues(const ConfigValues&) = delete;
  ConfigValues& operator=(const ConfigValues&) = delete;
  ~ConfigValues();

  // Reads `path` for the tool: keys before the first section for every tool that has such an option, those of
  // [tool] and [tool.subcommand] for this one.  A missing file is no error unless `required`.  Call before threads.
  Status load(const std::string& path, bool required, const std::string& tool, CLI::App& app);

 private:
  Status set(CLI::App& app, const CLI::ConfigItem& item, const std::string& path);
  std::vector<std::string> variables_;
};

}  // namespace cbx::cli

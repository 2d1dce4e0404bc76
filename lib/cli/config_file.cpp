#include "cli/config_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/log.h"

namespace cbx::cli {

ConfigValues::~ConfigValues() {
  for (const auto& name : variables_) ::unsetenv(name.c_str());
}

Status ConfigValues::load(const std::string& path, bool required, const std::string& tool, CLI::App& app) {
  if (::access(path.c_str(), R_OK) != 0) {
    if (errno == ENOENT && !required) return {};
    return fail(os_error(errno, fmt::format("cannot read '{}'", path)));
  }
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(path);
  } catch (const CLI::Error& e) {
    return fail(ErrorCode::config, fmt::format("'{}': {}", path, printable(e.what())));
  }
  // Sections last, so that they win over what stands before them.
  for (const bool section : {true, false}) {
    for (const auto& item : items) {
      if (item.name == "++" || item.name == "--") continue;  // CLI11's marks of a section's begin and end
      if (item.parents.empty() == section || (section && item.parents.front() != tool)) continue;
      CBX_TRY(set(app, item, path));
    }
  }
  return {};
}

Status ConfigValues::set(CLI::App& app, const CLI::ConfigItem& item, const std::string& path) {
  CLI::App* at = &app;
  for (size_t i = 1; i < item.parents.size(); i++) {
    const std::string& name = item.parents[i];
    const auto found = at->get_subcommands([&](CLI::App* sub) { return sub->check_name(name); });
    at = found.empty() ? nullptr : found.front();
    if (!at)
      return fail(ErrorCode::config, fmt::format("'{}': unknown section '{}'", path, printable(item.fullname())));
  }
  CLI::Option* option = at->get_option_no_throw("--" + item.name);
  if (!option) {
    if (item.parents.empty()) return {};  // another tool's
    return fail(ErrorCode::config, fmt::format("'{}': unknown setting '{}'", path, printable(item.fullname())));
  }
  if (option->get_envname().empty()) {
    std::string name = "CBX_CONFIG_VALUE_" + std::to_string(variables_.size());
    option->envname(name);
  }
  const std::string& name = option->get_envname();
  if (const char* present = std::getenv(name.c_str()); present && *present) return {};
  std::string value = item.inputs.empty() ? "true" : item.inputs.front();
  if (item.inputs.size() > 1) {
    value = "[";
    for (const auto& input : item.inputs) value += (value.size() > 1 ? "," : "") + input;
    value += "]";
  }
  ::setenv(name.c_str(), value.c_str(), 1);
  variables_.push_back(name);
  return {};
}

}  // namespace cbx::cli

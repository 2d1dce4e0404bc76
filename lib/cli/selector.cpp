#include "cli/selector.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/log.h"

namespace cbx::cli {

Result<std::vector<std::string>> select_devices(std::string_view selector, std::span<const SelectableDevice> devices) {
  std::vector<std::string> ids;
  const auto collect = [&](auto&& matches) {
    for (const auto& device : devices)
      if (matches(device)) ids.push_back(device.id);
    return !ids.empty();
  };
  if (selector.empty()) {
    collect([](const auto&) { return true; });
    return ids;
  }
  if (collect([&](const auto& d) { return d.id == selector; })) return ids;
  // Different people may call theirs the same; to delete the wrong one's would be worse than to ask.
  if (collect([&](const auto& d) { return d.nickname == selector; })) {
    if (ids.size() == 1) return ids;
    return fail(ErrorCode::usage, fmt::format("'{}' is the nickname of {}: say which by its id",
                                              printable(selector.substr(0, 80)), fmt::join(ids, ", ")));
  }
  if (selector.substr(0, 4) == "tag:") {
    const std::string_view tag = selector.substr(4);
    if (collect([&](const auto& d) { return std::find(d.tags.begin(), d.tags.end(), tag) != d.tags.end(); }))
      return ids;
    return fail(ErrorCode::no_input, fmt::format("no device has the tag '{}'", printable(tag.substr(0, 80))));
  }
  const std::string pattern(selector);
  const auto fits = [&](const std::string& text) { return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0; };
  if (pattern.find_first_of("*?[") != std::string::npos &&
      collect([&](const auto& d) { return fits(d.id) || (!d.nickname.empty() && fits(d.nickname)); }))
    return ids;
  return fail(ErrorCode::no_input, fmt::format("no device '{}'", printable(selector.substr(0, 80))));
}

Result<std::string> select_device(std::string_view selector, std::span<const SelectableDevice> devices) {
  CBX_ASSIGN(auto ids, select_devices(selector, devices));
  if (ids.size() == 1) return std::move(ids.front());
  return fail(ErrorCode::usage,
              fmt::format("'{}' means {} devices, one is wanted", printable(selector.substr(0, 80)), ids.size()));
}

}  // namespace cbx::cli

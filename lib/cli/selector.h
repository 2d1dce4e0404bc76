// DEVICE on a command line: an id, a nickname, tag:NAME or a glob (* ? [a-z]) over ids and nicknames; left out, all.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cbx::cli {

struct SelectableDevice {
  std::string id, nickname;
  std::vector<std::string> tags;
};

// The ids that `selector` means, in the order of `devices`.  An exact id wins over a nickname, a nickname over a glob.
// Errors: no_input when it means none; usage when several have it as their nickname.
Result<std::vector<std::string>> select_devices(std::string_view selector, std::span<const SelectableDevice> devices);

// The same where exactly one is wanted; error `usage` when it means several.
Result<std::string> select_device(std::string_view selector, std::span<const SelectableDevice> devices);

}  // namespace cbx::cli

// A device shown to a user who doesn't own it.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace cbx::state {

struct Share {
  std::string device, user;
  std::optional<WallMs> until;  // not valid from then on
  WallMs created{};
  bool operator==(const Share&) const = default;
};

}  // namespace cbx::state

// Leave to sign up where not everybody may.
#pragma once

#include <chrono>
#include <string>

#include "base/time.h"

namespace cbx::state {

struct Invite {
  std::string id{};     // public: the first 12 hex digits of its secret's SHA-256
  std::string email{};  // only who reads mail there can use it; empty: anybody who has it
  bool admin = false;   // who signs up by it becomes an admin
  WallMs created{}, until{};
  std::string by{};  // the admin who made it; empty: at the terminal
  bool operator==(const Invite&) const = default;
};

inline constexpr std::chrono::hours kInviteLasts{24 * 7};

struct NewInvite {
  Invite invite;
  std::string secret;  // 43 characters of base64url, not to be had again
};

}  // namespace cbx::state

// Somebody who may log in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cbx::state {

struct User {
  std::string name;           // login name, see is_login_name(); never changes
  std::string email;          // may be empty; unique, whatever its case, when it is not
  std::string password_hash;  // as hash_password() gives it; empty: only tokens let this user in
  bool admin = false;
  bool enabled = true;
  WallMs created{};
  std::optional<WallMs> email_proven{};  // when a code that was sent there came back
  std::string language{};                // "en", "ko": for letters and pages; empty: not known
  bool totp = false;                     // the second factor is an authenticator, not a code by e-mail
  bool operator==(const User&) const = default;
};

// [a-z0-9][a-z0-9._-]{0,63}
bool is_login_name(std::string_view text);
// Errors are `data`.
Status check_login_name(std::string_view text);
// local@domain, at most 254 bytes (RFC 5321, 4.5.3.1), without spaces and control characters.  Whether it exists only a
// letter can tell.
Status check_email(std::string_view text);
// 2 to 8 small letters, or nothing.
Status check_language(std::string_view text);

// What goes with a user, or stays behind without one.
struct Belongings {
  std::vector<std::string> devices;  // that the user owns: they stay, without an owner
  int tokens = 0;                    // go
  int shares = 0;                    // go
  int sessions = 0;                  // go
};

}  // namespace cbx::state

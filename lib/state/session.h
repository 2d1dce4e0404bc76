// Somebody who is logged in at a browser.
//
// The browser keeps 32 random bytes; state.db keeps their SHA-256, which is enough for a secret that can't be guessed.
#pragma once

#include <string>

#include "base/time.h"
#include "state/token.h"

namespace cbx::state {

struct Session {
  std::string id;  // public: the first 12 hex digits of its digest
  TokenDigest digest{};
  std::string user;
  WallMs created{}, last_used{},
      until{};          // last_used: within some minutes; until: it ends then, however much it is used
  std::string address;  // from where it was last used
  std::string agent;    // User-Agent, at most 200 bytes of printable UTF-8
  bool operator==(const Session&) const = default;
};

// How long a session lasts, and how long one that nobody uses.
inline constexpr std::chrono::hours kSessionLasts{24 * 90}, kSessionIdles{24 * 14};

// False for one that ended or idled out, and for one of a time that is yet to come (the clock had been wrong).
bool session_valid(const Session& session, WallMs now);

struct NewSession {
  Session session;
  std::string secret;  // 43 characters of base64url, not to be had again; token_digest() finds the session
};

}  // namespace cbx::state

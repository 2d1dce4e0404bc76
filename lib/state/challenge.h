// Something that somebody has begun and must prove with a code: 6 digits, 10 minutes, 5 tries, single use.
//
// Whoever began it keeps its id, 32 random bytes; state.db keeps their SHA-256.  Of the code it keeps a BLAKE2b hash
// (RFC 7693) keyed with the id, so that a copy of state.db tells no code: a million of them would be tried in no time.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/time.h"

namespace cbx::state {

enum class ChallengeKind {
  sign_up,  // proven, it becomes a user
  login,    // the password was right
  reset,    // proven, it takes a new password
  email,    // a user's new address
};
enum class Factor { email, totp };
// "sign_up", "login", "reset", "email"; "email", "totp"
std::string_view challenge_kind_name(ChallengeKind kind);
std::string_view factor_name(Factor factor);

struct Challenge {
  ChallengeKind kind = ChallengeKind::login;
  Factor factor = Factor::email;
  std::string user{};   // whose; empty: a sign-up, or a reset for an address that nobody has (it can never be proven)
  std::string email{};  // where the code is sent
  std::string name{}, password_hash{}, language{}, invite_id{};  // sign_up: what the user will be
  bool proven = false;                                           // sign_up, reset: the code was right
  int tries_left = 5, sends_left = 3;
  WallMs created{}, until{};
  bool operator==(const Challenge&) const = default;
};

// How long a code is valid, and after it was right, how long there is to go on.
inline constexpr std::chrono::minutes kChallengeLasts{10};

struct NewChallenge {
  std::string id;    // 43 characters of base64url
  std::string code;  // 6 digits; empty with Factor::totp, whose codes an authenticator makes
};

enum class Verdict {
  right,
  wrong,
  gone,  // never was, expired, used, or all tries were wrong
};

struct Proof {
  Verdict verdict = Verdict::gone;
  int tries_left = 0;
  Challenge challenge{};  // as it is now; not with `gone`
};

}  // namespace cbx::state

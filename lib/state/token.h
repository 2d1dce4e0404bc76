// Tokens: what scripts, cameras and people with a link show instead of a password.
//
// A token is 32 random bytes, shown once; state.db keeps its SHA-256, which is enough for a secret that can't be
// guessed.  What was found somewhere can be told by its id, the first 12 hex digits of that SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace cbx::state {

using TokenDigest = std::array<uint8_t, 32>;

enum class TokenKind {
  user,    // may what its user may, or less
  device,  // a camera's own: may report about itself
  link,    // whoever has it may look at one device until it expires
};
// "user", "device", "link"
std::string_view token_kind_name(TokenKind kind);

struct Token {
  std::string id;  // public; given by add_token()
  TokenDigest digest{};
  TokenKind kind = TokenKind::user;
  std::string user;             // kind user: whose; else empty
  std::string device;           // kind user: for this device alone, if not empty; else the device
  std::string name;             // for people: "backup script"
  bool read_only = false;       // always so with links
  std::optional<WallMs> until;  // not valid from then on; links always have it
  WallMs created{};
  std::optional<WallMs> last_used;  // the day (UTC midnight)
  bool operator==(const Token&) const = default;
};

struct NewToken {
  Token token;
  std::string secret;  // "cbx_…": not to be had again
};

// Whether the text can be a token: "cbx_" and 43 characters of base64url (RFC 4648, 5).
bool is_token(std::string_view text);
TokenDigest token_digest(std::string_view secret);
// Text of at most 64 columns without control characters.  Error `data`.
Status check_token_name(std::string_view name);

}  // namespace cbx::state

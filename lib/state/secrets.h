// Random secrets and their hashes (private to lib/state).  Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "state/token.h"

namespace cbx::state {

// 32 random bytes as 43 characters of base64url (RFC 4648, 5).
Result<std::string> random_secret();
bool is_secret(std::string_view text);
Result<Bytes> random_bytes(size_t count);
// Every number of that many digits is equally likely.
Result<std::string> random_digits(int count);
// Letters and digits without look-alikes (0 o 1 l i).
Result<std::string> random_letters(size_t count);

// The public name of what has this digest: its first 12 hex digits.
std::string digest_id(const TokenDigest& digest);
// BLAKE2b-256 (RFC 7693) keyed with 16 to 64 bytes.
Bytes keyed_hash(ByteSpan key, std::string_view text);
// Takes as long for those that differ at once as for equal ones.
bool same_bytes(ByteSpan a, ByteSpan b);

// A code as people type it, in small letters, without spaces and hyphens; empty when it is too long for any.
std::string plain_code(std::string_view typed);

}  // namespace cbx::state

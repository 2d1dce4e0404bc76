// Passwords: Argon2id (RFC 9106) by libsodium, 64 MiB and two passes, about 0.1 s of a core.  Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cbx::state {

// 8 characters to 1024 bytes of UTF-8 without control characters, and not a token.  Error `data`, which never shows it.
Status check_password(std::string_view password);

// "$argon2id$v=19$m=…": with a salt of its own.  Errors: data (see check_password), try_again (no memory).
Result<std::string> hash_password(std::string_view password);

// Takes as long for a wrong password as for the right one; false for a hash that is none.
bool verify_password(const std::string& hash, std::string_view password);

// The hash of a password that nobody knows, for names that nobody has: verifying against it takes the usual time.
const std::string& nobodys_hash();

}  // namespace cbx::state

// One-time codes of authenticator apps: TOTP (RFC 6238) with what those apps agree on: SHA-1, 6 digits, 30 seconds.
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace cbx::state {

// RFC 4648, 6; without padding.
std::string to_base32(ByteSpan bytes);
// In either case, with spaces, without padding.  Error `data`.
Result<Bytes> from_base32(std::string_view text);

// HOTP (RFC 4226): `digits` (6 to 8) decimal digits.
std::string hotp(ByteSpan key, uint64_t counter, int digits = 6);
// The step that `at` is in; 0 before 1970.
int64_t totp_step(WallMs at);
// What an authenticator with this secret (base32) shows at that time.  Error `data`.
Result<std::string> totp_code(std::string_view secret, WallMs at);

// otpauth://totp/ISSUER:USER?secret=…, what the QR code for an authenticator says:
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format.  It is a secret.
std::string totp_uri(std::string_view secret, std::string_view user, std::string_view issuer);

}  // namespace cbx::state

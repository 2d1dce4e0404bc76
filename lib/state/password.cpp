#include "state/password.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "state/device.h"
#include "state/token.h"

namespace cbx::state {
namespace {

constexpr size_t kShortest = 8, kLongest = 1024;
constexpr auto kPasses = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE;
constexpr auto kMemory = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE;

// Picks the fastest implementation for this processor; harmless, and thread-safe, when repeated.
bool ready() {
  static const bool done = sodium_init() >= 0;
  return done;
}

}  // namespace

Status check_password(std::string_view password) {
  if (password.size() > kLongest || !is_utf8(password))
    return fail(ErrorCode::data, "a password is UTF-8 text of at most 1024 bytes");
  if (printable(password) != password) return fail(ErrorCode::data, "the password holds control characters");
  const auto characters = std::count_if(password.begin(), password.end(), [](char c) { return (c & 0xc0) != 0x80; });
  if (static_cast<size_t>(characters) < kShortest)
    return fail(ErrorCode::data, fmt::format("the password is shorter than {} characters", kShortest));
  if (is_token(password)) return fail(ErrorCode::data, "the password looks like a token and would be taken for one");
  return {};
}

Result<std::string> hash_password(std::string_view password) {
  CBX_TRY(check_password(password));
  char hash[crypto_pwhash_argon2id_STRBYTES];
  if (!ready()) return fail(ErrorCode::internal, "cannot initialise libsodium");
  if (crypto_pwhash_argon2id_str(hash, password.data(), password.size(), kPasses, kMemory) != 0)
    return fail(ErrorCode::try_again, "cannot hash the password: no memory");
  return std::string(hash);
}

bool verify_password(const std::string& hash, std::string_view password) {
  // libsodium reads the whole buffer's size of a hash string.
  char fixed[crypto_pwhash_argon2id_STRBYTES] = {};
  if (!ready() || hash.size() >= sizeof fixed) return false;
  std::copy(hash.begin(), hash.end(), fixed);
  return crypto_pwhash_argon2id_str_verify(fixed, password.data(), password.size()) == 0;
}

const std::string& nobodys_hash() {
  static const std::string hash = [] {
    auto password = generate_key();
    auto made = password ? hash_password(*password) : std::string();
    return made ? *made : std::string();
  }();
  return hash;
}

}  // namespace cbx::state

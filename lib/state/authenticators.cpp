// Second factors: authenticators, recovery codes, and codes from an operator.
#include <fmt/format.h>

#include <array>

#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {
namespace {

// As long as SHA-1's output (RFC 4226, 4: 160 bits are recommended).
constexpr size_t kSecretBytes = 20;
constexpr size_t kSaltBytes = 32;
constexpr int kTotpDigits = 6, kRecoveryCodes = 10, kOperatorDigits = 8, kOperatorTries = 5;
constexpr size_t kRecoveryHalf = 5;
// Steps that are remembered as used, of which a log-in takes one.  Only those within the window matter, but a clock
// that was wrong comes by the same time again.
constexpr int kStepsKept = 100;
constexpr auto kOperatorCodeLasts = kChallengeLasts;

// The step in which the code is right, one early or late (RFC 6238, 5.2).
std::optional<int64_t> matching_step(ByteSpan secret, const std::string& code, WallMs now) {
  std::optional<int64_t> found;
  for (const int64_t step : {totp_step(now) - 1, totp_step(now) + 1, totp_step(now)})
    if (step >= 0 && same_bytes(as_bytes(hotp(secret, static_cast<uint64_t>(step), kTotpDigits)), as_bytes(code)))
      found = step;
  return found;
}

// False when the step was used before.
Result<bool> use_step(State::Impl& impl, std::string_view user, int64_t step) {
  CBX_TRY(impl.run("INSERT OR IGNORE INTO totp_used (user, step) VALUES (?1, ?2)", user, step));
  if (impl.db.changes() == 0) return false;
  CBX_TRY(
      impl.run("DELETE FROM totp_used WHERE number IN (SELECT number FROM totp_used WHERE user = ?1 "
               "ORDER BY number DESC LIMIT -1 OFFSET ?2)",
               user, kStepsKept));
  return true;
}

struct Authenticator {
  Bytes secret, pending, salt;
};

Result<Authenticator> authenticator_of(State::Impl& impl, std::string_view user) {
  CBX_ASSIGN(auto* statement, impl.db.cached("SELECT secret, pending, salt FROM totp WHERE user = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(user).step());
  Authenticator found;
  if (row) found = {statement->blob(0), statement->blob(1), statement->blob(2)};
  statement->reset();
  return found;
}

Result<bool> use_recovery_code(State::Impl& impl, std::string_view user, ByteSpan salt, const std::string& code) {
  if (code.size() != 2 * kRecoveryHalf) return false;
  const Bytes given = keyed_hash(salt, code);
  CBX_ASSIGN(auto* statement, impl.db.cached("SELECT hash FROM recovery_code WHERE user = ?1"));
  statement->bind(user);
  bool right = false;
  for (;;) {
    CBX_ASSIGN(const bool row, statement->step());
    if (!row) break;
    right |= same_bytes(statement->blob_view(0), given);
  }
  if (right) CBX_TRY(impl.run("DELETE FROM recovery_code WHERE user = ?1 AND hash = ?2", user, given));
  return right;
}

Result<std::vector<std::string>> new_recovery_codes(State::Impl& impl, std::string_view user, ByteSpan salt) {
  CBX_TRY(impl.run("DELETE FROM recovery_code WHERE user = ?1", user));
  std::vector<std::string> codes;
  for (int i = 0; i < kRecoveryCodes; i++) {
    CBX_ASSIGN(std::string code, random_letters(2 * kRecoveryHalf));
    CBX_TRY(impl.run("INSERT INTO recovery_code (user, hash) VALUES (?1, ?2)", user, keyed_hash(salt, code)));
    codes.push_back(code.insert(kRecoveryHalf, "-"));
  }
  return codes;
}

}  // namespace

Result<bool> State::Impl::has_totp(std::string_view user) {
  CBX_ASSIGN(auto* statement, db.cached("SELECT 1 FROM totp WHERE user = ?1 AND secret IS NOT NULL"));
  CBX_ASSIGN(const bool row, statement->bind(user).step());
  statement->reset();
  return row;
}

Result<bool> State::Impl::take_second_factor(std::string_view user, const std::string& plain_code, WallMs now) {
  CBX_ASSIGN(const auto known, authenticator_of(*this, user));
  if (known.secret.empty()) return false;
  if (const auto step = matching_step(known.secret, plain_code, now)) return use_step(*this, user, *step);
  return use_recovery_code(*this, user, known.salt, plain_code);
}

Result<bool> State::Impl::take_operator_code(std::string_view user, const std::string& plain_code, WallMs now) {
  if (plain_code.size() != kOperatorDigits) return false;
  CBX_ASSIGN(auto* statement, db.cached("SELECT salt, hash, tries_left FROM operator_code WHERE user = ?1 "
                                        "AND until_ms > ?2 AND until_ms <= ?3"));
  CBX_ASSIGN(const bool row, statement->bind(user, now, now + 2 * kOperatorCodeLasts).step());
  if (!row) return false;
  const Bytes salt = statement->blob(0), hash = statement->blob(1);
  const bool last = statement->integer(2) <= 1;
  statement->reset();
  const bool right = same_bytes(keyed_hash(salt, plain_code), hash);
  if (right || last)
    CBX_TRY(run("DELETE FROM operator_code WHERE user = ?1", user));
  else
    CBX_TRY(run("UPDATE operator_code SET tries_left = tries_left - 1 WHERE user = ?1", user));
  return right;
}

Result<std::string> State::begin_totp(std::string_view name) {
  CBX_ASSIGN(const Bytes secret, random_bytes(kSecretBytes));
  CBX_ASSIGN(const Bytes salt, random_bytes(kSaltBytes));
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(name));
    return impl_->run(
        "INSERT INTO totp (user, secret, pending, salt) VALUES (?1, NULL, ?2, ?3) "
        "ON CONFLICT (user) DO UPDATE SET pending = ?2",
        name, secret, salt);
  }));
  return to_base32(secret);
}

Result<std::optional<std::vector<std::string>>> State::confirm_totp(std::string_view name, std::string_view code,
                                                                    WallMs now) {
  const std::string given = plain_code(code);
  std::optional<std::vector<std::string>> codes;
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(name));
    CBX_ASSIGN(const auto known, authenticator_of(*impl_, name));
    if (known.pending.empty())
      return fail(ErrorCode::usage, fmt::format("no new authenticator of '{}' waits for its first code", name));
    const auto step = matching_step(known.pending, given, now);
    if (!step) return {};
    CBX_TRY(impl_->run("UPDATE totp SET secret = pending, pending = NULL WHERE user = ?1", name));
    CBX_TRY(impl_->run("DELETE FROM totp_used WHERE user = ?1", name));
    CBX_TRY(use_step(*impl_, name, *step));
    CBX_ASSIGN(codes, new_recovery_codes(*impl_, name, known.salt));
    return {};
  }));
  return codes;
}

Status State::clear_totp(std::string_view name) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(name));
    return impl_->run("DELETE FROM totp WHERE user = ?1", name);
  });
}

Result<TotpState> State::totp_state(std::string_view name) {
  CBX_TRY(impl_->must_have_user(name));
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT secret IS NOT NULL, pending IS NOT NULL, "
                                               "(SELECT count(*) FROM recovery_code AS r WHERE r.user = totp.user) "
                                               "FROM totp WHERE user = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(name).step());
  TotpState found;
  if (row) found = {statement->integer(0) != 0, statement->integer(1) != 0, static_cast<int>(statement->integer(2))};
  statement->reset();
  return found;
}

Result<bool> State::take_second_factor(std::string_view name, std::string_view code, WallMs now) {
  bool right = false;
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(right, impl_->take_second_factor(name, plain_code(code), now));
    return {};
  }));
  return right;
}

Result<std::string> State::operator_code(std::string_view name, WallMs now) {
  CBX_ASSIGN(const std::string code, random_digits(kOperatorDigits));
  CBX_ASSIGN(const Bytes salt, random_bytes(kSaltBytes));
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto known, this->user(name));
    if (!known) return fail(unknown_user(name));
    if (!known->enabled) return fail(ErrorCode::permission, fmt::format("user '{}' is disabled", name));
    return impl_->run(
        "INSERT OR REPLACE INTO operator_code (user, salt, hash, tries_left, created_ms, until_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        name, salt, keyed_hash(salt, code), kOperatorTries, now, now + kOperatorCodeLasts);
  }));
  return code;
}

}  // namespace cbx::state

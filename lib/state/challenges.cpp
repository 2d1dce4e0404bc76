// Challenges: beginning them, and codes to be sent.  Proving is in proofs.cpp.
#include <fmt/format.h>

#include "base/log.h"
#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {
namespace {

constexpr int kMostOpen = 5, kCodeDigits = 6;

Bytes digest_of(std::string_view id) {
  const TokenDigest digest = token_digest(id);
  return {digest.begin(), digest.end()};
}

ChallengeKind kind_of(std::string_view name) {
  for (const auto kind : {ChallengeKind::sign_up, ChallengeKind::login, ChallengeKind::reset})
    if (name == challenge_kind_name(kind)) return kind;
  return ChallengeKind::email;
}

// What the caller, not the peer, has to get right, and the addresses and names that come from the peer.
Status check_challenge(const Challenge& wanted) {
  const bool sign_up = wanted.kind == ChallengeKind::sign_up;
  if (sign_up != wanted.user.empty() && wanted.kind != ChallengeKind::reset)
    return fail(ErrorCode::usage, sign_up ? "a sign-up has no user yet" : "the challenge needs a user");
  if (wanted.factor == Factor::totp && wanted.kind != ChallengeKind::login)
    return fail(ErrorCode::usage, "only a log-in is proven by an authenticator alone");
  if (!wanted.email.empty()) CBX_TRY(check_email(wanted.email));
  if (!sign_up) return {};
  if (wanted.email.empty()) return fail(ErrorCode::usage, "a sign-up needs an e-mail address");
  if (wanted.password_hash.empty()) return fail(ErrorCode::usage, "a sign-up needs a password");
  CBX_TRY(check_login_name(wanted.name));
  return check_language(wanted.language);
}

}  // namespace

std::string_view challenge_kind_name(ChallengeKind kind) {
  switch (kind) {
    case ChallengeKind::sign_up:
      return "sign_up";
    case ChallengeKind::login:
      return "login";
    case ChallengeKind::reset:
      return "reset";
    case ChallengeKind::email:
      break;
  }
  return "email";
}

std::string_view factor_name(Factor factor) {
  return factor == Factor::totp ? "totp" : "email";
}

Result<std::optional<OpenChallenge>> State::Impl::open_challenge(std::string_view id, WallMs now) {
  std::optional<OpenChallenge> found;
  if (!is_secret(id)) return found;
  // One from the future began when the clock was wrong, and would live for as long as it was ahead.
  CBX_ASSIGN(auto* s, db.cached("SELECT number, code_hash, kind, factor, user, c.email, c.name, c.password_hash, "
                                "c.language, invite, proven, tries_left, sends_left, c.created_ms, until_ms "
                                "FROM challenge AS c LEFT JOIN user ON user.name = user WHERE digest = ?1 "
                                "AND until_ms > ?2 AND until_ms <= ?3 AND tries_left > 0 "
                                "AND (user IS NULL OR user.enabled)"));
  CBX_ASSIGN(const bool row, s->bind(digest_of(id), now, now + 2 * kChallengeLasts).step());
  if (row)
    found = OpenChallenge{.number = s->integer(0),
                          .code_hash = s->blob(1),
                          .challenge = {.kind = kind_of(s->text(2)),
                                        .factor = s->text(3) == "totp" ? Factor::totp : Factor::email,
                                        .user = s->text(4),
                                        .email = s->text(5),
                                        .name = s->text(6),
                                        .password_hash = s->text(7),
                                        .language = s->text(8),
                                        .invite_id = s->text(9),
                                        .proven = s->integer(10) != 0,
                                        .tries_left = static_cast<int>(s->integer(11)),
                                        .sends_left = static_cast<int>(s->integer(12)),
                                        .created = s->time(13),
                                        .until = s->time(14)}};
  s->reset();
  return found;
}

Status State::Impl::drop_challenges(std::string_view user) {
  return run("DELETE FROM challenge WHERE user = ?1", user);
}

Result<NewChallenge> State::add_challenge(const Challenge& wanted, WallMs now) {
  CBX_TRY(check_challenge(wanted));
  NewChallenge made;
  CBX_ASSIGN(made.id, random_secret());
  std::optional<Bytes> hash;
  if (wanted.factor == Factor::email) {
    CBX_ASSIGN(made.code, random_digits(kCodeDigits));
    hash = keyed_hash(as_bytes(made.id), made.code);
  }
  const bool sign_up = wanted.kind == ChallengeKind::sign_up;
  const auto of_sign_up = [&](const std::string& value) { return sign_up ? value : std::string(); };
  const std::string_view kind = challenge_kind_name(wanted.kind);
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    if (!wanted.user.empty()) CBX_TRY(impl_->must_have_user(wanted.user));
    if (sign_up && !wanted.invite_id.empty()) {
      CBX_ASSIGN(const auto invite, impl_->invite(wanted.invite_id, now));
      CBX_TRY(check_invite(invite, wanted.email));
    }
    CBX_TRY(impl_->run("DELETE FROM challenge WHERE until_ms <= ?1 OR until_ms > ?2", now, now + 2 * kChallengeLasts));
    CBX_TRY(
        impl_->run("DELETE FROM challenge WHERE number IN (SELECT number FROM challenge WHERE kind = ?1 AND "
                   "CASE WHEN ?2 = '' THEN user IS NULL AND email = ?3 COLLATE NOCASE ELSE user = ?2 END "
                   "ORDER BY number DESC LIMIT -1 OFFSET ?4)",
                   kind, wanted.user, wanted.email, kMostOpen - 1));
    return impl_->run(
        "INSERT INTO challenge (digest, kind, factor, user, email, name, password_hash, language, invite, "
        "code_hash, proven, tries_left, sends_left, created_ms, until_ms) VALUES "
        "(?1, ?2, ?3, nullif(?4, ''), ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?12, ?13, ?14)",
        digest_of(made.id), kind, factor_name(wanted.factor), wanted.user, wanted.email, of_sign_up(wanted.name),
        of_sign_up(wanted.password_hash), of_sign_up(wanted.language), of_sign_up(wanted.invite_id), hash,
        Challenge{}.tries_left, Challenge{}.sends_left, now, now + kChallengeLasts);
  }));
  return made;
}

Result<std::optional<Challenge>> State::challenge(std::string_view id, WallMs now) {
  CBX_ASSIGN(auto found, impl_->open_challenge(id, now));
  if (!found) return std::optional<Challenge>{};
  return std::optional<Challenge>{std::move(found->challenge)};
}

Result<std::optional<std::string>> State::renew_code(std::string_view id, WallMs now) {
  std::optional<std::string> code;
  CBX_ASSIGN(const std::string fresh, random_digits(kCodeDigits));
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto open, impl_->open_challenge(id, now));
    if (!open || open->challenge.proven || open->challenge.sends_left <= 0 || open->challenge.factor != Factor::email)
      return {};
    code = fresh;
    return impl_->run(
        "UPDATE challenge SET code_hash = ?2, sends_left = sends_left - 1, until_ms = ?3 WHERE number = ?1",
        open->number, keyed_hash(as_bytes(id), fresh), now + kChallengeLasts);
  }));
  return code;
}

}  // namespace cbx::state

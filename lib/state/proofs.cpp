// Challenges: proving them, and what becomes of those that are proven.
#include <fmt/format.h>

#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {
namespace {

// By what a challenge was proven.
enum class By { nothing, letter, other };

Result<By> right_by(State::Impl& impl, const OpenChallenge& open, std::string_view id, const std::string& code,
                    WallMs now) {
  const Challenge& challenge = open.challenge;
  const bool login = challenge.kind == ChallengeKind::login;
  bool authenticator = false;
  if (login) {
    CBX_ASSIGN(authenticator, impl.has_totp(challenge.user));
  }
  // Compared for everybody, so that nobody learns by the time it takes whether a reset has a user.
  const bool letter = same_bytes(keyed_hash(as_bytes(id), code), open.code_hash);
  // Who has an authenticator by now is not let in by the letter of before.
  if (letter && !authenticator && !(challenge.kind == ChallengeKind::reset && challenge.user.empty()))
    return By::letter;
  if (!login) return By::nothing;
  if (authenticator) {
    CBX_ASSIGN(const bool right, impl.take_second_factor(challenge.user, code, now));
    if (right) return By::other;
  }
  CBX_ASSIGN(const bool right, impl.take_operator_code(challenge.user, code, now));
  return right ? By::other : By::nothing;
}

Status count_wrong(State::Impl& impl, const OpenChallenge& open, Proof& proof) {
  proof.verdict = Verdict::wrong;
  proof.tries_left = proof.challenge.tries_left = open.challenge.tries_left - 1;
  if (proof.tries_left > 0)
    return impl.run("UPDATE challenge SET tries_left = tries_left - 1 WHERE number = ?1", open.number);
  return impl.run("DELETE FROM challenge WHERE number = ?1", open.number);
}

// What somebody read there came back.
Status note_address(State::Impl& impl, const Challenge& challenge, WallMs now) {
  return impl.run(
      "UPDATE user SET email_proven_ms = ?3 WHERE name = ?1 AND email = ?2 AND email <> '' "
      "AND email_proven_ms IS NULL",
      challenge.user, challenge.email, now);
}

}  // namespace

Result<Proof> State::prove(std::string_view id, std::string_view code, WallMs now) {
  const std::string given = plain_code(code);
  Proof proof;
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto open, impl_->open_challenge(id, now));
    if (!open || open->challenge.proven) return {};
    proof.challenge = open->challenge;
    CBX_ASSIGN(const By by, right_by(*impl_, *open, id, given, now));
    if (by == By::nothing) return count_wrong(*impl_, *open, proof);
    proof.verdict = Verdict::right;
    proof.tries_left = open->challenge.tries_left;
    const ChallengeKind kind = open->challenge.kind;
    if (by == By::letter && kind != ChallengeKind::email) CBX_TRY(note_address(*impl_, open->challenge, now));
    if (kind == ChallengeKind::login || kind == ChallengeKind::email)
      return impl_->run("DELETE FROM challenge WHERE number = ?1", open->number);
    proof.challenge.proven = true;
    proof.challenge.until = now + kChallengeLasts;
    return impl_->run("UPDATE challenge SET proven = 1, code_hash = NULL, until_ms = ?2 WHERE number = ?1",
                      open->number, proof.challenge.until);
  }));
  return proof;
}

Result<Proof> State::finish_reset(std::string_view id, std::string_view second, std::string_view password_hash,
                                  WallMs now) {
  if (password_hash.empty()) return fail(ErrorCode::usage, "a reset needs a password");
  const std::string given = plain_code(second);
  Proof proof;
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto open, impl_->open_challenge(id, now));
    if (!open || !open->challenge.proven || open->challenge.kind != ChallengeKind::reset) return {};
    proof.challenge = open->challenge;
    const std::string& user = open->challenge.user;
    CBX_ASSIGN(const bool authenticator, impl_->has_totp(user));
    if (authenticator) {
      CBX_ASSIGN(const bool right, impl_->take_second_factor(user, given, now));
      if (!right) return count_wrong(*impl_, *open, proof);
    }
    proof.verdict = Verdict::right;
    proof.tries_left = open->challenge.tries_left;
    CBX_TRY(impl_->run("UPDATE user SET password_hash = ?2 WHERE name = ?1", user, password_hash));
    CBX_TRY(impl_->end_sessions(user, {}));
    return impl_->drop_challenges(user);
  }));
  return proof;
}

Result<User> State::finish_sign_up(std::string_view id, std::string_view name, WallMs now) {
  const auto gone = [](const char* why) { return fail(ErrorCode::no_input, why); };
  CBX_TRY(check_login_name(name));
  User user;
  // What can't succeed any more is taken away, which the transaction has to outlive.
  Status lost;
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto open, impl_->open_challenge(id, now));
    if (!open || !open->challenge.proven || open->challenge.kind != ChallengeKind::sign_up)
      return gone("the sign-up has expired: begin again");
    const Challenge& wanted = open->challenge;
    user.name = name;
    user.email = wanted.email;
    user.password_hash = wanted.password_hash;
    user.created = now;
    user.email_proven = now;
    user.language = wanted.language;
    const auto drop = [&] { return impl_->run("DELETE FROM challenge WHERE number = ?1", open->number); };
    if (!wanted.invite_id.empty()) {
      CBX_ASSIGN(const auto invite, impl_->invite(wanted.invite_id, now));
      lost = check_invite(invite, wanted.email);
      if (!lost) return drop();
      user.admin = invite->admin;
    }
    if (!impl_->must_be_free(wanted.email, {})) {
      lost = gone("the e-mail address is another user's by now");
      return drop();
    }
    CBX_TRY(impl_->insert_user(user));
    CBX_TRY(impl_->run("DELETE FROM invite WHERE id = ?1", wanted.invite_id));
    return drop();
  }));
  if (!lost) return fail(std::move(lost).error());
  return user;
}

}  // namespace cbx::state

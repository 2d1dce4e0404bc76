// /api/v1/reset: a new password for who can read the account's mail.  An authenticator is asked for all the same.
#include "web/accounts.h"

namespace cbx::web {
namespace {

using state::ChallengeKind;
using state::Verdict;

// The same is done, in the same time, for an address that nobody has.
Result<http::Response> begin(const Call& call) {
  static constexpr std::string_view kFields[] = {"email"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string email, needed(body, "email"));
  if (const Status good = check_mailbox(email); !good) return fault(400, "bad_email", good.error().message());
  if (auto refused = no_mail(call)) return std::move(*refused);
  CBX_ASSIGN(const auto now, directory(call));
  state::Challenge wanted{.kind = ChallengeKind::reset, .email = email};
  if (const state::User* user = now->user_who_is(email)) {
    wanted.user = user->name;
    wanted.email = user->email;
  }
  CBX_ASSIGN(auto state, open_state(call));
  return begin_challenge(call, state, wanted, email);
}

Result<http::Response> confirm(const Call& call) {
  static constexpr std::string_view kFields[] = {"challenge", "code"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string id, needed(body, "challenge"));
  CBX_ASSIGN(const std::string code, needed(body, "code"));
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto found, state.challenge(id, call.now()));
  if (!found || found->kind != ChallengeKind::reset) return gone();
  Guess guess(call, "");
  if (guess.refused()) return *guess.refused();
  CBX_OURS(const auto proof, state.prove(id, code, call.now()));
  if (proof.verdict == Verdict::wrong) return wrong_code(proof.tries_left);
  guess.right();
  if (proof.verdict == Verdict::gone) return gone();
  CBX_OURS(const auto user, state.user(found->user));
  return reply(call, {{"factor", user && user->totp ? "totp" : "none"}});
}

Result<http::Response> set_password(const Call& call, const std::string& id, const std::string& second,
                                    const std::string& hash) {
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto found, state.challenge(id, call.now()));
  if (!found || found->kind != ChallengeKind::reset || !found->proven) return gone();
  CBX_OURS(const auto user, state.user(found->user));
  if (!user) return gone();
  if (user->totp && second.empty())
    return fault(400, "code_needed", "the account has an authenticator: its code, or a recovery code, has to be given");
  Guess guess(call, user->name);
  if (guess.refused()) return *guess.refused();
  CBX_OURS(const auto proof, state.finish_reset(id, second, hash, call.now()));
  if (proof.verdict == Verdict::wrong) return wrong_code(proof.tries_left);
  guess.right();
  if (proof.verdict == Verdict::gone) return gone();
  call.context().access.refresh();
  call.context().log.info("the password of '{}' was reset from {}", user->name, call.request.peer);
  tell(call, LetterKind::password_changed, *user, user->email);
  return done();
}

Result<http::Answer> check_password(http::Request& request, const std::shared_ptr<const Call>& call) {
  static constexpr std::string_view kFields[] = {"challenge", "password", "code"};
  CBX_ASSIGN(const Json body, read_body(request, kFields));
  CBX_ASSIGN(const std::string id, needed(body, "challenge"));
  CBX_ASSIGN(const std::string password, needed(body, "password"));
  CBX_ASSIGN(const auto second, text_field(body, "code"));
  if (const Status good = state::check_password(password); !good)
    return fault(400, "bad_password", good.error().message());
  // A hash for everybody who asks is dear.
  if (!request.memory)
    if (const auto wait = call->shared->throttle.take(Rate::new_passwords, {place(*call)})) return too_many(*wait);
  return call->context().access.with_hash(request, password, [&](const std::string& hash) {
    return later(call,
                 [id, second = second.value_or(""), hash](const Call& c) { return set_password(c, id, second, hash); });
  });
}

}  // namespace

std::vector<ApiRoute> reset_routes() {
  ApiRoute ask = login_route("/api/v1/reset", "resetPassword", "Forgotten password: the e-mail address",
                             "A code goes there if it is somebody's; the answer is the same if it is not.");
  ask.operation.body = "NewReset";
  ask.operation.status = 202;
  ask.operation.schema = "Challenge";
  ask.run = begin;

  ApiRoute code = login_route("/api/v1/reset/code", "confirmReset", "Forgotten password: the code",
                              "`factor` says what the new password has to come with.");
  code.operation.body = "NewProof";
  code.operation.schema = "ResetFactor";
  code.run = confirm;

  ApiRoute password = login_route("/api/v1/reset/password", "finishReset", "Forgotten password: the new one",
                                  "With the authenticator's code, or a recovery code, where the account has one. All "
                                  "sessions of the account end; logging in takes its second factor as ever.");
  password.operation.body = "NewResetPassword";
  password.operation.status = 204;
  password.operation.type = "";
  password.start = [](http::Request& request, const std::shared_ptr<const Call>& call) {
    return answered(check_password(request, call));
  };
  return {ask, code, password};
}

}  // namespace cbx::web

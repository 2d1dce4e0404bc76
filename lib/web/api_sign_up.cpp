// /api/v1/signup: a new account, whose e-mail address is proven before there is one.
#include "web/accounts.h"
#include "web/credentials.h"

namespace cbx::web {
namespace {

using state::ChallengeKind;
using state::Verdict;

struct Wanted {
  state::Challenge challenge{.kind = ChallengeKind::sign_up};
  std::string invite;
};

std::optional<http::Response> no_sign_up(const Call& call, bool invited) {
  const SignUp sign_up = call.context().login.sign_up;
  if (sign_up == SignUp::closed)
    return fault(403, "sign_up_closed", "accounts are made by whoever runs this server: ask there");
  if (sign_up == SignUp::invite && !invited)
    return fault(403, "invite_needed", "an account needs an invitation: ask whoever runs this server");
  return no_mail(call);
}

// With its letter counted, on its way.
Result<http::Response> begin(const Call& call, const Wanted& wanted, const std::string& hash) {
  CBX_ASSIGN(auto state, open_state(call));
  state::Challenge challenge = wanted.challenge;
  challenge.password_hash = hash;
  if (!wanted.invite.empty()) {
    CBX_OURS(const auto invite, state.find_invite(wanted.invite, call.now()));
    if (!invite || (!invite->email.empty() && lower_case(invite->email) != lower_case(challenge.email)))
      return fault(403, "wrong_invite", "there is no such invitation, it has expired, or is for another address");
    challenge.invite_id = invite->id;
  }
  return begin_challenge(call, state, challenge, challenge.email);
}

Result<http::Answer> check(http::Request& request, const std::shared_ptr<const Call>& call) {
  static constexpr std::string_view kFields[] = {"name", "email", "password", "language", "invite"};
  CBX_ASSIGN(const Json body, read_body(request, kFields));
  Wanted wanted;
  CBX_ASSIGN(wanted.challenge.name, needed(body, "name"));
  CBX_ASSIGN(wanted.challenge.email, needed(body, "email"));
  CBX_ASSIGN(const std::string password, needed(body, "password"));
  CBX_ASSIGN(const auto language, text_field(body, "language"));
  CBX_ASSIGN(const auto invite, text_field(body, "invite"));
  wanted.challenge.language = language_of(request, language.value_or(""));
  wanted.invite = invite.value_or("");
  if (auto refused = no_cookies(request)) return std::move(*refused);
  if (auto refused = no_sign_up(*call, !wanted.invite.empty())) return std::move(*refused);
  if (const Status good = state::check_login_name(wanted.challenge.name); !good)
    return fault(400, "bad_name", good.error().message());
  if (const Status good = check_mailbox(wanted.challenge.email); !good)
    return fault(400, "bad_email", good.error().message());
  if (const Status good = state::check_password(password); !good)
    return fault(400, "bad_password", good.error().message());
  // Once for a request, which comes here again when the hash is made.
  if (!request.memory)
    if (const auto wait = call->shared->throttle.take(Rate::sign_ups, {place(*call)})) return too_many(*wait);
  return call->context().access.with_hash(request, password, [&](const std::string& hash) {
    return later(call, [wanted, hash](const Call& c) { return begin(c, wanted, hash); });
  });
}

Result<http::Response> confirm(const Call& call) {
  static constexpr std::string_view kFields[] = {"challenge", "code", "name"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string id, needed(body, "challenge"));
  CBX_ASSIGN(const auto code, text_field(body, "code"));
  CBX_ASSIGN(const auto other_name, text_field(body, "name"));
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto found, state.challenge(id, call.now()));
  if (!found || found->kind != ChallengeKind::sign_up) return gone();
  const std::string name = other_name.value_or(found->name);
  if (const Status good = state::check_login_name(name); !good) return fault(400, "bad_name", good.error().message());
  // One that is proven is only after another name.
  if (!found->proven) {
    if (!code) return fail(ErrorCode::usage, "the field 'code' is missing");
    Guess guess(call, "");
    if (guess.refused()) return *guess.refused();
    CBX_OURS(const auto proof, state.prove(id, *code, call.now()));
    if (proof.verdict == Verdict::wrong) return wrong_code(proof.tries_left);
    guess.right();
    if (proof.verdict == Verdict::gone) return gone();
  }
  const auto user = state.finish_sign_up(id, name, call.now());
  if (!user && user.error().code() == ErrorCode::cannot_create)
    return fault(409, "name_taken", "somebody else has that name: choose another");
  if (!user && user.error().code() == ErrorCode::no_input) return gone();
  if (!user) return fail(ours(user.error()));
  call.context().log.info("'{}' has signed up", user->name);
  return log_in(call, state, user->name);
}

}  // namespace

std::vector<ApiRoute> sign_up_routes() {
  ApiRoute begin_route{
      {.method = http::Method::post,
       .pattern = "/api/v1/signup",
       .name = "signUp",
       .tag = "login",
       .summary = "Sign up: name, e-mail address and password",
       .description = "A code goes to the address. One that is somebody's already gets the same answer, and its owner "
                      "a letter. Whether the name is free is told only with the code. 403: `sign_up_closed`, "
                      "`invite_needed`, `wrong_invite`.",
       .who = Who::anybody,
       .body = "NewUser",
       .status = 202,
       .schema = "Challenge"},
      nullptr,
      nullptr,
      [](http::Request& request, const std::shared_ptr<const Call>& call) { return answered(check(request, call)); }};
  ApiRoute confirm_route{{.method = http::Method::post,
                          .pattern = "/api/v1/signup/confirm",
                          .name = "confirmSignUp",
                          .tag = "login",
                          .summary = "Sign up: the code",
                          .description = "Makes the account and logs in. 409 `name_taken`: ask again with another "
                                         "`name`, without the code.",
                          .who = Who::anybody,
                          .body = "NewUserProof",
                          .schema = "Account"},
                         confirm,
                         always};
  return {begin_route, confirm_route};
}

}  // namespace cbx::web

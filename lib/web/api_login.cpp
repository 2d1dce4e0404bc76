// /api/v1/login, logout, welcome: who comes to the page.  The password is checked first, then a code.
#include "web/accounts.h"
#include "web/credentials.h"

namespace cbx::web {
namespace {

using state::ChallengeKind;
using state::Factor;
using state::Verdict;

const char* sign_up_name(SignUp sign_up) {
  return sign_up == SignUp::open ? "open" : sign_up == SignUp::invite ? "invite" : "closed";
}

Result<http::Response> welcome(const Call& call) {
  Json out{{"signup", sign_up_name(call.context().login.sign_up)},
           {"mail", call.context().mail != nullptr},
           {"version", call.context().version},
           {"secure", keeps_session_cookie(call.request)}};
  const auto principal = call.context().access.session(call.request);
  const auto now = call.context().access.directory();
  const state::User* user = principal && now ? now->user(principal->name) : nullptr;
  if (user) out["user"] = account_json(call, *user, now->session_of(principal->session));
  return reply(call, out);
}

// Where the user's code comes from.
Result<http::Response> begin_login(const Call& call, const state::User& user) {
  state::Challenge wanted{.kind = ChallengeKind::login, .user = user.name};
  if (user.totp) {
    wanted.factor = Factor::totp;
  } else if (call.context().mail && check_mailbox(user.email)) {
    if (auto refused = no_mail(call)) return std::move(*refused);
    wanted.email = user.email;
  }
  make_room(call);
  CBX_ASSIGN(auto state, open_state(call));
  return begin_challenge(call, state, wanted, wanted.email);
}

Result<http::Answer> check_login(http::Request& request, const std::shared_ptr<const Call>& call) {
  static constexpr std::string_view kFields[] = {"name", "password"};
  CBX_ASSIGN(const Json body, read_body(request, kFields));
  CBX_ASSIGN(const std::string name, needed(body, "name"));
  CBX_ASSIGN(const std::string password, needed(body, "password"));
  if (auto refused = no_cookies(request)) return std::move(*refused);
  const http::Response wrong =
      fault(401, "wrong_login", "the name or the password is wrong").with("WWW-Authenticate", R"(Bearer realm="cbx")");
  return call->context().access.with_password(request, name, password, wrong, [&](const state::User& user) {
    return later(call, [user](const Call& c) { return begin_login(c, user); });
  });
}

Result<http::Response> finish_login(const Call& call) {
  static constexpr std::string_view kFields[] = {"challenge", "code"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string id, needed(body, "challenge"));
  CBX_ASSIGN(const std::string code, needed(body, "code"));
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto found, state.challenge(id, call.now()));
  if (!found || found->kind != ChallengeKind::login) return gone();
  Guess guess(call, found->user);
  if (guess.refused()) return *guess.refused();
  make_room(call);
  CBX_OURS(const auto proof, state.prove(id, code, call.now()));
  if (proof.verdict == Verdict::wrong) {
    call.context().log.info("wrong code for '{}' from {}", found->user, place(call));
    return wrong_code(proof.tries_left);
  }
  guess.right();
  if (proof.verdict == Verdict::gone) return gone();
  return log_in(call, state, found->user);
}

Result<http::Response> resend(const Call& call) {
  static constexpr std::string_view kFields[] = {"challenge"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string id, needed(body, "challenge"));
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto found, state.challenge(id, call.now()));
  if (!found || found->factor != Factor::email || found->email.empty() || found->proven || found->sends_left <= 0)
    return gone();
  if (auto refused = no_mail(call)) return std::move(*refused);
  if (auto refused = count_letter(call, *found)) return std::move(*refused);
  CBX_OURS(const auto code, state.renew_code(id, call.now()));
  if (!code) return gone();
  send_code(call, *found, *code);
  return reply(
      call, {{"sends_left", found->sends_left - 1}, {"expires", format_rfc3339(call.now() + state::kChallengeLasts)}});
}

Result<http::Response> logout(const Call& call) {
  if (const auto principal = call.context().access.session(call.request)) {
    make_room(call);
    CBX_ASSIGN(auto state, open_state(call));
    CBX_TRY(end_session(state, principal->session));
    call.context().access.refresh();
  }
  return done().with("Set-Cookie", no_session_cookie());
}

}  // namespace

std::vector<ApiRoute> login_routes() {
  ApiRoute start{{.pattern = "/api/v1/welcome",
                  .name = "getWelcome",
                  .tag = "login",
                  .summary = "What the page has to know before anybody has logged in",
                  .description = "And who has, by this browser's session.",
                  .who = Who::anybody,
                  .schema = "Welcome"},
                 welcome};

  ApiRoute login =
      login_route("/api/v1/login", "login", "Log in: the password",
                  "By login name or e-mail address. Then a code is asked for, see `factor`: the one that was "
                  "sent to `sent_to`, one of the authenticator's, or one that whoever runs the server makes by "
                  "`cbx-account user code`; a recovery code does for any authenticator's. A name that nobody "
                  "has is a wrong password, and takes as long.");
  login.operation.body = "NewLogin";
  login.operation.schema = "Challenge";
  login.start = [](http::Request& request, const std::shared_ptr<const Call>& call) {
    return answered(check_login(request, call));
  };

  ApiRoute code =
      login_route("/api/v1/login/code", "confirmLogin", "Log in: the code",
                  "Right, it gives the browser its session's cookie. 401 `wrong_code` says how many tries are "
                  "left; 410 `gone` that it has to begin again.");
  code.operation.body = "NewProof";
  code.operation.schema = "Account";
  code.run = finish_login;

  ApiRoute again = login_route("/api/v1/challenge/resend", "resendCode", "Send another code for the same purpose",
                               "The one before is no longer good; tries are not given back.");
  again.operation.body = "NewResend";
  again.operation.status = 202;
  again.operation.schema = "Resent";
  again.run = resend;

  ApiRoute leave = login_route("/api/v1/logout", "logout", "End this browser's session", "");
  leave.operation.status = 204;
  leave.operation.type = "";
  leave.run = logout;
  return {start, login, code, again, leave};
}

}  // namespace cbx::web

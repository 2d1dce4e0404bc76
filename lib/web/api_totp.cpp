// /api/v1/account/totp: an authenticator app as the second factor (RFC 6238).
#include "web/accounts.h"

namespace cbx::web {
namespace {

// What the app shows the account under.
std::string issuer(const Call& call) {
  const std::string& url = call.context().login.public_url;
  const size_t host = url.find("://");
  if (host == std::string::npos) return "cbx";
  return "cbx " + url.substr(host + 3, url.find_first_of(":/", host + 3) - host - 3);
}

// Changed by who has shown the password, and is told of it all the same.
Result<void> told(const Call& call, state::State& state) {
  call.context().access.refresh();
  call.context().log.info("'{}' has changed the authenticator, from {}", call.principal.name, call.request.peer);
  CBX_OURS(const auto user, state.user(call.principal.name));
  if (user) tell(call, LetterKind::factor_changed, *user, user->email);
  return {};
}

Result<http::Response> begin(const Call& call) {
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const std::string secret, state.begin_totp(call.principal.name));
  const std::string uri = state::totp_uri(secret, call.principal.name, issuer(call));
  CBX_ASSIGN(Json qr, qr_json(uri));
  return reply(call, {{"secret", secret}, {"uri", uri}, {"qr", std::move(qr)}});
}

Result<http::Response> confirm(const Call& call) {
  static constexpr std::string_view kFields[] = {"code"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string code, needed(body, "code"));
  Guess guess(call, call.principal.name);
  if (guess.refused()) return *guess.refused();
  CBX_ASSIGN(auto state, open_state(call));
  const auto codes = state.confirm_totp(call.principal.name, code, call.now());
  if (!codes && codes.error().code() == ErrorCode::usage) return gone();
  if (!codes) return fail(ours(codes.error()));
  if (!*codes) return wrong_code(1);
  guess.right();
  CBX_TRY(told(call, state));
  return reply(call, {{"recovery_codes", **codes}});
}

Result<http::Response> remove(const Call& call, const std::string& code) {
  Guess guess(call, call.principal.name);
  if (guess.refused()) return *guess.refused();
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const bool right, state.take_second_factor(call.principal.name, code, call.now()));
  if (!right) return wrong_code(1);
  guess.right();
  CBX_OURS_TRY(state.clear_totp(call.principal.name));
  CBX_TRY(told(call, state));
  return done();
}

Result<http::Answer> check(http::Request& request, const std::shared_ptr<const Call>& call, bool with_code) {
  static constexpr std::string_view kFields[] = {"password", "code"};
  CBX_ASSIGN(const Json body, read_body(request, std::span(kFields).first(with_code ? 2 : 1)));
  CBX_ASSIGN(const std::string password, needed(body, "password"));
  std::string code;
  if (with_code) {
    CBX_ASSIGN(code, needed(body, "code"));
  }
  return call->context().access.with_password(
      request, call->principal.name, password, wrong_password(), [&](const state::User&) {
        return later(call, [code, with_code](const Call& c) { return with_code ? remove(c, code) : begin(c); });
      });
}

ApiRoute post(const char* path, const char* name, const char* summary, const char* description) {
  return {{.method = http::Method::post,
           .pattern = path,
           .name = name,
           .tag = "account",
           .summary = summary,
           .description = description,
           .who = Who::session},
          nullptr,
          always};
}

}  // namespace

std::vector<ApiRoute> totp_routes() {
  ApiRoute start = post("/api/v1/account/totp", "beginTotp", "Set up an authenticator app",
                        "It counts once a code of it has come back; until then the one before does.");
  start.operation.body = "NewTotp";
  start.operation.schema = "Totp";
  start.start = [](http::Request& request, const std::shared_ptr<const Call>& call) {
    return answered(check(request, call, false));
  };
  ApiRoute code = post("/api/v1/account/totp/confirm", "confirmTotp", "Set up an authenticator app: its code",
                       "From then on log-ins and resets ask for it. Each recovery code does once in its place; they "
                       "are not to be had again.");
  code.operation.body = "NewCode";
  code.operation.schema = "RecoveryCodes";
  code.run = confirm;
  ApiRoute away = post("/api/v1/account/totp/remove", "removeTotp", "Go back to codes by e-mail",
                       "With the authenticator's code, or a recovery code.");
  away.operation.body = "NewTotpRemoval";
  away.operation.status = 204;
  away.operation.type = "";
  away.start = [](http::Request& request, const std::shared_ptr<const Call>& call) {
    return answered(check(request, call, true));
  };
  return {start, code, away};
}

}  // namespace cbx::web

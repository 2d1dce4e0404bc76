// /api/v1/account: one's own account: language, password, e-mail address.
#include "web/accounts.h"

namespace cbx::web {
namespace {

using state::ChallengeKind;
using state::Verdict;

Result<http::Response> show(const Call& call) {
  CBX_ASSIGN(const auto now, directory(call));
  const state::User* user = now->user(call.principal.name);
  if (!user) return fail(ErrorCode::permission, "the account is no more");
  return reply(call, account_json(call, *user, now->session_of(call.principal.session)));
}

// The account as it is after a change.
Result<http::Response> changed(const Call& call, state::State& state) {
  call.context().access.refresh();
  CBX_OURS(const auto user, state.user(call.principal.name));
  CBX_ASSIGN(const auto now, directory(call));
  if (!user) return fail(ErrorCode::permission, "the account is no more");
  return reply(call, account_json(call, *user, now->session_of(call.principal.session)));
}

Result<http::Response> change(const Call& call) {
  static constexpr std::string_view kFields[] = {"language"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string language, needed(body, "language"));
  if (!is_language(language)) return fail(ErrorCode::usage, "'language' is 'en' or 'ko'");
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS_TRY(state.set_language(call.principal.name, language));
  return changed(call, state);
}

Result<http::Response> set_password(const Call& call, const std::string& hash) {
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS_TRY(state.set_password(call.principal.name, hash, call.principal.session));
  call.context().access.refresh();
  CBX_OURS(const auto user, state.user(call.principal.name));
  call.context().log.info("'{}' has changed the password, from {}", call.principal.name, call.request.peer);
  if (user) tell(call, LetterKind::password_changed, *user, user->email);
  return done();
}

Result<http::Answer> begin_password(http::Request& request, const std::shared_ptr<const Call>& call) {
  static constexpr std::string_view kFields[] = {"current", "password"};
  CBX_ASSIGN(const Json body, read_body(request, kFields));
  CBX_ASSIGN(const std::string current, needed(body, "current"));
  CBX_ASSIGN(const std::string password, needed(body, "password"));
  if (const Status good = state::check_password(password); !good)
    return fault(400, "bad_password", good.error().message());
  Access& access = call->context().access;
  return access.with_password(request, call->principal.name, current, wrong_password(), [&](const state::User&) {
    return access.with_hash(request, password, [&](const std::string& hash) {
      return later(call, [hash](const Call& c) { return set_password(c, hash); });
    });
  });
}

Result<http::Response> begin_email(const Call& call, const std::string& email) {
  if (auto refused = no_mail(call)) return std::move(*refused);
  CBX_ASSIGN(auto state, open_state(call));
  return begin_challenge(call, state, {.kind = ChallengeKind::email, .user = call.principal.name, .email = email},
                         email);
}

Result<http::Answer> check_email(http::Request& request, const std::shared_ptr<const Call>& call) {
  static constexpr std::string_view kFields[] = {"email", "password"};
  CBX_ASSIGN(const Json body, read_body(request, kFields));
  CBX_ASSIGN(const std::string email, needed(body, "email"));
  CBX_ASSIGN(const std::string password, needed(body, "password"));
  if (const Status good = check_mailbox(email); !good) return fault(400, "bad_email", good.error().message());
  return call->context().access.with_password(
      request, call->principal.name, password, wrong_password(),
      [&](const state::User&) { return later(call, [email](const Call& c) { return begin_email(c, email); }); });
}

Result<http::Response> confirm_email(const Call& call) {
  static constexpr std::string_view kFields[] = {"challenge", "code"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string id, needed(body, "challenge"));
  CBX_ASSIGN(const std::string code, needed(body, "code"));
  const std::string& name = call.principal.name;
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto found, state.challenge(id, call.now()));
  if (!found || found->kind != ChallengeKind::email || found->user != name) return gone();
  Guess guess(call, name);
  if (guess.refused()) return *guess.refused();
  CBX_OURS(const auto proof, state.prove(id, code, call.now()));
  if (proof.verdict == Verdict::wrong) return wrong_code(proof.tries_left);
  guess.right();
  if (proof.verdict == Verdict::gone) return gone();
  CBX_OURS(const auto before, state.user(name));
  const Status set = state.set_email(name, found->email, call.now());
  if (!set && set.error().code() == ErrorCode::cannot_create)
    return fault(409, "email_taken", "the address is another account's by now");
  if (!set) return fail(ours(set.error()));
  call.context().log.info("'{}' has changed the e-mail address, from {}", name, call.request.peer);
  if (before) tell(call, LetterKind::email_changed, *before, before->email);
  return changed(call, state);
}

ApiRoute route(http::Method method, const char* path, const char* name, const char* summary, const char* description) {
  return {{.method = method,
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

std::vector<ApiRoute> account_routes() {
  ApiRoute account = route(http::Method::get, "/api/v1/account", "getAccount", "One's own account",
                           "`session` is left out for tokens and plain passwords.");
  account.operation.who = Who::user;
  account.operation.schema = "Account";
  account.run = show;
  account.is_heavy = nullptr;

  ApiRoute settings = route(http::Method::patch, "/api/v1/account", "changeAccount", "Change the language",
                            "Of letters and of the page.");
  settings.operation.body = "NewAccountSettings";
  settings.operation.schema = "Account";
  settings.run = change;

  ApiRoute password = route(http::Method::post, "/api/v1/account/password", "changePassword", "Change the password",
                            "All other sessions end, and a letter tells. 401 `wrong_password`: `current` is wrong.");
  password.operation.body = "NewPassword";
  password.operation.status = 204;
  password.operation.type = "";
  password.start = [](http::Request& request, const std::shared_ptr<const Call>& call) {
    return answered(begin_password(request, call));
  };

  ApiRoute email = route(http::Method::post, "/api/v1/account/email", "changeEmail", "Change the e-mail address",
                         "A code goes to the new one. One that is somebody's already gets the same answer, and its "
                         "owner a letter.");
  email.operation.body = "NewEmail";
  email.operation.status = 202;
  email.operation.schema = "Challenge";
  email.start = [](http::Request& request, const std::shared_ptr<const Call>& call) {
    return answered(check_email(request, call));
  };

  ApiRoute confirm = route(http::Method::post, "/api/v1/account/email/confirm", "confirmEmail",
                           "Change the e-mail address: the code", "A letter to the old address tells.");
  confirm.operation.body = "NewProof";
  confirm.operation.schema = "Account";
  confirm.run = confirm_email;
  return {account, settings, password, email, confirm};
}

}  // namespace cbx::web

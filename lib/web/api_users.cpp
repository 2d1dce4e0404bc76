// People, for administrators: who there is, what they may, what they are logged in with.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "web/ownership.h"

namespace cbx::web {
namespace {

const char* second_factor(const state::User& user) {
  return user.totp ? "totp" : user.email.empty() ? "none" : "email";
}

Json user_json(const state::User& user, const state::Accounts& all, WallMs now) {
  const auto count = [&](const auto& things, auto is_theirs) {
    return std::count_if(things.begin(), things.end(), is_theirs);
  };
  std::optional<WallMs> last_used;
  const auto note = [&](const std::optional<WallMs>& t) {
    if (t && (!last_used || *t > *last_used)) last_used = t;
  };
  for (const auto& session : all.sessions)
    if (session.user == user.name) note(session.last_used);
  for (const auto& token : all.tokens)
    if (token.user == user.name) note(token.last_used);
  Json out{
      {"name", user.name},
      {"email", user.email},
      {"email_proven", user.email_proven.has_value()},
      {"admin", user.admin},
      {"enabled", user.enabled},
      {"created", format_rfc3339(user.created)},
      {"second_factor", second_factor(user)},
      {"devices", count(all.devices, [&](const auto& d) { return d.owner == user.name; })},
      {"sessions", count(all.sessions, [&](const auto& s) { return s.user == user.name && session_valid(s, now); })}};
  if (last_used) out["last_used"] = format_rfc3339(*last_used);
  return out;
}

Result<http::Response> list(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_OURS(const auto all, state.accounts());
  Json out{{"users", Json::array()}};
  for (const auto& user : all.users) out["users"].push_back(user_json(user, all, call.now()));
  return uncached(call, out);
}

// The user that the path names, beside all others.
struct Named {
  state::Accounts all;
  state::User user;
  bool last_admin = false;  // who may log in
};

Result<Named> find_user(const Call& call, state::State& state) {
  Named out;
  CBX_OURS(out.all, state.accounts());
  const auto it = std::find_if(out.all.users.begin(), out.all.users.end(),
                               [&](const auto& u) { return u.name == call.request.param("user"); });
  if (it == out.all.users.end()) return fail(ErrorCode::no_input, "no such user");
  out.user = *it;
  out.last_admin = out.user.admin && out.user.enabled &&
                   std::none_of(out.all.users.begin(), out.all.users.end(),
                                [&](const auto& u) { return u.admin && u.enabled && u.name != out.user.name; });
  return out;
}

http::Response last_admin() {
  return problem_with_code(409, "last_admin", "this is the last administrator who may log in: make another one first");
}

http::Response yourself() {
  return problem_with_code(409, "yourself", "nobody does this to their own account: another administrator can");
}

Result<http::Response> change(const Call& call) {
  static constexpr std::array<std::string_view, 2> kFields{"enabled", "admin"};
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const Named named, find_user(call, state));
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const auto enabled, flag_field(body, "enabled"));
  CBX_ASSIGN(const auto admin, flag_field(body, "admin"));
  const std::string& name = named.user.name;
  const bool disables = enabled == false, demotes = admin == false;
  if (named.last_admin && (disables || demotes)) return last_admin();
  if (disables && name == call.principal.name) return yourself();
  if (admin && *admin != named.user.admin) CBX_OURS_TRY(state.set_admin(name, *admin));
  if (enabled && *enabled != named.user.enabled) CBX_OURS_TRY(state.set_user_enabled(name, *enabled));
  ownership_changed(call);
  call.context().log.info("'{}' changed user '{}':{}{}", call.principal.name, name,
                          !enabled   ? ""
                          : *enabled ? " enabled"
                                     : " disabled",
                          !admin   ? ""
                          : *admin ? " an administrator"
                                   : " no administrator");
  CBX_ASSIGN(const Named now, find_user(call, state));
  return uncached(call, user_json(now.user, now.all, call.now()));
}

// What is done to a user, and answered by 204.
template <typename Change>
Result<http::Response> change_by(const Call& call, const char* what, Change change) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const Named named, find_user(call, state));
  if (auto refused = change(state, named)) return std::move(*refused);
  ownership_changed(call);
  call.context().log.info("'{}' {} user '{}'", call.principal.name, what, named.user.name);
  return no_content();
}

std::optional<http::Response> outcome_of(const Status& status) {
  if (status) return std::nullopt;
  return http::problem(ours(status.error()));
}

Result<http::Response> remove(const Call& call) {
  return change_by(call, "removed", [&](auto& state, const Named& named) -> std::optional<http::Response> {
    if (named.user.name == call.principal.name) return yourself();
    if (named.last_admin) return last_admin();
    return outcome_of(state.remove_user(named.user.name));
  });
}

Result<http::Response> end_sessions(const Call& call) {
  return change_by(call, "logged out",
                   [](auto& state, const Named& named) { return outcome_of(state.end_sessions(named.user.name, "")); });
}

Result<http::Response> clear_totp(const Call& call) {
  return change_by(call, "took the authenticator from",
                   [](auto& state, const Named& named) { return outcome_of(state.clear_totp(named.user.name)); });
}

ApiRoute route(http::Method method, const char* rest, const char* name, const char* summary, const char* description,
               ApiHandler run) {
  ApiRoute out{{.method = method,
                .pattern = std::string("/api/v1/users") + rest,
                .name = name,
                .tag = "users",
                .summary = summary,
                .description = description,
                .who = Who::admin,
                .status = 204,
                .type = ""},
               std::move(run),
               always};
  return out;
}

ApiRoute answering(ApiRoute route, const char* schema, const char* body = "") {
  route.operation.status = 200;
  route.operation.schema = schema;
  route.operation.type = "application/json";
  route.operation.body = body;
  return route;
}

}  // namespace

std::vector<ApiRoute> user_routes() {
  using enum http::Method;
  std::vector<ApiRoute> out;
  out.push_back(answering(route(get, "", "listUsers", "Who may log in", "Sorted by name.", list), "UserList"));
  out.push_back(answering(route(patch, "/{user}", "changeUser", "Let a user in or not, make an administrator or not",
                                "What is left out stays. Who is disabled is logged out. 409 with the code `last_admin` "
                                "when nobody could administer any more, `yourself` for one's own account.",
                                change),
                          "User", "UserChange"));
  out.push_back(route(del, "/{user}", "removeUser", "Remove a user",
                      "Tokens, shares and sessions go; cameras stay, without an owner. 409 as for changing.", remove));
  out.push_back(route(del, "/{user}/sessions", "endUserSessions", "Log a user out everywhere", "Tokens stay good.",
                      end_sessions));
  out.push_back(route(del, "/{user}/totp", "clearUserTotp", "Take a user's authenticator away",
                      "For those who lost it; the second factor is a code by e-mail then.", clear_totp));
  return out;
}

}  // namespace cbx::web

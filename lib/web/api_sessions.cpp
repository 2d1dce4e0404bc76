// /api/v1/account/sessions: where one is logged in.
#include "web/accounts.h"

namespace cbx::web {
namespace {

Result<http::Response> list(const Call& call) {
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto sessions, state.sessions());
  Json out{{"sessions", Json::array()}};
  for (const auto& s : sessions) {
    if (s.user != call.principal.name || !state::session_valid(s, call.now())) continue;
    out["sessions"].push_back({{"id", s.id},
                               {"created", format_rfc3339(s.created)},
                               {"last_used", format_rfc3339(s.last_used)},
                               {"until", format_rfc3339(s.until)},
                               {"address", s.address},
                               {"agent", s.agent},
                               {"current", s.id == call.principal.session}});
  }
  return reply(call, out);
}

Result<http::Response> end_one(const Call& call) {
  const std::string id(call.request.param("session"));
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS(const auto sessions, state.sessions());
  const bool mine = std::any_of(sessions.begin(), sessions.end(),
                                [&](const auto& s) { return s.id == id && s.user == call.principal.name; });
  if (!mine) return fail(ErrorCode::no_input, "there is no such session");
  CBX_TRY(end_session(state, id));
  call.context().access.refresh();
  return done();
}

Result<http::Response> end_others(const Call& call) {
  CBX_ASSIGN(auto state, open_state(call));
  CBX_OURS_TRY(state.end_sessions(call.principal.name, call.principal.session));
  call.context().access.refresh();
  return done();
}

}  // namespace

std::vector<ApiRoute> session_routes() {
  const auto route = [](http::Method method, const char* path, const char* name, const char* summary,
                        const char* description) -> ApiRoute {
    return {{.method = method,
             .pattern = path,
             .name = name,
             .tag = "account",
             .summary = summary,
             .description = description,
             .who = Who::session,
             .status = 204,
             .type = ""},
            nullptr,
            always};
  };
  ApiRoute all = route(http::Method::get, "/api/v1/account/sessions", "listSessions", "Where one is logged in",
                       "`last_used` and `address` are noted every ten minutes.");
  all.operation.who = Who::user;
  all.operation.status = 200;
  all.operation.type = "application/json";
  all.operation.schema = "SessionList";
  all.run = list;
  ApiRoute one = route(http::Method::del, "/api/v1/account/sessions/{session}", "endSession", "Log one session out",
                       "Also this one.");
  one.run = end_one;
  ApiRoute others =
      route(http::Method::del, "/api/v1/account/sessions", "endOtherSessions", "Log out everywhere but here", "");
  others.run = end_others;
  return {all, one, others};
}

}  // namespace cbx::web

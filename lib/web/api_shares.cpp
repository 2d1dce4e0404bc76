// Whom a camera is shown to: users, and whoever has a link.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "web/ownership.h"

namespace cbx::web {
namespace {

// Of one camera.
constexpr size_t kMostShares = 100, kMostLinks = 100;

bool is_over(const std::optional<WallMs>& until, WallMs now) {
  return until && *until <= now;
}

// What is still good of a device.
Result<std::vector<state::Share>> shares_of(const Call& call, state::State& state, const std::string& device) {
  CBX_OURS(auto all, state.shares());
  std::erase_if(all, [&](const auto& s) { return s.device != device || is_over(s.until, call.now()); });
  return all;
}

Result<std::vector<state::Token>> links_of(const Call& call, state::State& state, const std::string& device) {
  CBX_OURS(auto all, state.tokens());
  std::erase_if(all, [&](const auto& t) {
    return t.kind != state::TokenKind::link || t.device != device || is_over(t.until, call.now());
  });
  return all;
}

Result<http::Response> list(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  CBX_ASSIGN(const auto shares, shares_of(call, state, device.id));
  CBX_ASSIGN(const auto links, links_of(call, state, device.id));
  Json out{{"device", device.id}, {"owner", device.owner}, {"shares", Json::array()}, {"links", Json::array()}};
  for (const auto& share : shares) {
    Json entry{{"user", share.user}};
    if (share.until) entry["until"] = format_rfc3339(*share.until);
    out["shares"].push_back(std::move(entry));
  }
  for (const auto& link : links) {
    Json entry{{"id", link.id}, {"name", link.name}, {"until", format_rfc3339(*link.until)}};
    if (link.last_used) entry["last_used"] = format_day(*link.last_used, UtcOffset());
    out["links"].push_back(std::move(entry));
  }
  return uncached(call, out);
}

http::Response too_many(const char* what, size_t most) {
  return problem_with_code(409, "too_many", fmt::format("a camera has {} {} at most: take one back first", most, what));
}

Result<http::Response> share(const Call& call) {
  static constexpr std::array<std::string_view, 1> kFields{"until"};
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  state::Share wanted{device.id, std::string(call.request.param("user")), std::nullopt, call.now()};
  CBX_ASSIGN(wanted.until, time_field(call, body, "until"));
  CBX_ASSIGN(const auto there, shares_of(call, state, device.id));
  const auto same = [&](const auto& s) { return s.user == wanted.user; };
  if (there.size() >= kMostShares && std::none_of(there.begin(), there.end(), same))
    return too_many("viewers", kMostShares);
  bool known = false;
  // Who looks for the names of others has to be patient.
  CBX_ASSIGN(auto refused, call.shared->lookups.check(call, wanted.user, [&]() -> Result<bool> {
    if (!state::is_login_name(wanted.user)) return false;
    CBX_OURS(const auto user, state.user(wanted.user));
    return known = user.has_value();
  }));
  if (refused) return std::move(*refused);
  if (!known) return problem_with_code(404, "no_such_user", "nobody has this login name");
  if (const Status shared = state.share(wanted); !shared)
    return fail(shared.error().code() == ErrorCode::usage ? shared.error() : ours(shared.error()));
  ownership_changed(call);
  call.context().log.info("'{}' shared camera '{}' with '{}'", call.principal.name, device.id, wanted.user);
  return no_content();
}

Result<http::Response> unshare(const Call& call) {
  const std::string user(call.request.param("user"));
  // Viewers may take their own view away: for that, seeing the camera is enough.
  const bool own =
      call.principal.kind == Principal::Kind::user && !call.principal.read_only && call.principal.name == user;
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, own ? Permission::view : Permission::change));
  const Status gone = state.unshare(device.id, user);
  if (!gone && gone.error().code() == ErrorCode::no_input)
    return problem_with_code(404, "no_such_share", "the camera is not shown to such a user");
  CBX_OURS_TRY(gone);
  ownership_changed(call);
  call.context().log.info("'{}' took camera '{}' from '{}'", call.principal.name, device.id, user);
  return no_content();
}

Result<http::Response> add_link(const Call& call) {
  static constexpr std::array<std::string_view, 2> kFields{"until", "name"};
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  state::Token wanted;
  wanted.kind = state::TokenKind::link;
  wanted.device = device.id;
  wanted.created = call.now();
  CBX_ASSIGN(const auto name, text_field(body, "name"));
  wanted.name = name.value_or("");
  CBX_TRY(as_asked(state::check_token_name(wanted.name)));
  CBX_ASSIGN(wanted.until, time_field(call, body, "until"));
  if (!wanted.until) return fail(ErrorCode::usage, "the field 'until' is missing: a link ends some time");
  if (*wanted.until <= call.now())
    return fail(ErrorCode::usage, fmt::format("{} has passed already", format_rfc3339(*wanted.until)));
  CBX_ASSIGN(const auto there, links_of(call, state, device.id));
  if (there.size() >= kMostLinks) return too_many("links", kMostLinks);
  CBX_OURS(const auto made, state.add_token(wanted));
  ownership_changed(call);
  call.context().log.info("'{}' made link '{}' to camera '{}'", call.principal.name, made.token.id, device.id);
  return uncached(call, {{"id", made.token.id},
                         {"name", made.token.name},
                         {"path", "/t/" + made.secret + "/"},
                         {"until", format_rfc3339(*made.token.until)}});
}

Result<http::Response> remove_link(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  CBX_OURS(const auto tokens, state.tokens());
  const auto is_it = [&](const auto& t) {
    return t.kind == state::TokenKind::link && t.device == device.id && t.id == call.request.param("link");
  };
  if (std::none_of(tokens.begin(), tokens.end(), is_it))
    return problem_with_code(404, "no_such_link", "the camera has no such link");
  CBX_OURS_TRY(state.remove_token(call.request.param("link")));
  ownership_changed(call);
  call.context().log.info("'{}' took back link '{}' to camera '{}'", call.principal.name, call.request.param("link"),
                          device.id);
  return no_content();
}

}  // namespace

std::vector<ApiRoute> share_routes() {
  const std::string device = "/api/v1/devices/{device}";
  std::vector<ApiRoute> out;
  out.push_back({{.pattern = device + "/shares",
                  .name = "listShares",
                  .tag = "sharing",
                  .summary = "Whom the camera is shown to",
                  .description = "What has expired is not listed.",
                  .permission = Permission::change,
                  .schema = "Shares"},
                 list,
                 always});
  out.push_back({{.method = http::Method::put,
                  .pattern = device + "/shares/{user}",
                  .name = "shareDevice",
                  .tag = "sharing",
                  .summary = "Show the camera to a user",
                  .description = "Replaces what was said of the same user before. 404 with the code `no_such_user`; "
                                 "looking for names is limited.",
                  .permission = Permission::change,
                  .body = "NewShare",
                  .status = 204,
                  .type = ""},
                 share,
                 always});
  out.push_back({{.method = http::Method::del,
                  .pattern = device + "/shares/{user}",
                  .name = "unshareDevice",
                  .tag = "sharing",
                  .summary = "Show the camera to a user no longer",
                  .description = "For its owner, administrators, and for the user in question.",
                  .permission = Permission::view,
                  .status = 204,
                  .type = ""},
                 unshare,
                 always});
  out.push_back({{.method = http::Method::post,
                  .pattern = device + "/links",
                  .name = "addLink",
                  .tag = "sharing",
                  .summary = "Make a link that shows the camera to whoever has it",
                  .description = "`path`, before every address, is told this once.",
                  .permission = Permission::change,
                  .body = "NewLink",
                  .status = 201,
                  .schema = "MadeLink"},
                 add_link,
                 always});
  out.push_back({{.method = http::Method::del,
                  .pattern = device + "/links/{link}",
                  .name = "removeLink",
                  .tag = "sharing",
                  .summary = "Take a link back",
                  .description = "",
                  .permission = Permission::change,
                  .status = 204,
                  .type = ""},
                 remove_link,
                 always});
  return out;
}

}  // namespace cbx::web

#include "shared.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cli/selector.h"

namespace cbx::account {
namespace {

Json time_json(const std::optional<WallMs>& time) {
  return time ? Json(format_rfc3339(*time)) : Json(nullptr);
}

Json text_json(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

}  // namespace

Result<state::State> open_state(const cli::Tool& tool) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  return state::State::open(store.state_path(), true);
}

Result<state::Device> find_device(state::State& state, const std::string& selector) {
  CBX_ASSIGN(const auto devices, state.devices());
  std::vector<cli::SelectableDevice> selectable;
  for (const auto& d : devices) selectable.push_back({d.id, d.nickname, d.tags});
  CBX_ASSIGN(const std::string id, cli::select_device(selector, selectable));
  for (const auto& d : devices)
    if (d.id == id) return d;
  return fail(ErrorCode::internal, "selected device is gone");
}

Result<std::string> check_url(std::string url) {
  const size_t host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : url.size();
  const bool clean = printable(url) == url && url.find_first_of(" ?#\"<>\\^`{|}@") == std::string::npos;
  while (url.size() > host && url.ends_with('/')) url.pop_back();
  if (clean && host < url.size() && url.size() < 512) return url;
  return fail(ErrorCode::usage,
              fmt::format("'{}' is no address such as https://cam.example.org", printable(url.substr(0, 80))));
}

std::string second_factor(const state::User& user) {
  return user.totp ? "totp" : user.email.empty() ? "none" : "email";
}

Json to_json(const state::Device& device) {
  return {{"v", 1},
          {"type", "device"},
          {"device", device.id},
          {"nickname", device.nickname},
          {"tags", device.tags},
          {"enabled", device.enabled},
          {"encrypted", !device.key.empty()},
          {"key_bits", device.key.empty() ? 0 : device.key_bits},
          {"owner", text_json(device.owner)},
          {"created", format_rfc3339(device.created)}};
}

Json to_json(const state::User& user) {
  return {{"v", 1},
          {"type", "user"},
          {"user", user.name},
          {"email", text_json(user.email)},
          {"email_proven", time_json(user.email_proven)},
          {"language", text_json(user.language)},
          {"admin", user.admin},
          {"enabled", user.enabled},
          {"password", !user.password_hash.empty()},
          {"second_factor", second_factor(user)},
          {"created", format_rfc3339(user.created)}};
}

Json to_json(const state::Session& session) {
  return {{"v", 1},
          {"type", "session"},
          {"id", session.id},
          {"user", session.user},
          {"created", format_rfc3339(session.created)},
          {"last_used", format_rfc3339(session.last_used)},
          {"until", format_rfc3339(session.until)},
          {"address", session.address},
          {"agent", session.agent}};
}

Json to_json(const state::Invite& invite) {
  return {{"v", 1},
          {"type", "invite"},
          {"id", invite.id},
          {"email", text_json(invite.email)},
          {"admin", invite.admin},
          {"until", format_rfc3339(invite.until)},
          {"created", format_rfc3339(invite.created)},
          {"by", text_json(invite.by)}};
}

Json to_json(const state::Token& token) {
  return {{"v", 1},
          {"type", "token"},
          {"id", token.id},
          {"kind", state::token_kind_name(token.kind)},
          {"user", text_json(token.user)},
          {"device", text_json(token.device)},
          {"name", token.name},
          {"scope", token.read_only ? "read" : "full"},
          {"until", time_json(token.until)},
          {"created", format_rfc3339(token.created)},
          {"last_used", token.last_used ? Json(format_day(*token.last_used, UtcOffset())) : Json(nullptr)}};
}

Json to_json(const state::Share& share) {
  return {{"v", 1},
          {"type", "share"},
          {"device", share.device},
          {"user", share.user},
          {"until", time_json(share.until)},
          {"created", format_rfc3339(share.created)}};
}

std::string time_or(const std::optional<WallMs>& time, const store::Store& store, std::string_view none) {
  return time ? cli::human_time(*time, store.utc_offset()) : std::string(none);
}

Result<int> print_new_token(const cli::Tool& tool, const store::Store& store, const state::NewToken& made,
                            const std::string& url) {
  const std::string prefix = "/t/" + made.secret;
  const std::string base = fmt::format("{}{}/media/{}/hls/", url, prefix, made.token.device);
  const std::string live = base + "live/main.m3u8";
  const std::string today = base + format_day(made.token.created, store.utc_offset()) + "/main.m3u8";
  const std::string page = url + prefix + "/";
  const bool link = made.token.kind == state::TokenKind::link;
  cli::Output out;
  if (tool.json()) {
    Json json = to_json(made.token);
    json["token"] = made.secret;
    if (link) json["path"] = prefix;
    if (link && !url.empty()) json["page"] = page, json["live"] = live, json["today"] = today;
    out.line(json.dump());
  } else if (!link) {
    out.line(made.secret);
  } else if (url.empty()) {
    out.line(prefix);
  } else {
    out.line(page);
    out.line(live);
    out.line(today);
  }
  CBX_TRY(out.flush());
  tool.log().info("{} '{}'{}; it is not shown again", link ? "link" : "token", made.token.id,
                  made.token.until ? " until " + time_or(made.token.until, store, "") : std::string());
  return 0;
}

}  // namespace cbx::account

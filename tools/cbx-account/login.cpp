// Of users: who is logged in where, second factors, one-time codes.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "account.h"
#include "base/log.h"
#include "secret.h"
#include "shared.h"

namespace cbx::account {
namespace {

constexpr int kTries = 3;

struct Options {
  std::string name;
  std::vector<std::string> sessions;
  bool fresh = false, clear = false, yes = false, dry_run = false;
};

WallMs now_ms() {
  return floor_ms(SystemClock{}.wall());
}

Result<std::vector<state::Session>> sessions_of(state::State& state, const std::string& name) {
  CBX_ASSIGN(const auto user, state.user(name));
  if (!user) return fail(ErrorCode::no_input, fmt::format("no user '{}'", printable(name.substr(0, 80))));
  CBX_ASSIGN(auto sessions, state.sessions());
  const WallMs now = now_ms();
  std::erase_if(sessions, [&](const auto& s) { return s.user != name || !session_valid(s, now); });
  return sessions;
}

Result<int> list_sessions(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto sessions, sessions_of(state, options.name));
  cli::Output out;
  cli::Table table(out, {{"SESSION"}, {"LAST USED"}, {"FROM"}, {"BEGAN"}, {"UNTIL"}, {"BROWSER"}}, tool.color(1));
  const auto time = [&](WallMs t) { return cli::human_time(t, store.utc_offset()); };
  for (const auto& s : sessions) {
    if (tool.json())
      out.line(to_json(s).dump());
    else
      table.row({s.id, time(s.last_used), s.address, time(s.created), time(s.until), s.agent});
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

Result<int> logout(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(auto sessions, sessions_of(state, options.name));
  // All of them are looked for first: either every id is known, or nobody is logged out.
  for (const auto& id : options.sessions)
    if (std::none_of(sessions.begin(), sessions.end(), [&](const auto& s) { return s.id == id; }))
      return fail(ErrorCode::no_input,
                  fmt::format("user '{}' has no session '{}'", options.name, printable(id.substr(0, 80))));
  if (!options.sessions.empty())
    std::erase_if(sessions, [&](const auto& s) {
      return std::find(options.sessions.begin(), options.sessions.end(), s.id) == options.sessions.end();
    });
  cli::Output out;
  // Without ids, one that begins just now ends too.
  if (!options.dry_run && options.sessions.empty()) CBX_TRY(state.end_sessions(options.name, {}));
  for (const auto& s : sessions) {
    if (!options.dry_run && !options.sessions.empty()) CBX_TRY(state.end_session(s.id));
    if (!tool.json()) continue;
    Json json = to_json(s);
    json["ended"] = !options.dry_run;
    if (options.dry_run) json["dry_run"] = true;
    out.line(json.dump());
  }
  CBX_TRY(out.flush());
  tool.log().info("{} {} sessions of '{}'", options.dry_run ? "would end" : "ended", sessions.size(), options.name);
  return 0;
}

Result<int> code(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  const WallMs now = now_ms();
  CBX_ASSIGN(const std::string made, state.operator_code(options.name, now));
  CBX_ASSIGN(const auto user, state.user(options.name));
  if (user && user->password_hash.empty())
    tool.log().warn("'{}' has no password to log in with: see 'cbx-account user passwd'", options.name);
  cli::Output out;
  if (tool.json())
    out.line(Json{{"v", 1},
                  {"type", "code"},
                  {"user", options.name},
                  {"code", made},
                  {"until", format_rfc3339(now + state::kChallengeLasts)}}
                 .dump());
  else
    out.line(made);
  CBX_TRY(out.flush());
  tool.log().info("'{}' can log in with it once, after the password, within {} minutes", options.name,
                  state::kChallengeLasts.count());
  return 0;
}

Json totp_json(const std::string& user, const state::TotpState& totp) {
  return {{"v", 1},
          {"type", "totp"},
          {"user", user},
          {"active", totp.active},
          {"pending", totp.pending},
          {"recovery_codes_left", totp.recovery_codes}};
}

Result<int> show_totp(const cli::Tool& tool, state::State& state, const std::string& name) {
  CBX_ASSIGN(const auto totp, state.totp_state(name));
  cli::Output out;
  if (tool.json()) {
    out.line(totp_json(name, totp).dump());
  } else if (totp.active) {
    out.line(fmt::format("authenticator, {} recovery codes left{}", totp.recovery_codes,
                         totp.pending ? "; a new one waits for its first code" : ""));
  } else {
    out.line(totp.pending ? "no authenticator; one waits for its first code" : "no authenticator");
  }
  CBX_TRY(out.flush());
  return 0;
}

Result<int> clear_totp(const cli::Tool& tool, state::State& state, const std::string& name) {
  CBX_ASSIGN(const auto before, state.totp_state(name));
  CBX_TRY(state.clear_totp(name));
  tool.log().info("'{}' {} an authenticator", name, before.active ? "logs in without" : "did not have");
  if (!tool.json()) return 0;
  return show_totp(tool, state, name);
}

// The recovery codes, once a code of the new authenticator was right.
Result<std::vector<std::string>> confirm(const cli::Tool& tool, state::State& state, const Options& options,
                                         const std::string& secret) {
  for (int i = 0; i < kTries; i++) {
    std::string code;
    WallMs now = now_ms();
    if (options.yes) {
      // The code before this one, so that the one that is shown now is still there to log in with.
      CBX_ASSIGN(code, state::totp_code(secret, now - std::chrono::seconds{30}));
    } else {
      CBX_ASSIGN(code, ask_line(fmt::format("code that the authenticator of '{}' shows: ", options.name)));
      now = now_ms();
    }
    CBX_ASSIGN(auto codes, state.confirm_totp(options.name, code, now));
    if (codes) return std::move(*codes);
    tool.log().warn("that is not the code; is the clock of the authenticator right?");
  }
  return fail(ErrorCode::data, "no code was right: nothing is changed");
}

Result<int> new_totp(const cli::Tool& tool, state::State& state, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  if (!options.yes) CBX_TRY(must_have_terminal("give --yes to take the authenticator without a first code of it"));
  CBX_ASSIGN(const std::string secret, state.begin_totp(options.name));
  const std::string& host = store.config().public_host;
  const std::string uri = state::totp_uri(secret, options.name, host.empty() ? "cbx" : host);
  cli::Output out;
  if (!tool.json()) {
    out.line(uri);
    if (::isatty(1) == 1) {
      CBX_ASSIGN(const std::string picture, cli::qr_code(uri, tool.color(1)));
      out.write(picture);
    }
  } else if (!options.yes) {
    CBX_ASSIGN(const auto totp, state.totp_state(options.name));
    Json json = totp_json(options.name, totp);
    json["secret"] = secret, json["uri"] = uri;
    out.line(json.dump());
  }
  CBX_TRY(out.flush());
  CBX_ASSIGN(const auto codes, confirm(tool, state, options, secret));
  if (tool.json()) {
    CBX_ASSIGN(const auto totp, state.totp_state(options.name));
    Json json = totp_json(options.name, totp);
    if (options.yes) json["secret"] = secret, json["uri"] = uri;
    json["recovery_codes"] = codes;
    out.line(json.dump());
  } else {
    for (const auto& code : codes) out.line(code);
  }
  CBX_TRY(out.flush());
  tool.log().info("'{}' logs in with the authenticator's code, or once each with these; they are not shown again",
                  options.name);
  return 0;
}

Result<int> totp(const cli::Tool& tool, const Options& options) {
  if (options.yes && !options.fresh) return fail(ErrorCode::usage, "--yes belongs to --new");
  CBX_ASSIGN(auto state, open_state(tool));
  if (options.clear) return clear_totp(tool, state, options.name);
  return options.fresh ? new_totp(tool, state, options) : show_totp(tool, state, options.name);
}

}  // namespace

void add_login_commands(cli::Tool& tool, const Commands& commands, const Choose& choose) {
  auto o = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* purpose, std::function<Result<int>()> body) {
    auto* sub = commands.user->add_subcommand(name, purpose);
    sub->callback([choose, body = std::move(body)] { choose(body); });
    sub->add_option("name", o->name, "Login name")->required()->type_name("NAME");
    return sub;
  };
  auto* sub =
      command("totp", "Show, set up or take away a user's authenticator", [&tool, o] { return totp(tool, *o); });
  auto* fresh = sub->add_flag("--new", o->fresh, "Set one up: print its address, ask for a code, print recovery codes");
  sub->add_flag("--clear", o->clear, "Take it away: codes come by e-mail again")->excludes(fresh);
  sub->add_flag("--yes", o->yes, "Of --new: don't ask for a code");

  command("code", "Make a code to log in with once, for who gets none otherwise",
          [&tool, o] { return code(tool, *o); });

  command("sessions", "List where a user is logged in", [&tool, o] { return list_sessions(tool, *o); });

  sub = command("logout", "End a user's sessions", [&tool, o] { return logout(tool, *o); });
  sub->add_option("session", o->sessions, "Only these, by id")->type_name("SESSION");
  sub->add_flag("-n,--dry-run", o->dry_run, "Only say what would end");
}

}  // namespace cbx::account

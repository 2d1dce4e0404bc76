#include <fmt/format.h>

#include <memory>

#include "account.h"
#include "base/log.h"
#include "secret.h"
#include "shared.h"

namespace cbx::account {
namespace {

struct Options {
  std::string name, email, language, password_file;
  bool admin = false, no_admin = false, no_password = false, dry_run = false;
};

// From the file that was named, or asked for at the terminal, as its hash.
Result<std::string> password_hash(const Options& options) {
  CBX_ASSIGN(const std::string password,
             options.password_file.empty() ? ask_new_password(options.name) : read_secret(options.password_file));
  return state::hash_password(password);
}

Result<int> print_user(const cli::Tool& tool, state::State& state, const std::string& name) {
  if (!tool.json()) return 0;
  CBX_ASSIGN(const auto user, state.user(name));
  if (!user) return fail(ErrorCode::no_input, fmt::format("no user '{}'", printable(name)));
  cli::Output out;
  out.line(to_json(*user).dump());
  CBX_TRY(out.flush());
  return 0;
}

Result<int> add(const cli::Tool& tool, const Options& options) {
  state::User user;
  user.name = options.name;
  user.email = options.email;
  user.admin = options.admin;
  user.created = floor_ms(SystemClock{}.wall());
  // What is wrong with the name is said before anybody types a password.
  CBX_TRY(state::check_login_name(user.name));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto existing, state.user(user.name));
  if (existing) return fail(ErrorCode::cannot_create, fmt::format("user '{}' exists already", user.name));
  if (!options.no_password) {
    CBX_ASSIGN(user.password_hash, password_hash(options));
  }
  CBX_TRY(state.add_user(user));
  return print_user(tool, state, user.name);
}

Result<int> set_password(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto existing, state.user(options.name));
  if (!existing) return fail(ErrorCode::no_input, fmt::format("no user '{}'", printable(options.name)));
  std::string hash;
  if (!options.no_password) {
    CBX_ASSIGN(hash, password_hash(options));
  }
  CBX_TRY(state.set_password(options.name, hash));
  CBX_ASSIGN(const auto left, state.belongings(options.name));
  if (left.tokens > 0)
    tool.log().info("{} tokens of '{}' stay valid: see 'cbx-account token list'", left.tokens, options.name);
  return print_user(tool, state, options.name);
}

Result<int> enable(const cli::Tool& tool, const std::string& name, bool enabled) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_TRY(state.set_user_enabled(name, enabled));
  return print_user(tool, state, name);
}

Result<int> set_email(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  // Only a code that comes back proves an address, not that somebody typed it here.
  CBX_TRY(state.set_email(options.name, options.email, std::nullopt));
  return print_user(tool, state, options.name);
}

Result<int> set_language(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_TRY(state.set_language(options.name, options.language));
  return print_user(tool, state, options.name);
}

Result<int> set_admin(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_TRY(state.set_admin(options.name, !options.no_admin));
  return print_user(tool, state, options.name);
}

Result<int> list(const cli::Tool& tool) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto users, state.users());
  cli::Output out;
  cli::Table table(out,
                   {{"USER"}, {"E-MAIL"}, {"PROVEN"}, {"ROLE"}, {"PASSWORD"}, {"2ND FACTOR"}, {"STATE"}, {"CREATED"}},
                   tool.color(1));
  for (const auto& u : users) {
    if (tool.json())
      out.line(to_json(u).dump());
    else
      table.row({u.name, u.email,
                 u.email.empty()  ? "-"
                 : u.email_proven ? "yes"
                                  : "no",
                 u.admin ? "admin" : "user", u.password_hash.empty() ? "none" : "set", second_factor(u),
                 u.enabled ? "enabled" : "disabled", cli::human_time(u.created, store.utc_offset())});
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

Result<int> remove(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto user, state.user(options.name));
  if (!user) return fail(ErrorCode::no_input, fmt::format("no user '{}'", printable(options.name)));
  CBX_ASSIGN(const auto all, state.belongings(options.name));
  if (!options.dry_run) CBX_TRY(state.remove_user(options.name));
  if (tool.json()) {
    Json json = to_json(*user);
    json["devices"] = all.devices;
    json["tokens"] = all.tokens;
    json["shares"] = all.shares;
    json["sessions"] = all.sessions;
    json["removed"] = !options.dry_run;
    if (options.dry_run) json["dry_run"] = true;
    cli::Output out;
    out.line(json.dump());
    CBX_TRY(out.flush());
  }
  tool.log().info("{} '{}', {} tokens, {} shares and {} sessions", options.dry_run ? "would remove" : "removed",
                  user->name, all.tokens, all.shares, all.sessions);
  if (!all.devices.empty())
    tool.log().warn("without an owner {}: '{}'", options.dry_run ? "would be" : "are now",
                    fmt::join(all.devices, "', '"));
  return 0;
}

void add_password_options(CLI::App* app, const std::shared_ptr<Options>& o, const char* without) {
  auto* none = app->add_flag("--no-password", o->no_password, without);
  app->add_option("--password-file", o->password_file, "Take the password from FILE (- is standard input)")
      ->type_name("FILE")
      ->excludes(none);
}

}  // namespace

CLI::App* add_user_commands(cli::Tool& tool, const Choose& choose) {
  auto* user = tool.app().add_subcommand("user", "People who may look: log-in, password, role");
  user->require_subcommand(1);
  auto o = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* purpose, std::function<Result<int>()> body) {
    auto* sub = user->add_subcommand(name, purpose);
    sub->callback([choose, body = std::move(body)] { choose(body); });
    return sub;
  };
  const auto name_argument = [&](CLI::App* sub, const char* help) {
    sub->add_option("name", o->name, help)->required()->type_name("NAME");
  };

  auto* sub = command("add", "Add a user; asks for the password", [&tool, o] { return add(tool, *o); });
  name_argument(sub, "Login name: a-z 0-9 . _ -, never changed");
  sub->add_option("--email", o->email, "E-mail address")->type_name("ADDRESS");
  sub->add_flag("--admin", o->admin, "May see and change everything");
  add_password_options(sub, o, "Let only tokens in");

  sub = command("passwd", "Set a new password and end all sessions", [&tool, o] { return set_password(tool, *o); });
  name_argument(sub, "Login name");
  add_password_options(sub, o, "Take the password away: only tokens are let in");

  sub = command("email", "Set a user's e-mail address", [&tool, o] { return set_email(tool, *o); });
  name_argument(sub, "Login name");
  sub->add_option("address", o->email, "The address; an empty one takes it away")->required()->type_name("ADDRESS");

  sub = command("language", "Set the language of a user's letters", [&tool, o] { return set_language(tool, *o); });
  name_argument(sub, "Login name");
  sub->add_option("language", o->language, "Such as en or ko; an empty one takes it away")
      ->required()
      ->type_name("LANGUAGE");

  sub = command("admin", "Make a user an admin", [&tool, o] { return set_admin(tool, *o); });
  name_argument(sub, "Login name");
  sub->add_flag("--no", o->no_admin, "Make the user none any more");

  command("list", "List users", [&tool] { return list(tool); });

  sub = command("rm", "Remove a user with all tokens, shares and sessions; devices stay",
                [&tool, o] { return remove(tool, *o); });
  name_argument(sub, "Login name");
  sub->add_flag("-n,--dry-run", o->dry_run, "Only say what would be removed");

  for (const bool enabled : {true, false}) {
    sub = command(enabled ? "enable" : "disable",
                  enabled ? "Let a user in again" : "Refuse a user, tokens included, and end all sessions",
                  [&tool, o, enabled] { return enable(tool, o->name, enabled); });
    name_argument(sub, "Login name");
  }
  return user;
}

}  // namespace cbx::account

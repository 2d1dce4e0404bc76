#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "account.h"
#include "base/log.h"
#include "moments.h"
#include "shared.h"

namespace cbx::account {
namespace {

struct Options {
  std::string user, device, name, until;
  std::vector<std::string> ids;
  bool read_only = false, dry_run = false;
};

Result<int> add(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  state::Token token;
  token.kind = options.user.empty() ? state::TokenKind::device : state::TokenKind::user;
  token.user = options.user;
  token.name = options.name;
  token.read_only = options.read_only;
  token.created = floor_ms(SystemClock{}.wall());
  if (!options.device.empty()) {
    CBX_ASSIGN(const auto device, find_device(state, options.device));
    token.device = device.id;
  }
  if (!options.until.empty()) {
    CBX_ASSIGN(token.until, parse_until(options.until, store, token.created));
  }
  CBX_ASSIGN(const auto made, state.add_token(token));
  return print_new_token(tool, store, made, "");
}

std::string state_of(const state::Token& token, WallMs now) {
  return token.until && *token.until <= now ? "expired" : token.read_only ? "read" : "full";
}

Result<int> list(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  std::string device;
  if (!options.device.empty()) {
    CBX_ASSIGN(device, find_device(state, options.device).map([](const auto& found) { return found.id; }));
  }
  CBX_ASSIGN(const auto tokens, state.tokens());
  const WallMs now = floor_ms(SystemClock{}.wall());
  cli::Output out;
  cli::Table table(out,
                   {{"ID"}, {"KIND"}, {"USER"}, {"DEVICE"}, {"SCOPE"}, {"UNTIL"}, {"LAST USED"}, {"CREATED"}, {"NAME"}},
                   tool.color(1));
  for (const auto& t : tokens) {
    if ((!options.user.empty() && t.user != options.user) || (!device.empty() && t.device != device)) continue;
    if (tool.json())
      out.line(to_json(t).dump());
    else
      table.row({t.id, std::string(state::token_kind_name(t.kind)), t.user, t.device, state_of(t, now),
                 time_or(t.until, store, "-"), t.last_used ? format_day(*t.last_used, UtcOffset()) : "never",
                 cli::human_time(t.created, store.utc_offset()), t.name});
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

Result<int> remove(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto tokens, state.tokens());
  cli::Output out;
  // All of them are looked for first: either every id is known, or nothing is taken back.
  std::vector<state::Token> chosen;
  for (const auto& id : options.ids) {
    const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const auto& t) { return t.id == id; });
    if (found == tokens.end())
      return fail(ErrorCode::no_input, state::is_token(id)
                                           ? std::string("that is a token, not its id: see 'cbx-account token list'")
                                           : fmt::format("no token '{}'", printable(id.substr(0, 80))));
    chosen.push_back(*found);
  }
  for (const auto& token : chosen) {
    if (!options.dry_run) CBX_TRY(state.remove_token(token.id));
    if (tool.json()) {
      Json json = to_json(token);
      json["removed"] = !options.dry_run;
      if (options.dry_run) json["dry_run"] = true;
      out.line(json.dump());
    }
    tool.log().info("{} '{}'", options.dry_run ? "would take back" : "taken back", token.id);
  }
  CBX_TRY(out.flush());
  return 0;
}

// `user token NAME` and `device token DEVICE`.
void add_makers(cli::Tool& tool, const Commands& commands, const Choose& choose) {
  const auto maker = [&](CLI::App* parent, const char* purpose) {
    auto o = std::make_shared<Options>();
    auto* sub = parent->add_subcommand("token", purpose);
    sub->callback([&tool, choose, o] { choose([&tool, o] { return add(tool, *o); }); });
    sub->add_option("--name", o->name, "What it is for")->type_name("TEXT");
    sub->add_option("--until", o->until, "When it expires: +30d, or a time")->type_name("TIME");
    return std::pair(sub, o);
  };
  const auto [user, of_user] = maker(commands.user, "Make a token for a user's scripts and print it, once");
  user->add_option("name", of_user->user, "Login name: the token may what this user may")
      ->required()
      ->type_name("NAME");
  user->add_option("--device", of_user->device, "For this device alone")->type_name("DEVICE");
  user->add_flag("--read-only", of_user->read_only, "For looking only");

  const auto [device, of_device] =
      maker(commands.device, "Make a token for a camera to report with and print it, once");
  device->add_option("device", of_device->device, "Id or nickname")->required()->type_name("DEVICE");
}

}  // namespace

void add_token_commands(cli::Tool& tool, const Commands& commands, const Choose& choose) {
  add_makers(tool, commands, choose);
  auto* token = tool.app().add_subcommand("token", "Tokens of scripts, cameras and links");
  token->require_subcommand(1);
  auto o = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* purpose, std::function<Result<int>()> body) {
    auto* sub = token->add_subcommand(name, purpose);
    sub->callback([choose, body = std::move(body)] { choose(body); });
    return sub;
  };

  auto* sub = command("list", "List tokens and links", [&tool, o] { return list(tool, *o); });
  sub->add_option("--user", o->user, "Only those of this user")->type_name("NAME");
  sub->add_option("--device", o->device, "Only those for this device")->type_name("DEVICE");

  sub = command("rm", "Take tokens and links back", [&tool, o] { return remove(tool, *o); });
  sub->add_option("id", o->ids, "Their ids")->required()->type_name("ID");
  sub->add_flag("-n,--dry-run", o->dry_run, "Only say what would be taken back");
}

}  // namespace cbx::account

// Invitations to sign up.
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
  std::string email, until, url;
  std::vector<std::string> ids;
  bool admin = false, dry_run = false;
};

Result<int> invite(const cli::Tool& tool, const Options& options) {
  std::string url;
  if (!options.url.empty()) {
    CBX_ASSIGN(url, check_url(options.url));
  }
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  state::Invite wanted{.email = options.email, .admin = options.admin};
  wanted.created = floor_ms(SystemClock{}.wall());
  if (!options.until.empty()) {
    CBX_ASSIGN(wanted.until, parse_until(options.until, store, wanted.created));
  }
  CBX_ASSIGN(const auto made, state.add_invite(wanted));
  // Behind '#', so that it never comes into a server's log.
  const std::string path = "/signup#invite=" + made.secret;
  cli::Output out;
  if (tool.json()) {
    Json json = to_json(made.invite);
    json["secret"] = made.secret;
    json["path"] = path;
    if (!url.empty()) json["url"] = url + path;
    out.line(json.dump());
  } else {
    out.line(url + path);
  }
  CBX_TRY(out.flush());
  tool.log().info("invitation '{}' until {}; it is not shown again", made.invite.id,
                  time_or(made.invite.until, store, ""));
  return 0;
}

Result<int> list(const cli::Tool& tool) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto invites, state.invites());
  const WallMs now = floor_ms(SystemClock{}.wall());
  cli::Output out;
  cli::Table table(out, {{"INVITE"}, {"E-MAIL"}, {"ROLE"}, {"STATE"}, {"UNTIL"}, {"CREATED"}, {"BY"}}, tool.color(1));
  for (const auto& i : invites) {
    if (tool.json())
      out.line(to_json(i).dump());
    else
      table.row({i.id, i.email, i.admin ? "admin" : "user", i.until <= now ? "expired" : "open",
                 time_or(i.until, store, ""), time_or(i.created, store, ""), i.by});
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

Result<int> take_back(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto invites, state.invites());
  std::vector<state::Invite> chosen;
  // All of them are looked for first: either every id is known, or nothing is taken back.
  for (const auto& id : options.ids) {
    const auto found = std::find_if(invites.begin(), invites.end(), [&](const auto& i) { return i.id == id; });
    if (found == invites.end())
      return fail(ErrorCode::no_input, fmt::format("no invitation '{}'", printable(id.substr(0, 80))));
    chosen.push_back(*found);
  }
  cli::Output out;
  for (const auto& gone : chosen) {
    if (!options.dry_run) CBX_TRY(state.remove_invite(gone.id));
    if (tool.json()) {
      Json json = to_json(gone);
      json["removed"] = !options.dry_run;
      if (options.dry_run) json["dry_run"] = true;
      out.line(json.dump());
    }
    tool.log().info("{} '{}'", options.dry_run ? "would take back" : "taken back", gone.id);
  }
  CBX_TRY(out.flush());
  return 0;
}

}  // namespace

void add_invite_commands(cli::Tool& tool, const Commands& commands, const Choose& choose) {
  auto o = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* purpose, std::function<Result<int>()> body) {
    auto* sub = commands.user->add_subcommand(name, purpose);
    sub->callback([choose, body = std::move(body)] { choose(body); });
    return sub;
  };
  auto* sub =
      command("invite", "Make an invitation to sign up and print it, once", [&tool, o] { return invite(tool, *o); });
  sub->add_option("--email", o->email, "Only for who reads mail there")->type_name("ADDRESS");
  sub->add_flag("--admin", o->admin, "Who signs up by it becomes an admin");
  sub->add_option("--until", o->until, "When it expires: +3d, or a time (default: after a week)")->type_name("TIME");
  sub->add_option("--url", o->url, "Print the whole address under this one")->type_name("URL");

  command("invites", "List invitations", [&tool] { return list(tool); });

  sub = command("uninvite", "Take invitations back", [&tool, o] { return take_back(tool, *o); });
  sub->add_option("id", o->ids, "Their ids")->required()->type_name("ID");
  sub->add_flag("-n,--dry-run", o->dry_run, "Only say what would be taken back");
}

}  // namespace cbx::account

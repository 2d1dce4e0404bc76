#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "account.h"
#include "base/device_id.h"
#include "base/log.h"
#include "moments.h"
#include "shared.h"

namespace cbx::account {
namespace {

// How long a link works unless told otherwise.
constexpr const char* kLinkUntil = "+1d";

struct Options {
  std::string device, user, until, url, name;
  bool owner = false, link = false, links = false, dry_run = false;
};

// Recordings that were imported are there without a device that could be shared.
Result<state::Device> find_to_share(state::State& state, const store::Store& store, const std::string& selector) {
  auto device = find_device(state, selector);
  if (device || !is_device_id(selector) || ::access((store.media_path() + "/" + selector).c_str(), F_OK) != 0)
    return device;
  return fail(
      ErrorCode::no_input,
      fmt::format("'{0}' has recordings, but was never added: after 'cbx-account device add {0} --no-key' it can "
                  "be shared (without --no-key it gets a key, to send as well)",
                  selector));
}

Result<int> make_link(const cli::Tool& tool, const Options& options) {
  std::string url;
  if (!options.url.empty()) {
    CBX_ASSIGN(url, check_url(options.url));
  }
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto device, find_to_share(state, store, options.device));
  state::Token token;
  token.kind = state::TokenKind::link;
  token.device = device.id;
  token.name = options.name;
  token.created = floor_ms(SystemClock{}.wall());
  CBX_ASSIGN(token.until, parse_until(options.until.empty() ? kLinkUntil : options.until, store, token.created));
  CBX_ASSIGN(const auto made, state.add_token(token));
  return print_new_token(tool, store, made, url);
}

Result<int> print_share(const cli::Tool& tool, Json json) {
  if (!tool.json()) return 0;
  cli::Output out;
  out.line(json.dump());
  CBX_TRY(out.flush());
  return 0;
}

Result<int> make_owner(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(auto device, find_to_share(state, store, options.device));
  CBX_TRY(state.set_owner(device.id, options.user));
  if (!device.owner.empty() && device.owner != options.user)
    tool.log().info("'{}' no longer owns '{}'", device.owner, device.id);
  device.owner = options.user;
  return print_share(tool, to_json(device));
}

Result<int> share(const cli::Tool& tool, const Options& options) {
  if (options.link == !options.user.empty())
    return fail(ErrorCode::usage, "share with whom? give a user, or --link for a link");
  if (!options.link && !(options.url.empty() && options.name.empty()))
    return fail(ErrorCode::usage, "--url and --name belong to --link");
  if (options.owner && !options.until.empty())
    return fail(ErrorCode::usage, "an owner stays until there is another: no --until");
  if (options.link) return make_link(tool, options);
  if (options.owner) return make_owner(tool, options);
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto device, find_to_share(state, store, options.device));
  state::Share share{device.id, options.user, std::nullopt, floor_ms(SystemClock{}.wall())};
  if (!options.until.empty()) {
    CBX_ASSIGN(share.until, parse_until(options.until, store, share.created));
  }
  CBX_TRY(state.share(share));
  return print_share(tool, to_json(share));
}

Result<int> drop_links(const cli::Tool& tool, state::State& state, const state::Device& device, bool dry_run) {
  CBX_ASSIGN(const auto tokens, state.tokens());
  cli::Output out;
  int count = 0;
  for (const auto& token : tokens) {
    if (token.kind != state::TokenKind::link || token.device != device.id) continue;
    if (!dry_run) CBX_TRY(state.remove_token(token.id));
    count++;
    if (!tool.json()) continue;
    Json json = to_json(token);
    json["removed"] = !dry_run;
    if (dry_run) json["dry_run"] = true;
    out.line(json.dump());
  }
  tool.log().info("{} {} links to '{}'", dry_run ? "would take back" : "took back", count, device.id);
  CBX_TRY(out.flush());
  return 0;
}

Result<int> unshare(const cli::Tool& tool, const Options& options) {
  if (options.links == !options.user.empty())
    return fail(ErrorCode::usage, "take from whom? give a user, or --links for all links");
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto device, find_device(state, options.device));
  if (options.links) return drop_links(tool, state, device, options.dry_run);
  const bool owner = device.owner == options.user;
  if (options.dry_run) {
    CBX_ASSIGN(const auto shares, state.shares());
    bool there = owner;
    for (const auto& s : shares) there = there || (s.device == device.id && s.user == options.user);
    if (!there)
      return fail(ErrorCode::no_input, fmt::format("device '{}' isn't shared with user '{}'", device.id,
                                                   printable(options.user.substr(0, 80))));
  } else {
    CBX_TRY(owner ? state.set_owner(device.id, "") : state.unshare(device.id, options.user));
  }
  tool.log().info("{} {} '{}' from '{}'", options.dry_run ? "would take" : "took",
                  owner ? "ownership of" : "the view of", device.id, options.user);
  Json json{{"v", 1}, {"type", "share"}, {"device", device.id}, {"user", options.user}, {"owner", owner}};
  json["removed"] = !options.dry_run;
  if (options.dry_run) json["dry_run"] = true;
  return print_share(tool, std::move(json));
}

}  // namespace

void add_share_commands(cli::Tool& tool, const Commands& commands, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = commands.device->add_subcommand("share", "Show a device to a user or, by a link, to anybody");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return share(tool, *o); }); });
  sub->add_option("device", o->device, "Id or nickname")->required()->type_name("DEVICE");
  sub->add_option("user", o->user, "Who may look")->type_name("USER");
  sub->add_flag("--owner", o->owner, "Make the user the owner, who may also delete and pin");
  sub->add_flag("--link", o->link, "Make a link instead: whoever has it may look");
  sub->add_option("--until", o->until, "When it ends: +1d, or a time (a link without it: after a day)")
      ->type_name("TIME");
  sub->add_option("--url", o->url, "Of --link: print whole addresses under this one")->type_name("URL");
  sub->add_option("--name", o->name, "Of --link: what it is for")->type_name("TEXT");

  sub = commands.device->add_subcommand("unshare", "Take a user's view or ownership, or all links");
  sub->callback([&tool, choose, o] { choose([&tool, o] { return unshare(tool, *o); }); });
  sub->add_option("device", o->device, "Id or nickname")->required()->type_name("DEVICE");
  sub->add_option("user", o->user, "Who may no longer")->type_name("USER");
  sub->add_flag("--links", o->links, "Take all links to the device back");
  sub->add_flag("-n,--dry-run", o->dry_run, "Only say what would be taken");
}

}  // namespace cbx::account

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "account.h"
#include "base/log.h"
#include "cli/publish.h"
#include "cli/selector.h"
#include "secret.h"
#include "shared.h"

namespace cbx::account {
namespace {

struct Options {
  std::string device, nickname, key_file, host, owner;
  std::vector<std::string> tags, add_tags, remove_tags;
  int port = cli::kDefaultPublishPort, latency_ms = cli::kDefaultLatencyMs, key_bits = 0;
  bool dry_run = false;
  bool no_key = false, new_key = false, clear_key = false, yes = false;
};

std::string join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

Result<std::string> read_key(const std::string& file) {
  CBX_ASSIGN(std::string key, read_secret(file));
  CBX_TRY(state::check_key(key));
  return key;
}

// Whom the device is shown to, now or in times to come.
std::vector<std::string> viewers(const state::Device& device, const std::vector<state::Share>& shares) {
  const WallMs now = floor_ms(SystemClock{}.wall());
  std::vector<std::string> names;
  for (const auto& share : shares)
    if (share.device == device.id && (!share.until || *share.until > now)) names.push_back(share.user);
  return names;
}

Json with_shares(const state::Device& device, const std::vector<state::Share>& shares) {
  Json json = to_json(device);
  json["shares"] = Json::array();
  for (const auto& share : shares)
    if (share.device == device.id) json["shares"].push_back({{"user", share.user}, {"until", to_json(share)["until"]}});
  return json;
}

Result<cli::PublishPoint> publish_point(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  cli::PublishPoint point{options.host.empty() ? store.config().public_host : options.host, options.port,
                          options.latency_ms};
  if (point.host.empty()) {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) == 0) point.host = name;
    tool.log().warn(
        "the store's public host is not set, so the address names '{}': give --host, or set it with "
        "'cbx-index init --public-host HOST'",
        point.host);
  }
  return point;
}

// The address with lines for ffmpeg, OBS and Larix, and on a terminal a QR code.
Status print_address(const cli::Tool& tool, cli::Output& out, const cli::PublishPoint& where,
                     const cli::Publisher& publisher) {
  const std::string plain = srt_address(where, publisher);
  out.line(fmt::format("{:8} {}", "address", plain));
  for (const auto& line : publish_lines(where, publisher)) out.line(fmt::format("{:8} {}", line.name, line.text));
  if (::isatty(1) != 1) return {};
  CBX_ASSIGN(const std::string code, cli::qr_code(plain, tool.color(1)));
  out.line("");
  out.write(code);
  return {};
}

Result<int> show_address(const cli::Tool& tool, const Options& options, const state::Device& device) {
  CBX_ASSIGN(const cli::PublishPoint where, publish_point(tool, options));
  const cli::Publisher publisher{device.id, device.key, device.key_bits};
  if (srt_address(where, publisher).find('%') != std::string::npos)
    tool.log().warn(
        "the key holds characters that an address has to escape; ffmpeg and OBS don't undo that: there, "
        "give the key apart (ffmpeg: -passphrase)");
  cli::Output out;
  if (tool.json()) {
    Json json = to_json(device);
    json["address"] = srt_address(where, publisher);
    json["ffmpeg"] = ffmpeg_address(where, publisher);
    if (!device.key.empty()) json["key"] = device.key;
    out.line(json.dump());
  } else {
    CBX_TRY(print_address(tool, out, where, publisher));
  }
  CBX_TRY(out.flush());
  return 0;
}

Result<int> add(const cli::Tool& tool, const Options& options) {
  state::Device device{.id = options.device,
                       .nickname = options.nickname,
                       .key = {},
                       .key_bits = options.key_bits ? options.key_bits : 128,
                       .tags = options.tags,
                       .enabled = true,
                       .created = floor_ms(SystemClock{}.wall()),
                       .owner = options.owner};
  if (!options.no_key) {
    CBX_ASSIGN(device.key, options.key_file.empty() ? state::generate_key() : read_key(options.key_file));
  }
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_TRY(state.add_device(device));
  return show_address(tool, options, device);
}

Result<int> key(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(state::Device device, find_device(state, options.device));
  const bool changes = options.new_key || options.clear_key || !options.key_file.empty() || options.key_bits;
  if (options.key_bits) device.key_bits = options.key_bits;
  if (options.clear_key) device.key.clear();
  if (options.new_key) {
    CBX_ASSIGN(device.key, state::generate_key());
  }
  if (!options.key_file.empty()) {
    CBX_ASSIGN(device.key, read_key(options.key_file));
  }
  if (changes) CBX_TRY(state.set_key(device.id, device.key, device.key_bits));
  return show_address(tool, options, device);
}

Result<int> list(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(const auto devices, state.devices());
  std::vector<cli::SelectableDevice> selectable;
  for (const auto& d : devices) selectable.push_back({d.id, d.nickname, d.tags});
  CBX_ASSIGN(const auto ids, cli::select_devices(options.device, selectable));
  CBX_ASSIGN(const auto shares, state.shares());
  cli::Output out;
  cli::Table table(out, {{"DEVICE"}, {"NICKNAME"}, {"TAGS"}, {"OWNER"}, {"SHARED"}, {"KEY"}, {"STATE"}, {"CREATED"}},
                   tool.color(1));
  for (const auto& d : devices) {
    if (std::find(ids.begin(), ids.end(), d.id) == ids.end()) continue;
    if (tool.json())
      out.line(with_shares(d, shares).dump());
    else
      table.row({d.id, d.nickname, join(d.tags), d.owner, join(viewers(d, shares)),
                 d.key.empty() ? "none" : fmt::format("AES-{}", d.key_bits), d.enabled ? "enabled" : "disabled",
                 cli::human_time(d.created, store.utc_offset())});
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

// Prints the device as it now is, without its key.
Result<int> print_device(const cli::Tool& tool, state::State& state, const std::string& id) {
  CBX_ASSIGN(const auto device, state.device(id));
  if (!device) return fail(ErrorCode::no_input, fmt::format("no device '{}'", printable(id)));
  CBX_ASSIGN(const auto shares, state.shares());
  cli::Output out;
  if (tool.json()) {
    out.line(with_shares(*device, shares).dump());
  } else {
    CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
    out.line(fmt::format("device    {}", device->id));
    out.line(fmt::format("nickname  {}", device->nickname));
    out.line(fmt::format("tags      {}", join(device->tags)));
    out.line(fmt::format("owner     {}", device->owner.empty() ? "none" : device->owner));
    for (const auto& share : shares)
      if (share.device == id)
        out.line(fmt::format("shared    {}{}", share.user,
                             share.until ? " until " + time_or(share.until, store, "") : std::string()));
    out.line(fmt::format("key       {}", device->key.empty() ? "none" : fmt::format("AES-{}", device->key_bits)));
    out.line(fmt::format("state     {}", device->enabled ? "enabled" : "disabled"));
    out.line(fmt::format("created   {}", cli::human_time(device->created, store.utc_offset())));
  }
  CBX_TRY(out.flush());
  return 0;
}

// Commands that change one device: find it, change it, print it when asked for JSON.
Result<int> change(const cli::Tool& tool, const Options& options,
                   const std::function<Status(state::State&, const std::string& id)>& how) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto device, find_device(state, options.device));
  CBX_TRY(how(state, device.id));
  if (!tool.json()) return 0;
  return print_device(tool, state, device.id);
}

Result<int> remove(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(auto state, open_state(tool));
  CBX_ASSIGN(const auto device, find_device(state, options.device));
  CBX_ASSIGN(const auto shares, state.shares());
  CBX_ASSIGN(const auto tokens, state.tokens());
  const auto of_device = [&](const auto& entry) { return entry.device == device.id; };
  const auto shared = std::count_if(shares.begin(), shares.end(), of_device);
  const auto given = std::count_if(tokens.begin(), tokens.end(), of_device);
  if (!options.dry_run) CBX_TRY(state.remove_device(device.id));
  if (tool.json()) {
    Json json = with_shares(device, shares);
    json["removed"] = !options.dry_run;
    if (options.dry_run) json["dry_run"] = true;
    cli::Output out;
    out.line(json.dump());
    CBX_TRY(out.flush());
  }
  tool.log().info("{} '{}', {} shares and {} tokens; its recordings stay", options.dry_run ? "would remove" : "removed",
                  device.id, shared, given);
  return 0;
}

void add_address_options(CLI::App* app, const std::shared_ptr<Options>& o) {
  app->add_option("--host", o->host, "Name or address that cameras reach the recorder at")->type_name("HOST");
  app->add_option("--port", o->port, "The recorder's port")
      ->check(CLI::Range(1, 65535))
      ->type_name("PORT")
      ->capture_default_str();
  app->add_option("--latency", o->latency_ms, "SRT latency to ask for, in milliseconds")
      ->check(CLI::Range(20, 60000))
      ->type_name("MS")
      ->capture_default_str();
  app->add_option("--key-bits", o->key_bits, "AES key length (default 128)")
      ->check(CLI::IsMember({128, 256}))
      ->type_name("BITS");
}

}  // namespace

CLI::App* add_device_commands(cli::Tool& tool, const Choose& choose) {
  auto* device = tool.app().add_subcommand("device", "Cameras: who may publish, and with which key");
  device->require_subcommand(1);
  auto o = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* purpose, std::function<Result<int>()> body) {
    auto* sub = device->add_subcommand(name, purpose);
    sub->callback([choose, body = std::move(body)] { choose(body); });
    return sub;
  };
  const auto device_argument = [&](CLI::App* sub, const char* help) {
    return sub->add_option("device", o->device, help)->type_name("DEVICE");
  };

  auto* sub = command("add", "Add a device; prints its address and key", [&tool, o] { return add(tool, *o); });
  sub->add_option("id", o->device, "Its id: a-z 0-9 _ -, never changed")->required()->type_name("ID");
  sub->add_option("--nickname", o->nickname, "Its name for people")->type_name("NAME");
  sub->add_option("--tag", o->tags, "A tag; repeatable")->type_name("TAG")->take_all()->allow_extra_args(false);
  auto* no_key = sub->add_flag("--no-key", o->no_key, "Let it publish without encryption");
  sub->add_option("--key-file", o->key_file, "Take the key from FILE (- is standard input) instead of making one")
      ->type_name("FILE")
      ->excludes(no_key);
  sub->add_option("--owner", o->owner, "The user whose device it is")->type_name("USER");
  add_address_options(sub, o);

  sub = command("list", "List devices", [&tool, o] { return list(tool, *o); });
  device_argument(sub, "Id, nickname, tag:NAME or glob; all if left out");

  sub = command("show", "Show a device, without its key", [&tool, o]() -> Result<int> {
    CBX_ASSIGN(auto state, open_state(tool));
    CBX_ASSIGN(const auto found, find_device(state, o->device));
    return print_device(tool, state, found.id);
  });
  device_argument(sub, "Id or nickname")->required();

  sub = command("rm", "Remove a device with its shares and tokens; its recordings stay",
                [&tool, o] { return remove(tool, *o); });
  device_argument(sub, "Id or nickname")->required();
  sub->add_flag("-n,--dry-run", o->dry_run, "Only say what would be removed");

  sub = command("rename", "Change the nickname", [&tool, o] {
    return change(tool, *o, [o](auto& state, const auto& id) { return state.rename_device(id, o->nickname); });
  });
  device_argument(sub, "Id or nickname")->required();
  sub->add_option("nickname", o->nickname, "The new nickname; '' takes it away")->required()->type_name("NICKNAME");

  sub = command("tag", "Add and remove tags", [&tool, o] {
    return change(tool, *o,
                  [o](auto& state, const auto& id) { return state.tag_device(id, o->add_tags, o->remove_tags); });
  });
  device_argument(sub, "Id or nickname")->required();
  sub->add_option("--add", o->add_tags, "Tags to add, separated by commas")->delimiter(',')->type_name("TAG");
  sub->add_option("--remove", o->remove_tags, "Tags to remove, separated by commas")->delimiter(',')->type_name("TAG");

  sub = command("key", "Print the address with the key; change the key", [&tool, o] { return key(tool, *o); });
  device_argument(sub, "Id or nickname")->required();
  auto* fresh = sub->add_flag("--new", o->new_key, "Make a new key; the old one is refused from now on");
  auto* clear = sub->add_flag("--clear", o->clear_key, "Take the key away")->excludes(fresh);
  sub->add_option("--key-file", o->key_file, "Take the key from FILE (- is standard input)")
      ->type_name("FILE")
      ->excludes(fresh)
      ->excludes(clear);
  add_address_options(sub, o);

  for (const bool enabled : {true, false}) {
    sub = command(enabled ? "enable" : "disable", enabled ? "Let a device publish again" : "Refuse a device",
                  [&tool, o, enabled] {
                    return change(tool, *o,
                                  [enabled](auto& state, const auto& id) { return state.set_enabled(id, enabled); });
                  });
    device_argument(sub, "Id or nickname")->required();
  }
  return device;
}

}  // namespace cbx::account

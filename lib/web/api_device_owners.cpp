// Cameras and whose they are: new ones, claimed ones, their keys and names.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/device_id.h"
#include "base/log.h"
#include "web/device_ids.h"
#include "web/ownership.h"

namespace cbx::web {
namespace {

// Of one user; administrators may have any number.
constexpr size_t kMostDevices = 200;
constexpr size_t kMostTags = 32;

// Where cameras reach the recorder: as the operator says, or else by the name that whoever asks came by.
cli::PublishPoint publish_point(const Call& call) {
  if (!call.context().publish.host.empty()) return call.context().publish;
  const auto named = [](std::string_view text) -> std::optional<cli::PublishPoint> {
    auto point = cli::parse_publish_point(text);
    if (!point) return std::nullopt;
    return *point;
  };
  if (auto point = named(call.context().store.config().public_host)) return *point;
  if (auto point = named(call.request.header("host").value_or(""))) {
    // The port is the one of this server.
    point->port = cli::kDefaultPublishPort;
    return *point;
  }
  char name[256] = {};
  return {::gethostname(name, sizeof name - 1) == 0 ? name : "localhost"};
}

Result<http::Response> key_reply(const Call& call, const state::Device& device) {
  const cli::PublishPoint point = publish_point(call);
  const cli::Publisher publisher{device.id, device.key, device.key_bits};
  const std::string address = srt_address(point, publisher);
  CBX_ASSIGN(const Json qr, qr_json(address));
  Json lines = Json::array();
  for (const auto& line : publish_lines(point, publisher)) lines.push_back({{"name", line.name}, {"text", line.text}});
  return uncached(call, {{"device", device.id},
                         {"key", device.key},
                         {"key_bits", device.key_bits},
                         {"host", point.host},
                         {"port", point.port},
                         {"address", address},
                         {"lines", std::move(lines)},
                         {"qr", qr}});
}

bool is_nickname(const std::vector<state::Device>& devices, std::string_view text) {
  return std::any_of(devices.begin(), devices.end(), [&](const auto& d) { return d.nickname == text; });
}
bool is_id(const std::vector<state::Device>& devices, std::string_view text) {
  return std::any_of(devices.begin(), devices.end(), [&](const auto& d) { return d.id == text; });
}

http::Response id_taken(std::string_view id) {
  return problem_with_code(409, "id_taken", fmt::format("the id '{}' is taken, or was: choose another", id));
}
http::Response nickname_taken() {
  return problem_with_code(409, "nickname_taken",
                           "another of your cameras has this nickname, or it as its id: choose another");
}

// A new camera as the body has it; its id may still be empty.
struct Wanted {
  state::Device device;
  std::optional<http::Response> refused;
};

Result<Wanted> read_new_device(const Call& call, const std::vector<state::Device>& devices) {
  static constexpr std::array<std::string_view, 2> kFields{"nickname", "device"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const auto nickname, text_field(body, "nickname"));
  CBX_ASSIGN(const auto id, text_field(body, "device"));
  Wanted wanted;
  wanted.device.nickname = nickname.value_or("");
  CBX_TRY(as_asked(state::check_nickname(wanted.device.nickname)));
  if (id) {
    if (const auto checked = check_device_id(*id); !checked) return fail(ErrorCode::usage, checked.error().message());
    wanted.device.id = *id;
  }
  wanted.device.owner = call.principal.name;
  wanted.device.created = call.now();
  const auto owned =
      std::count_if(devices.begin(), devices.end(), [&](const auto& d) { return d.owner == call.principal.name; });
  const std::string& name = wanted.device.nickname;
  if (!call.principal.admin && static_cast<size_t>(owned) >= kMostDevices)
    wanted.refused =
        problem_with_code(409, "too_many_devices", fmt::format("nobody has more than {} cameras here", kMostDevices));
  else if (!name.empty() && (is_nickname(devices, name) || is_id(devices, name)))
    wanted.refused = nickname_taken();
  return wanted;
}

Result<http::Response> add_device(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_OURS(const auto devices, state.devices());
  CBX_ASSIGN(Wanted wanted, read_new_device(call, devices));
  if (wanted.refused) return std::move(*wanted.refused);
  state::Device& device = wanted.device;
  // What was recorded under an id stays its owner's, or the admins', also when nobody has it any more.
  const auto is_free = [&](std::string_view id) -> Result<bool> {
    if (is_id(devices, id) || is_nickname(devices, id)) return false;
    if (call.principal.admin && !device.id.empty()) return true;
    CBX_ASSIGN(const bool recorded, call.context().vault.has_recordings(id));
    return !recorded;
  };
  if (device.id.empty()) {
    CBX_ASSIGN(device.id, make_device_id(device.nickname, is_free));
  } else {
    CBX_ASSIGN(const bool free, is_free(device.id));
    if (!free) return id_taken(device.id);
  }
  CBX_OURS(device.key, state::generate_key());
  if (const Status added = state.add_device(device); !added) {
    // Somebody was quicker.
    if (added.error().code() == ErrorCode::cannot_create) return id_taken(device.id);
    return fail(ours(added.error()));
  }
  ownership_changed(call);
  call.context().log.info("'{}' added camera '{}'", call.principal.name, device.id);
  CBX_ASSIGN(http::Response response, key_reply(call, device));
  return response.with("Location", "/api/v1/devices/" + device.id);
}

// One answer for all reasons: nobody learns here which cameras there are.
http::Response no_such_camera() {
  return problem_with_code(404, "no_such_camera", "there is no camera with this id and key that could be claimed");
}

Result<http::Response> claim(const Call& call) {
  static constexpr std::array<std::string_view, 2> kFields{"device", "key"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const std::string id, required_text(body, "device"));
  CBX_ASSIGN(const std::string key, required_text(body, "key"));
  // What the answer needs is asked for first: nobody is told to try again when it is done.
  CBX_ASSIGN(const auto index, open_index(call));
  CBX_ASSIGN(auto state, state_to_change(call));
  bool claimed = false;
  const auto ask = [&]() -> Result<bool> {
    const Status done = state.claim_device(id, key, call.principal.name);
    if (!done && done.error().code() != ErrorCode::no_input) return fail(ours(done.error()));
    return claimed = done.has_value();
  };
  CBX_ASSIGN(auto refused, call.shared->claims.check(call, fmt::format("{}\n{}", id, key), ask));
  if (refused) return std::move(*refused);
  if (!claimed) return no_such_camera();
  ownership_changed(call);
  call.context().log.info("'{}' claimed camera '{}'", call.principal.name, id);
  CBX_ASSIGN(const Opened opened, call.context().vault.open(call.principal, id, Permission::view));
  CBX_ASSIGN(const Json device, device_json(call, opened));
  return reply(call, device);
}

Result<http::Response> show_key(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  return key_reply(call, device);
}

Result<http::Response> renew_key(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(state::Device device, open_device(call, state, Permission::change));
  CBX_OURS(device.key, state::generate_key());
  CBX_OURS_TRY(state.set_key(device.id, device.key, device.key_bits));
  ownership_changed(call);
  call.context().log.info("'{}' made a new key for camera '{}'", call.principal.name, device.id);
  return key_reply(call, device);
}

Result<std::optional<std::vector<std::string>>> read_tags(const Json& body) {
  const auto found = body.find("tags");
  if (found == body.end()) return std::optional<std::vector<std::string>>{};
  const auto is_text = [](const Json& tag) { return tag.is_string(); };
  if (!found->is_array() || !std::all_of(found->begin(), found->end(), is_text))
    return fail(ErrorCode::usage, "the field 'tags' is a list of texts");
  if (found->size() > kMostTags) return fail(ErrorCode::usage, fmt::format("a camera has {} tags at most", kMostTags));
  auto tags = found->get<std::vector<std::string>>();
  for (const std::string& tag : tags) CBX_TRY(as_asked(state::check_tag(tag)));
  std::sort(tags.begin(), tags.end());
  tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
  return std::optional{std::move(tags)};
}

Status set_tags(state::State& state, const state::Device& device, const std::vector<std::string>& tags) {
  std::vector<std::string> add, remove;
  std::set_difference(tags.begin(), tags.end(), device.tags.begin(), device.tags.end(), std::back_inserter(add));
  std::set_difference(device.tags.begin(), device.tags.end(), tags.begin(), tags.end(), std::back_inserter(remove));
  return add.empty() && remove.empty() ? Status{} : state.tag_device(device.id, add, remove);
}

Result<http::Response> change_device(const Call& call) {
  static constexpr std::array<std::string_view, 3> kFields{"nickname", "tags", "enabled"};
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  CBX_ASSIGN(const Opened opened, call.open(Permission::change));
  // All of it is checked before any of it is done.
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  CBX_ASSIGN(const auto nickname, text_field(body, "nickname"));
  CBX_ASSIGN(const auto tags, read_tags(body));
  CBX_ASSIGN(const auto enabled, flag_field(body, "enabled"));
  if (nickname) CBX_TRY(as_asked(state::check_nickname(*nickname)));
  if (nickname && *nickname != device.nickname) {
    const Status renamed = state.rename_device(device.id, *nickname);
    if (!renamed && renamed.error().code() == ErrorCode::cannot_create) return nickname_taken();
    CBX_OURS_TRY(renamed);
  }
  if (tags) CBX_OURS_TRY(set_tags(state, device, *tags));
  if (enabled && *enabled != device.enabled) CBX_OURS_TRY(state.set_enabled(device.id, *enabled));
  ownership_changed(call);
  CBX_ASSIGN(const Json now, device_json(call, opened));
  return reply(call, now);
}

}  // namespace

std::vector<ApiRoute> device_owner_routes() {
  std::vector<ApiRoute> out;
  out.push_back({{.method = http::Method::post,
                  .pattern = "/api/v1/devices",
                  .name = "addDevice",
                  .tag = "devices",
                  .summary = "Set up a new camera",
                  .description = "It is its maker's. Without `device` its id is made from the nickname. 409 with the "
                                 "code `id_taken` for an id that somebody has or that something was recorded under, "
                                 "`nickname_taken`, or `too_many_devices`.",
                  .who = Who::user,
                  .body = "NewDevice",
                  .status = 201,
                  .schema = "DeviceKey"},
                 add_device,
                 always});
  out.push_back({{.method = http::Method::post,
                  .pattern = "/api/v1/devices/claim",
                  .name = "claimDevice",
                  .tag = "devices",
                  .summary = "Make a camera that nobody owns one's own, by its key",
                  .description = "404 with the code `no_such_camera` whatever the reason. Wrong guesses are limited.",
                  .who = Who::user,
                  .body = "Claim",
                  .schema = "Device"},
                 claim,
                 always});
  out.push_back({{.pattern = "/api/v1/devices/{device}/key",
                  .name = "getDeviceKey",
                  .tag = "devices",
                  .summary = "Where the camera sends to, and its key",
                  .description = "",
                  .permission = Permission::change,
                  .schema = "DeviceKey"},
                 show_key,
                 always});
  out.push_back({{.method = http::Method::post,
                  .pattern = "/api/v1/devices/{device}/key",
                  .name = "renewDeviceKey",
                  .tag = "devices",
                  .summary = "Give the camera a new key",
                  .description = "The old one is refused from then on; who publishes with it is disconnected.",
                  .permission = Permission::change,
                  .schema = "DeviceKey"},
                 renew_key,
                 always});
  out.push_back({{.method = http::Method::patch,
                  .pattern = "/api/v1/devices/{device}",
                  .name = "changeDevice",
                  .tag = "devices",
                  .summary = "Change a camera's nickname and tags, let it publish or not",
                  .description = "What is left out stays. 409 with the code `nickname_taken`.",
                  .permission = Permission::change,
                  .body = "DeviceChange",
                  .schema = "Device"},
                 change_device,
                 always});
  return out;
}

}  // namespace cbx::web

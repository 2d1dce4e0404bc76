// /api/v1/devices: which cameras there are, and how they are.
#include <algorithm>

#include "base/device_id.h"
#include "web/api.h"
#include "web/device_health.h"

namespace cbx::web {

Json link_json(const index::LinkMinute& l) {
  return {{"time", format_rfc3339(l.minute)},
          {"duration_ms", l.duration_ms},
          {"bit_rate", l.duration_ms > 0 ? l.bytes * 8000 / l.duration_ms : 0},
          {"bytes", l.bytes},
          {"packets", l.packets},
          {"missing", l.missing},
          {"retransmitted", l.retransmitted},
          {"lost", l.lost},
          {"rtt_ms", l.rtt_ms},
          {"buffer_ms", l.buffer_ms},
          {"connections", l.connections}};
}

namespace {

constexpr size_t kPage = 100, kMostDevices = 500;

// What whoever asks is to the camera; a token that is for looking only takes nothing away from that.
const char* role(const Call& call, const std::string& device) {
  if (call.principal.kind == Principal::Kind::device) return "device";
  if (call.principal.admin) return "admin";
  return owns(call, device) ? "owner" : "viewer";
}

Json last_segment_json(const SegmentRecord& s) {
  Json all = to_json(s);
  Json out{{"id", segment_id(s.start)}};
  for (const char* name :
       {"start", "duration_ms", "bytes", "video", "width", "height", "fps", "rotation", "audio", "codecs"})
    if (all.contains(name)) out[name] = all[name];
  return out;
}

Result<Json> device_json(const Call& call, const Opened& opened, const DeviceNames& names) {
  const std::string& id = opened.device();
  CBX_OURS(const DeviceHealth h, device_health(opened.index(), id, call.now(), &call.shared->folders));
  Json out{{"device", id}};
  const auto known = names.find(id);
  out["nickname"] = known == names.end() ? "" : known->second.nickname;
  out["tags"] = known == names.end() ? std::vector<std::string>{} : known->second.tags;
  out["enabled"] = known != names.end() && known->second.enabled;
  if (known != names.end() && owns(call, id)) out["owner"] = known->second.owner;
  out["role"] = role(call, id);
  out["may_change"] = call.context().access.may(call.principal, id, Permission::change);
  out["state"] = state_name(h.state);
  if (h.last_seen) out["last_seen"] = format_rfc3339(*h.last_seen);
  if (h.recording_since) out["recording_since"] = format_rfc3339(*h.recording_since);
  if (h.link) out["link"] = link_json(*h.link);
  if (h.segment) out["last_segment"] = last_segment_json(*h.segment);
  const TimeRange today{start_of_day(call.now(), call.words().offset), call.now()};
  const auto newest = h.segment ? std::optional(h.segment->start) : std::nullopt;
  CBX_OURS(const Millis covered, call.shared->today.covered(opened.index(), id, today, newest, h.in_progress));
  out["today"] = {{"day", format_day(call.now(), call.words().offset)},
                  {"from", format_rfc3339(today.from)},
                  {"covered_ms", covered.count()},
                  {"percent", percent(covered, today.length())}};
  return out;
}

bool matches(const Call& call, const DeviceNames& names, const std::string& id) {
  const auto tag = call.query().text("tag");
  if (!tag) return true;
  const auto known = names.find(id);
  return known != names.end() &&
         std::find(known->second.tags.begin(), known->second.tags.end(), *tag) != known->second.tags.end();
}

Result<http::Response> list(const Call& call) {
  const Query query = call.query();
  CBX_ASSIGN(const size_t limit, query.limit(kPage, kMostDevices));
  const auto cursor = query.text("cursor");
  if (cursor && !is_device_id(*cursor))
    return fail(ErrorCode::usage, "'cursor' is not one that was given out here: take the 'next' of the page before");
  CBX_OURS(const auto ids, call.context().vault.devices(call.principal));
  const auto names = call.shared->names.get();
  Json out{{"devices", Json::array()}};
  std::string last;
  for (const auto& id : ids) {
    if ((cursor && id <= *cursor) || !matches(call, *names, id)) continue;
    if (out["devices"].size() == limit) {
      out["next"] = call.next(last);
      break;
    }
    const auto opened = call.context().vault.open(call.principal, id, Permission::view);
    // It may have been taken away just now.
    if (!opened) continue;
    CBX_ASSIGN(Json device, device_json(call, *opened, *names));
    out["devices"].push_back(std::move(device));
    last = id;
  }
  return reply(call, out);
}

Result<http::Response> show(const Call& call) {
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  CBX_ASSIGN(const Json device, device_json(call, opened));
  return reply(call, device);
}

}  // namespace

Result<Json> device_json(const Call& call, const Opened& opened) {
  return device_json(call, opened, *call.shared->names.get());
}

std::vector<ApiRoute> device_routes() {
  std::vector<ApiRoute> out;
  out.push_back(
      {{.pattern = "/api/v1/devices",
        .name = "listDevices",
        .tag = "devices",
        .summary = "The cameras that may be seen",
        .description = "Sorted by id, with what they are doing: `live` while a file of theirs is being written, or "
                       "their connection is open and something came by it in the last 90 seconds; `never_seen` when "
                       "nothing is on record about them; else `silent`. `today` may lag behind by half a minute where "
                       "older recordings have come or gone.",
        .query = {{"tag", "Only those with this tag.", R"({"type":"string"})"},
                  limit_parameter(kPage, kMostDevices),
                  cursor_parameter()},
        .schema = "DeviceList"},
       list,
       always});
  out.push_back({{.pattern = "/api/v1/devices/{device}",
                  .name = "getDevice",
                  .tag = "devices",
                  .summary = "One camera, and what it is doing",
                  .description = "",
                  .permission = Permission::view,
                  .schema = "Device"},
                 show});
  return out;
}

}  // namespace cbx::web

// Who asks, the store as a whole, and what the interface is.
#include <algorithm>
#include <cmath>

#include "cli/times.h"
#include "index/forecast.h"
#include "store/reserve.h"
#include "web/api.h"

namespace cbx::web {
namespace {

const char* kind_name(Principal::Kind kind) {
  return kind == Principal::Kind::user ? "user" : kind == Principal::Kind::device ? "device" : "link";
}

Result<http::Response> me(const Call& call) {
  const Principal& p = call.principal;
  Json out{{"kind", kind_name(p.kind)}, {"name", p.name}, {"admin", p.admin}, {"read_only", p.read_only}};
  if (!p.token.empty()) out["token"] = p.token;
  if (p.only_device) out["only_device"] = *p.only_device;
  return reply(call, out);
}

// What it comes to when nothing is older than `keep`.
int64_t steady_bytes(const index::DeviceForecast& d, Millis keep) {
  return static_cast<int64_t>(d.bytes_per_day * static_cast<double>(keep.count()) / 86'400'000.0);
}

// What each camera has stored, and what it will.
Json cameras_json(const std::vector<index::DeviceForecast>& devices, std::optional<Millis> keep, WallMs counted) {
  Json out = Json::array();
  for (const auto& d : devices) {
    Json camera{{"device", d.device}, {"files", d.files}, {"bytes", d.bytes}};
    camera["bytes_per_day"] = std::llround(d.bytes_per_day);
    if (keep) camera["steady_bytes"] = steady_bytes(d, *keep);
    if (d.files > 0) camera["oldest"] = format_rfc3339(counted - d.age);
    out.push_back(std::move(camera));
  }
  return out;
}

Json forecast_json(const UsageSums& sums, int64_t available, std::optional<Millis> keep) {
  std::vector<index::DeviceForecast> devices = sums.devices;
  Json out{{"bytes_per_day", std::llround(sums.bytes_per_day)}};
  if (keep) {
    out["keep_ms"] = keep->count();
    int64_t steady = 0;
    for (auto& d : devices) {
      d.steady_bytes = steady_bytes(d, *keep);
      steady += d.steady_bytes;
    }
    out["steady_bytes"] = steady;
  }
  if (const auto full = index::days_until_full(devices, available, keep))
    out["days_until_full"] = std::round(*full * 100) / 100;
  return out;
}

Result<http::Response> show_store(const Call& call) {
  std::optional<Millis> keep;
  const auto asked = call.query().text("keep").value_or("30d");
  if (asked != "forever") {
    if (asked.size() > 32) return fail(ErrorCode::usage, "'keep' is a duration such as 30d, or 'forever'");
    CBX_ASSIGN(keep, cli::parse_duration(asked));
  }
  const store::Store& store = call.context().store;
  CBX_ASSIGN(auto index, open_index(call));
  CBX_OURS(const auto sums, call.shared->usage.get(index, call.context().clock));
  CBX_OURS(const auto disk, store::disk_space(store.media_path()));
  Json out{{"version", call.context().version},
           {"store", store.config().id},
           {"utc_offset", store.utc_offset().format()},
           {"devices", sums->devices.size()},
           {"files", sums->files},
           {"bytes", sums->bytes},
           {"counted", format_rfc3339(sums->counted)},
           {"disk_bytes", disk.total},
           {"available_bytes", disk.available},
           {"other_bytes", std::max<int64_t>(disk.total - disk.available - sums->bytes, 0)},
           {"forecast", forecast_json(*sums, disk.available, keep)},
           {"cameras", cameras_json(sums->devices, keep, sums->counted)}};
  return reply(call, out);
}

// Made once; the same for everybody.
Result<http::Response> description(const Call& call) {
  http::Representation r;
  r.size = call.shared->description.size();
  // Alive as long as the handlers are.
  r.body = std::shared_ptr<const std::string>(call.shared, &call.shared->description);
  r.etag = call.context().version + "-" + std::to_string(std::hash<std::string>{}(call.shared->description));
  r.type = "application/json";
  r.cache_control = "public, max-age=300";
  return http::represent(call.request, std::move(r));
}

}  // namespace

std::vector<ApiRoute> store_routes() {
  std::vector<ApiRoute> out;
  out.push_back({{.pattern = "/api/v1/me",
                  .name = "getMe",
                  .tag = "access",
                  .summary = "Who is asking",
                  .description = "And what the token that was shown is good for.",
                  .schema = "Me"},
                 me});
  out.push_back({{.pattern = "/api/v1/store",
                  .name = "getStore",
                  .tag = "store",
                  .summary = "What is stored, how much room is left, and for how long",
                  .description = "Sums are counted anew once a minute at most; `counted` says when they were.",
                  .who = Who::admin,
                  .query = {{"keep", "What cbx-prune is run with (`30d`), or `forever`; the forecast goes by it.",
                             R"({"type":"string","default":"30d"})"}},
                  .schema = "Store"},
                 show_store,
                 always});
  out.push_back({{.pattern = "/api/v1/openapi.json",
                  .name = "getDescription",
                  .tag = "access",
                  .summary = "This description",
                  .description = "",
                  .who = Who::anybody,
                  .schema = "Description"},
                 description});
  return out;
}

namespace {

std::vector<ApiRoute> all_routes() {
  std::vector<ApiRoute> out;
  for (auto* part : {device_routes, device_owner_routes, device_removal_routes, share_routes, coverage_routes,
                     segment_routes, event_routes, store_routes, login_routes, sign_up_routes, reset_routes,
                     account_routes, session_routes, totp_routes, user_routes, invite_routes})
    for (auto& route : part()) out.push_back(std::move(route));
  return out;
}

}  // namespace

std::vector<Operation> api_operations() {
  std::vector<Operation> out;
  for (const auto& route : all_routes()) out.push_back(route.operation);
  return out;
}

void add_api_routes(const Context& context, std::vector<http::Route>& routes) {
  const auto shared = std::make_shared<Shared>(context);
  shared->erasures = std::make_unique<Erasures>(context, Erasures::Options{});
  std::vector<Operation> operations = api_operations();
  for (const auto& more : {media_operations(), health_operations()})
    operations.insert(operations.end(), more.begin(), more.end());
  shared->description = describe(operations, context.version).dump() + "\n";
  for (auto& route : all_routes()) routes.push_back(to_route(shared, std::move(route)));
}

}  // namespace cbx::web

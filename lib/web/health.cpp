// /healthz, /readyz and /metrics: for those who watch the server.
#include <dirent.h>
#include <fmt/format.h>

#include <array>
#include <limits>
#include <memory>
#include <mutex>

#include "state/state.h"
#include "store/reserve.h"
#include "web/api.h"
#include "web/device_health.h"
#include "web/metrics.h"

namespace cbx::web {
namespace {

// Asked more often, what was found holds.
constexpr std::chrono::seconds kReadyFor{1};

// Why the server can't serve; nullopt: it can.  Says nothing that a stranger may not know.
std::optional<std::string> trouble(const Context& context) {
  auto index = index::Index::open(context.store, index::Access::read, Millis{500});
  const auto devices = index ? index->devices() : tl::unexpected(index.error());
  if (!devices) {
    context.log.warn("not ready: {}", devices.error().message());
    return "the index can't be read";
  }
  DIR* folder = ::opendir(context.store.media_path().c_str());
  if (!folder) return "the media folder can't be read";
  ::closedir(folder);
  if (const auto state = state::State::open(context.store.state_path(), false); !state) {
    context.log.warn("not ready: {}", state.error().message());
    return "users and tokens can't be read";
  }
  return std::nullopt;
}

class Readiness {
 public:
  explicit Readiness(const Context& context) : context_(context) {}
  std::optional<std::string> get() {
    const std::lock_guard lock(mutex_);
    const Monotonic now = context_.clock.monotonic();
    if (now >= again_) {
      trouble_ = trouble(context_);
      again_ = now + kReadyFor;
    }
    return trouble_;
  }

 private:
  const Context& context_;
  std::mutex mutex_;
  std::optional<std::string> trouble_;
  Monotonic again_{};
};

void server_metrics(Metrics& m, const http::ServerStats& s) {
  m.family("cbx_http_requests_total", "counter", "Requests answered.");
  for (const auto& r : s.routes)
    m.sample({{"route", r.route}, {"status", std::to_string(r.status)}}, static_cast<double>(r.requests));
  m.family("cbx_http_response_bytes_total", "counter", "Bytes of bodies sent.");
  for (const auto& r : s.routes)
    m.sample({{"route", r.route}, {"status", std::to_string(r.status)}}, static_cast<double>(r.bytes));
  m.family("cbx_http_request_duration_seconds", "histogram", "From a request's head to its answer's last byte.");
  double all = 0;
  bool unbounded = false;
  for (const auto& [bound, count] : s.duration_buckets) {
    all = std::max(all, static_cast<double>(count));
    unbounded = std::isinf(bound);
    m.sample({{"le", unbounded ? "+Inf" : fmt::format("{}", bound)}}, static_cast<double>(count), "_bucket");
  }
  if (!unbounded) {
    uint64_t requests = 0;
    for (const auto& r : s.routes) requests += r.requests;
    all = std::max(all, static_cast<double>(requests));
    m.sample({{"le", "+Inf"}}, all, "_bucket");
  }
  m.sample({}, s.duration_sum, "_sum");
  m.sample({}, all, "_count");
  m.family("cbx_http_connections", "gauge", "Connections that are open.");
  m.sample({}, static_cast<double>(s.connections));
  m.family("cbx_http_connections_accepted_total", "counter", "Connections accepted.");
  m.sample({}, static_cast<double>(s.accepted));
  m.family("cbx_http_connections_refused_total", "counter", "Connections refused because there were too many.");
  m.sample({}, static_cast<double>(s.refused));
  m.family("cbx_http_connections_late_total", "counter", "Connections closed because a deadline had passed.");
  m.sample({}, static_cast<double>(s.late));
  m.family("cbx_http_requests_waiting", "gauge", "Requests that wait for something to happen.");
  m.sample({}, static_cast<double>(s.waiting));
  m.family("cbx_http_requests_working", "gauge", "Requests that are answered by a worker.");
  m.sample({}, static_cast<double>(s.working));
}

struct Watched {
  std::string device;
  DeviceHealth health;
};

void device_metrics(Metrics& m, const std::vector<Watched>& devices, WallMs now) {
  constexpr std::array kStates{DeviceState::live, DeviceState::silent, DeviceState::never_seen};
  m.family("cbx_devices", "gauge", "Cameras by what they are doing.");
  for (const DeviceState state : kStates)
    m.sample({{"state", state_name(state)}},
             static_cast<double>(std::count_if(devices.begin(), devices.end(),
                                               [&](const auto& d) { return d.health.state == state; })));
  m.family("cbx_device_live", "gauge", "Whether the camera is recorded now.");
  for (const auto& d : devices) m.sample({{"device", d.device}}, d.health.state == DeviceState::live ? 1 : 0);
  m.family("cbx_device_last_seen_seconds", "gauge", "Seconds since the camera was last seen.");
  for (const auto& d : devices)
    if (d.health.last_seen)
      m.sample({{"device", d.device}}, static_cast<double>((now - *d.health.last_seen).count()) / 1000);
}

void store_metrics(Metrics& m, const UsageSums& sums, const store::DiskSpace& disk, WallMs now) {
  m.family("cbx_stored_bytes", "gauge", "Bytes of finished files, by camera, as counted last.");
  for (const auto& d : sums.devices) m.sample({{"device", d.device}}, static_cast<double>(d.bytes));
  m.family("cbx_stored_files", "gauge", "Finished files, by camera, as counted last.");
  for (const auto& d : sums.devices) m.sample({{"device", d.device}}, static_cast<double>(d.files));
  m.family("cbx_stored_counted_seconds", "gauge", "Seconds since bytes and files were counted.");
  m.sample({}, static_cast<double>((now - sums.counted).count()) / 1000);
  m.family("cbx_recorded_bytes_per_day", "gauge", "What is recorded in a day, by the last week.");
  m.sample({}, sums.bytes_per_day);
  m.family("cbx_disk_bytes", "gauge", "Size of the disk that media lies on.");
  m.sample({}, static_cast<double>(disk.total));
  m.family("cbx_disk_available_bytes", "gauge", "Room left on it.");
  m.sample({}, static_cast<double>(disk.available));
}

Result<http::Response> metrics(const Call& call, const std::function<http::ServerStats()>& stats) {
  Metrics m;
  m.family("cbx_build_info", "gauge", "The version that is running.");
  m.sample({{"version", call.context().version}}, 1);
  server_metrics(m, stats());
  auto index = open_index(call);
  m.family("cbx_index_readable", "gauge", "Whether the index can be read; else nothing is told of cameras and files.");
  m.sample({}, index ? 1 : 0);
  if (index) {
    CBX_OURS(const auto ids, call.context().vault.devices(call.principal));
    std::vector<Watched> devices;
    for (const auto& id : ids) {
      CBX_OURS(auto health, device_health(*index, id, call.now(), &call.shared->folders));
      devices.push_back({id, std::move(health)});
    }
    device_metrics(m, devices, call.now());
    CBX_OURS(const auto sums, call.shared->usage.get(*index, call.context().clock));
    CBX_OURS(const auto disk, store::disk_space(call.context().store.media_path()));
    store_metrics(m, *sums, disk, std::max(call.now(), sums->counted));
  }
  http::Response out;
  out.body = m.text();
  return out.with("Content-Type", "text/plain; version=0.0.4; charset=utf-8").with("Cache-Control", "no-store");
}

std::vector<ApiRoute> health_routes(const Context* context, std::function<http::ServerStats()> stats) {
  std::vector<ApiRoute> out;
  const auto ok = [](const Call&) -> Result<http::Response> {
    return http::json(200, "{\"status\":\"ok\"}\n").with("Cache-Control", "no-store");
  };
  out.push_back({{.pattern = "/healthz",
                  .name = "getHealth",
                  .tag = "health",
                  .summary = "Whether the server runs",
                  .description = "Asks nothing else.",
                  .who = Who::anybody,
                  .schema = "Health"},
                 ok});
  const auto readiness = context ? std::make_shared<Readiness>(*context) : nullptr;
  out.push_back({{.pattern = "/readyz",
                  .name = "getReadiness",
                  .tag = "health",
                  .summary = "Whether recordings can be served",
                  .description = "503, with the reason, when the index, the media folder or the users can't be read.",
                  .who = Who::anybody,
                  .schema = "Health"},
                 [readiness, ok](const Call& call) -> Result<http::Response> {
                   if (const auto why = readiness->get()) return http::problem(503, *why);
                   return ok(call);
                 }});
  out.push_back({{.pattern = "/metrics",
                  .name = "getMetrics",
                  .tag = "health",
                  .summary = "Counters for Prometheus",
                  .description = "Names all cameras, so it takes an administrator's token; a read-only one will do.",
                  .who = Who::admin,
                  .type = "text/plain"},
                 [stats = std::move(stats)](const Call& call) { return metrics(call, stats); },
                 always});
  return out;
}

}  // namespace

std::vector<Operation> health_operations() {
  std::vector<Operation> out;
  for (const auto& route : health_routes(nullptr, {})) out.push_back(route.operation);
  return out;
}

void add_health_routes(const Context& context, std::function<http::ServerStats()> stats,
                       std::vector<http::Route>& routes) {
  const auto shared = std::make_shared<Shared>(context);
  for (auto& route : health_routes(&context, std::move(stats))) routes.push_back(to_route(shared, std::move(route)));
}

}  // namespace cbx::web

// cbx-serve: recordings and the API over HTTP.  See cbx-serve(1).
#include <poll.h>

#include <atomic>
#include <optional>

#include "base/signals.h"
#include "cli/tool.h"
#include "options.h"
#include "web/service.h"

namespace cbx::serve {
namespace {

// How long downloads that are under way may go on after TERM.
constexpr std::chrono::milliseconds kGrace{5000};

Result<std::optional<cut::SigningKey>> load_key(const std::string& path) {
  std::optional<cut::SigningKey> key;
  if (path.empty()) return key;
  CBX_ASSIGN(key, cut::SigningKey::load(path));
  return key;
}

// Everything that is served, over one store.
struct Service {
  Service(store::Store s, std::optional<cut::SigningKey> k, cli::PublishPoint publish, const Logger& log)
      : key(std::move(k)),
        access(s, {}, clock, log),
        live(s, {}, clock, log),
        vault(s, access, live, clock, log),
        context{std::move(s),      access, vault, clock, log, key ? &*key : nullptr, CBX_VERSION, &stopping,
                std::move(publish)} {}

  std::vector<http::Route> routes() {
    std::vector<http::Route> all;
    web::add_media_routes(context, all);
    web::add_api_routes(context, all);
    web::add_health_routes(
        context, [this] { return stats(); }, all);
    return all;
  }

  // The routes are there before the server is.
  http::ServerStats stats() const {
    const http::Server* running = server;
    return running ? running->stats() : http::ServerStats{};
  }

  SystemClock clock;
  std::atomic<bool> stopping{false};
  std::atomic<const http::Server*> server{nullptr};
  std::optional<cut::SigningKey> key;
  web::Access access;
  playback::LiveHub live;
  web::Vault vault;
  web::Context context;
};

void serve_until_told(http::Server& server, SignalFd& signals, const Logger& log) {
  while (!signals.stop_requested()) {
    pollfd fd{signals.fd(), POLLIN, 0};
    (void)::poll(&fd, 1, -1);
    signals.drain();
    if (!signals.take_reload()) continue;
    if (const Status reloaded = server.reload(); !reloaded)
      log.error("{}", reloaded.error().message());
    else
      log.info("reloaded");
  }
}

Result<cli::PublishPoint> publish_point(const Options& options) {
  if (options.publish_host.empty()) return cli::PublishPoint{};
  return cli::parse_publish_point(options.publish_host);
}

Result<int> run(const Options& options, const std::string& root, const Logger& log) {
  CBX_ASSIGN(const http::ServerOptions server_options, serve::server_options(options));
  CBX_ASSIGN(auto publish, publish_point(options));
  CBX_ASSIGN(SignalFd signals, SignalFd::create());
  CBX_ASSIGN(store::Store store, store::Store::open(root));
  CBX_ASSIGN(auto key, load_key(options.sign));
  if (open_to_the_world_in_clear(server_options))
    log.warn(
        "serving beyond this machine without TLS: passwords and pictures can be read on the way (--cert, or a "
        "proxy and --trust-proxy)");
  Service service(std::move(store), std::move(key), std::move(publish), log);
  http::Server::Hooks hooks{web::Access::take_share_link, web::Access::redact};
  CBX_ASSIGN(http::Server server, http::Server::start(server_options, service.routes(), std::move(hooks), log));
  service.server = &server;
  for (const std::string& address : server.addresses()) log.info("serving at {}", address);
  notify_ready(options.ready_fd);
  serve_until_told(server, signals, log);
  service.stopping = true;
  server.stop(kGrace);
  return 0;
}

}  // namespace
}  // namespace cbx::serve

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-serve", "Serve recordings, live pictures and the API over HTTP", CBX_VERSION);
  cbx::serve::Options options;
  cbx::serve::declare(tool, options);
  return tool.run(argc, argv, [&] { return cbx::serve::run(options, tool.root(), tool.log()); });
}

// cbx-serve: recordings and the API over HTTP.  See cbx-serve(1).
#include <poll.h>

#include <atomic>
#include <optional>

#include "base/signals.h"
#include "cli/tool.h"
#include "options.h"
#include "state/state.h"
#include "web/assets.h"
#include "web/kept_open.h"
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

// The page's files; null when none is to be served, or cbx was installed without.
Result<std::unique_ptr<web::Assets>> load_assets(const Options& options, const Logger& log) {
  std::unique_ptr<web::Assets> assets;
  if (options.no_web) return assets;
  const std::string folder = options.web.empty() ? own_web_folder() : options.web;
  if (folder.empty()) {
    log.warn("there is no web page, only recordings and the API: cbx was installed without its share/cbx/web");
    return assets;
  }
  CBX_ASSIGN(assets, web::Assets::load(folder, log));
  return assets;
}

// Letters, if there is a mail server.
Result<std::unique_ptr<net::Mailer>> load_mailer(const Options& options, const Clock& clock) {
  CBX_ASSIGN(auto mail, mail_options(options));
  if (!mail) return std::unique_ptr<net::Mailer>();
  CBX_ASSIGN(auto mailer, net::SmtpMailer::create(std::move(mail->server), std::move(mail->from), clock));
  return std::unique_ptr<net::Mailer>(std::move(mailer));
}

// Everything that is served, over one store.
struct Service {
  Service(store::Store s, std::optional<cut::SigningKey> k, std::unique_ptr<web::Assets> a, net::Mailer* mailer,
          web::LoginOptions login, cli::PublishPoint publish, const Logger& log)
      : key(std::move(k)),
        assets(std::move(a)),
        mail(mailer ? std::make_unique<net::MailQueue>(*mailer, clock, log, net::MailQueue::Options{}) : nullptr),
        databases(s, log),
        access(s, {}, clock, log),
        live(s, {}, clock, log),
        vault(s, access, live, clock, log),
        context{.store = std::move(s),
                .access = access,
                .vault = vault,
                .clock = clock,
                .log = log,
                .signing_key = key ? &*key : nullptr,
                .version = CBX_VERSION,
                .stopping = &stopping,
                .picture_tool = beside("cbx-picture"),
                .mail = mail.get(),
                .login = std::move(login),
                .publish = std::move(publish)} {}

  std::vector<http::Route> routes() {
    std::vector<http::Route> all;
    web::add_media_routes(context, all);
    web::add_api_routes(context, all);
    web::add_health_routes(
        context, [this] { return stats(); }, all);
    if (assets) web::add_page_routes(*assets, all);
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
  std::unique_ptr<web::Assets> assets;
  std::unique_ptr<net::MailQueue> mail;
  web::KeptOpen databases;
  web::Access access;
  playback::LiveHub live;
  web::Vault vault;
  web::Context context;
};

Status reload(http::Server& server, const Service& service) {
  CBX_TRY(server.reload());
  if (service.assets) CBX_TRY(service.assets->reload());
  return {};
}

void serve_until_told(http::Server& server, const Service& service, SignalFd& signals, const Logger& log) {
  while (!signals.stop_requested()) {
    pollfd fd{signals.fd(), POLLIN, 0};
    (void)::poll(&fd, 1, -1);
    signals.drain();
    if (!signals.take_reload()) continue;
    if (const Status reloaded = reload(server, service); !reloaded)
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
  CBX_ASSIGN(auto assets, load_assets(options, log));
  CBX_ASSIGN(auto login, login_options(options));
  const SystemClock clock;
  CBX_ASSIGN(const auto mailer, load_mailer(options, clock));
  if (login.sign_up == web::SignUp::open) {
    // The first to come finds no accounts at all.
    CBX_TRY(state::State::open(store.state_path(), true));
    if (!mailer) log.warn("nobody can sign up: that takes letters (--smtp-url)");
  }
  if (open_to_the_world_in_clear(server_options))
    log.warn(
        "serving beyond this machine without TLS: passwords and pictures can be read on the way (--cert, or a "
        "proxy and --trust-proxy)");
  Service service(std::move(store), std::move(key), std::move(assets), mailer.get(), std::move(login),
                  std::move(publish), log);
  http::Server::Hooks hooks{web::Access::take_share_link, web::Access::redact};
  if (service.assets) hooks.missing = web::missing_page;
  CBX_ASSIGN(http::Server server, http::Server::start(server_options, service.routes(), std::move(hooks), log));
  service.server = &server;
  for (const std::string& address : server.addresses()) log.info("serving at {}", address);
  notify_ready(options.ready_fd);
  serve_until_told(server, service, signals, log);
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

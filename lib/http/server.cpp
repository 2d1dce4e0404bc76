#include "http/server.h"

#include <sys/resource.h>

#include <thread>

#include "http/daemon.h"

namespace cbx::http {
namespace {

constexpr std::chrono::milliseconds kLook{5};

// Each connection needs a descriptor, and each file that is being sent another.
void raise_descriptor_limit(const ServerOptions& options, const Logger& log) {
  const rlim_t wanted = rlim_t{options.connections} * 2 + 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  if (limit.rlim_max < wanted)
    log.warn("{} connections want {} descriptors, and at most {} may be open", options.connections, wanted,
             limit.rlim_max);
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct Server::Impl {
  explicit Impl(std::unique_ptr<Core> c) : core(std::move(c)) {}
  ~Impl() { stop(std::chrono::milliseconds(0)); }

  void stop(std::chrono::milliseconds grace);

  std::unique_ptr<Core> core;
  std::vector<std::unique_ptr<Daemon>> daemons;  // end before what they use
  bool stopped = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::start(ServerOptions options, std::vector<Route> routes, Hooks hooks, const Logger& log) {
  CBX_ASSIGN(Router router, Router::make(std::move(routes)));
  CBX_ASSIGN(Proxies proxies, Proxies::parse(options.trusted_proxies));
  std::unique_ptr<AccessLog> access_log;
  if (!options.access_log.empty()) {
    CBX_ASSIGN(access_log, AccessLog::open(options.access_log, log));
  }
  std::unique_ptr<Certificates> certificates;
  if (options.certificate.empty() != options.key.empty())
    return fail(ErrorCode::config, "TLS needs a certificate and its key, both");
  if (!options.certificate.empty()) {
    CBX_ASSIGN(certificates, Certificates::load(options.certificate, options.key));
  }
  raise_descriptor_limit(options, log);
  auto impl = std::make_unique<Impl>(std::make_unique<Core>(std::move(options), std::move(router), std::move(hooks),
                                                            std::move(proxies), std::move(access_log),
                                                            std::move(certificates), log));
  for (const ListenAddress& at : impl->core->options.listen) {
    CBX_ASSIGN(Listening listening, listen_at(at, impl->core->options.unix_mode));
    CBX_ASSIGN(auto daemon, Daemon::start(*impl->core, std::move(listening)));
    impl->daemons.push_back(std::move(daemon));
  }
  return Server(std::move(impl));
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> addresses;
  for (const auto& daemon : impl_->daemons) addresses.push_back(daemon->address());
  return addresses;
}

ServerStats Server::stats() const {
  ServerStats stats;
  impl_->core->counters.add_to(stats);
  stats.connections = impl_->core->connections.open();
  stats.waiting = impl_->core->keeper.parked();
  stats.working = impl_->core->work.size();
  return stats;
}

Status Server::reload() {
  if (impl_->core->access_log) CBX_TRY(impl_->core->access_log->reopen());
  if (impl_->core->certificates) CBX_TRY(impl_->core->certificates->reload());
  return {};
}

void Server::stop(std::chrono::milliseconds grace) {
  impl_->stop(grace);
}

void Server::Impl::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped, true)) return;
  const Monotonic until = std::chrono::steady_clock::now() + grace;
  core->stopping = true;
  for (const auto& daemon : daemons) daemon->quiesce();
  // What waits is answered with what there is.
  core->keeper.wake_all(true);
  while (core->active.load() > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kLook);
  core->ending = true;
  core->keeper.wake_all(true);
  core->work.end();
  for (const auto& daemon : daemons) daemon->stop();
}

}  // namespace cbx::http

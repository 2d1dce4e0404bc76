#include "http/daemon.h"

#include <microhttpd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <thread>
#include <utility>

#include "http/exchange.h"
#include "http/key_pair.h"

namespace cbx::http {
namespace {

// Of one connection: its request's head, and the head of its answer, must fit.
constexpr size_t kMemory = size_t{32} * 1024;
// 1.2 and newer (RFC 8996).
constexpr const char* kTlsVersions = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-VERS-DTLS-ALL";

// Callbacks of the library; exceptions must not pass through it.

Core& core_of(void* cls) {
  return *static_cast<Core*>(cls);
}

void open_connection(Core& core, MHD_Connection* mhd, void** socket_context) {
  // There is nothing to be had of a connection without TLS.
  const bool tls = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION) != nullptr;
  const int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const Address peer = Address::of(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
  auto connection = std::make_unique<Connection>(fd, peer, tls, core.proxies.contains(peer));
  if (tls) connection->key_pair = core.certificates->current();
  core.connections.opened(fd);
  core.keeper.add(*connection);
  core.counters.accepted++;
  *socket_context = connection.release();
}

void close_connection(Core& core, void** socket_context) {
  const std::unique_ptr<Connection> connection(static_cast<Connection*>(*socket_context));
  *socket_context = nullptr;
  if (!connection) return;
  core.keeper.remove(*connection);
  core.connections.closed(connection->peer, connection->proxy);
}

void on_connection(void* cls, MHD_Connection* mhd, void** socket_context,
                   MHD_ConnectionNotificationCode code) noexcept {
  try {
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) return close_connection(core_of(cls), socket_context);
    open_connection(core_of(cls), mhd, socket_context);
  } catch (const std::exception& e) {
    core_of(cls).log.error("a connection is lost: {}", e.what());
  }
}

// The library has put its connection into the session.
int choose_certificate(gnutls_session_t session, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int,
                       gnutls_pcert_st** chain, unsigned* chain_length, gnutls_privkey_t* key) noexcept {
  auto* mhd = static_cast<MHD_Connection*>(gnutls_session_get_ptr(session));
  if (mhd == nullptr) return -1;
  auto* connection =
      static_cast<Connection*>(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
  if (connection == nullptr || !connection->key_pair) return -1;
  *chain = connection->key_pair->chain();
  *chain_length = connection->key_pair->chain_length();
  *key = connection->key_pair->key();
  return 0;
}

void* on_request_line(void* cls, const char* uri, MHD_Connection* mhd) noexcept {
  try {
    auto* connection =
        static_cast<Connection*>(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
    if (connection == nullptr) return nullptr;
    return new Exchange(core_of(cls), *connection, mhd, uri);
  } catch (...) {
    return nullptr;
  }
}

MHD_Result on_request(void* cls, MHD_Connection*, const char*, const char* method, const char* version,
                      const char* data, size_t* size, void** context) noexcept {
  auto* exchange = static_cast<Exchange*>(*context);
  if (exchange == nullptr) return MHD_NO;
  try {
    return exchange->handle(method, version, data, size);
  } catch (const std::exception& e) {
    core_of(cls).log.error("a request is lost: {}", e.what());
    return MHD_NO;
  }
}

void on_completed(void* cls, MHD_Connection*, void** context, MHD_RequestTerminationCode code) noexcept {
  const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(*context));
  *context = nullptr;
  if (!exchange) return;
  try {
    exchange->completed(code);
  } catch (const std::exception& e) {
    core_of(cls).log.error("a request is not in the log: {}", e.what());
  }
}

// The target is taken apart by this module, which is stricter.
size_t leave_escaped(void*, MHD_Connection*, char* text) noexcept {
  return std::char_traits<char>::length(text);
}

void on_message(void* cls, const char* format, va_list arguments) noexcept {
  std::array<char, 512> text{};
  const int size = std::vsnprintf(text.data(), text.size(), format, arguments);
  try {
    std::string_view message(text.data(), std::min<size_t>(std::max(size, 0), text.size() - 1));
    while (message.ends_with('\n')) message.remove_suffix(1);
    static_cast<const Logger*>(cls)->debug("http: {}", message);
  } catch (...) {
    return;  // a message less
  }
}

unsigned thread_count(const ServerOptions& options) {
  if (options.threads > 0) return options.threads;
  // More than cores: a cold disk holds up the thread that reads from it.
  return std::max(4U, 2 * std::thread::hardware_concurrency());
}

MHD_OptionItem item(MHD_OPTION option, intptr_t value, void* object = nullptr) {
  return {option, value, object};
}

template <typename T>
intptr_t callback(T* function) {
  return reinterpret_cast<intptr_t>(function);
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(Core& core, Listening listening) {
  const bool tls = core.certificates && listening.at.unix_path.empty();
  std::unique_ptr<Daemon> daemon(new Daemon(listening.at, tls));
  // Connections are counted by ConnectionCount.
  const unsigned most = core.options.connections + 64;
  std::vector<MHD_OptionItem> items{
      item(MHD_OPTION_EXTERNAL_LOGGER, callback(&on_message), const_cast<Logger*>(&core.log)),
      item(MHD_OPTION_CONNECTION_LIMIT, most),
      item(MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMemory),
      item(MHD_OPTION_CONNECTION_TIMEOUT, std::max<intptr_t>(core.options.idle.count(), 1)),
      item(MHD_OPTION_NOTIFY_CONNECTION, callback(&on_connection), &core),
      item(MHD_OPTION_URI_LOG_CALLBACK, callback(&on_request_line), &core),
      item(MHD_OPTION_NOTIFY_COMPLETED, callback(&on_completed), &core),
      item(MHD_OPTION_UNESCAPE_CALLBACK, callback(&leave_escaped)),
      // The strictness about Host is this module's, whose answer says so better: the library sends its own head twice.
      item(MHD_OPTION_STRICT_FOR_CLIENT, 0),
  };
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                   MHD_USE_ERROR_LOG | MHD_USE_TURBO;
  if (tls) {
    flags |= MHD_USE_TLS;
    items.push_back(item(MHD_OPTION_HTTPS_CERT_CALLBACK, 0, reinterpret_cast<void*>(&choose_certificate)));
    items.push_back(item(MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kTlsVersions)));
  }
  items.push_back(item(MHD_OPTION_END, 0));
  for (unsigned left = thread_count(core.options); left > 0; left--) {
    MHD_Daemon* thread = MHD_start_daemon(flags, 0, nullptr, nullptr, &on_request, &core, MHD_OPTION_ARRAY,
                                          items.data(), MHD_OPTION_END);
    if (thread == nullptr) return fail(ErrorCode::unavailable, fmt::format("cannot serve at '{}'", daemon->address()));
    daemon->threads_.push_back(thread);
  }
  CBX_ASSIGN(daemon->acceptor_,
             Acceptor::start(
                 std::move(listening.fd),
                 [&core, d = daemon.get()](UniqueFd connection, const sockaddr* address, socklen_t size) {
                   d->take(core, std::move(connection), address, size);
                 },
                 core.log));
  return daemon;
}

void Daemon::take(Core& core, UniqueFd connection, const sockaddr* address, socklen_t size) {
  const Address peer = Address::of(address);
  if (!core.connections.admit(connection.get(), peer, core.proxies.contains(peer))) {
    const uint64_t refused = ++core.counters.refused;
    if (core.refusals.may_speak())
      core.log.warn("a connection of {} is refused, {} so far: there are too many", peer.text(), refused);
    return;
  }
  // The library closes it, also when it can't serve it.
  MHD_add_connection(threads_[next_++ % threads_.size()], connection.release(), address, size);
}

Daemon::~Daemon() {
  stop();
}

std::string Daemon::address() const {
  if (!at_.unix_path.empty()) return "unix:" + at_.unix_path;
  const bool v6 = at_.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls_ ? "https" : "http", v6 ? "[" : "", at_.host, v6 ? "]" : "", at_.port);
}

void Daemon::quiesce() {
  if (!acceptor_) return;
  acceptor_.reset();
  if (!at_.unix_path.empty()) unlink(at_.unix_path.c_str());
}

void Daemon::stop() {
  quiesce();
  for (MHD_Daemon* thread : threads_) MHD_stop_daemon(thread);
  threads_.clear();
}

}  // namespace cbx::http

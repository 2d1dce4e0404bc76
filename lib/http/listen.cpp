#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "http/address.h"

namespace cbx::http {
namespace {

// More than may be open at once: whoever is over a limit is told so instead of being left to knock again.
constexpr int kBacklog = 4096;

std::string place(const ListenAddress& at) {
  if (!at.unix_path.empty()) return "unix:" + at.unix_path;
  return at.host.find(':') == std::string::npos ? fmt::format("{}:{}", at.host, at.port)
                                                : fmt::format("[{}]:{}", at.host, at.port);
}

tl::unexpected<Error> cannot(const ListenAddress& at, int error) {
  Error e = os_error(error, fmt::format("cannot listen at '{}'", place(at)), ErrorCode::unavailable);
  return fail(std::move(e));
}

Result<UniqueFd> open_socket(int family, const ListenAddress& at) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return cannot(at, errno);
  return fd;
}

Result<Listening> listen_unix(const ListenAddress& at, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (at.unix_path.size() >= sizeof address.sun_path)
    return fail(ErrorCode::usage, fmt::format("'{}' is too long for a Unix socket", printable(at.unix_path)));
  std::memcpy(address.sun_path, at.unix_path.c_str(), at.unix_path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  struct stat there {};
  if (lstat(at.unix_path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return fail(ErrorCode::cannot_create, fmt::format("'{}' is there and is no socket", printable(at.unix_path)));
    CBX_ASSIGN(const UniqueFd probe, open_socket(AF_UNIX, at));
    if (connect(probe.get(), name, sizeof address) == 0 || errno == EAGAIN) return cannot(at, EADDRINUSE);
    if (errno != ECONNREFUSED) return cannot(at, errno);
    if (unlink(at.unix_path.c_str()) != 0 && errno != ENOENT) return cannot(at, errno);
  }
  CBX_ASSIGN(UniqueFd fd, open_socket(AF_UNIX, at));
  if (bind(fd.get(), name, sizeof address) != 0) return cannot(at, errno);
  // Nobody can connect before listen(2).
  if (chmod(at.unix_path.c_str(), mode) != 0 || listen(fd.get(), kBacklog) != 0) return cannot(at, errno);
  return Listening{std::move(fd), at};
}

Result<Listening> listen_tcp(const ListenAddress& at, const Address& address, bool v6, bool dual) {
  CBX_ASSIGN(UniqueFd fd, open_socket(v6 ? AF_INET6 : AF_INET, at));
  const int on = 1, only = dual ? 0 : 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Accepted sockets inherit it.
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (v6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);

  sockaddr_storage name{};
  socklen_t size = 0;
  if (v6) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(name);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(at.port);
    std::memcpy(&in6.sin6_addr, address.bytes.data(), 16);
    size = sizeof in6;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(name);
    in.sin_family = AF_INET;
    in.sin_port = htons(at.port);
    std::memcpy(&in.sin_addr, &address.bytes[12], 4);
    size = sizeof in;
  }
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&name), size) != 0 || listen(fd.get(), kBacklog) != 0)
    return cannot(at, errno);
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return cannot(at, errno);
  ListenAddress found = at;
  found.host = Address::of(reinterpret_cast<sockaddr*>(&name)).text();
  found.port =
      ntohs(v6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port : reinterpret_cast<sockaddr_in&>(name).sin_port);
  return Listening{std::move(fd), found};
}

}  // namespace

Result<Listening> listen_at(const ListenAddress& at, unsigned unix_mode) {
  if (!at.unix_path.empty()) return listen_unix(at, unix_mode);
  if (at.host.empty()) {
    auto both = listen_tcp(at, Address{}, true, true);
    // A machine without IPv6.
    if (both || (both.error().os_error() != EAFNOSUPPORT && both.error().os_error() != EADDRNOTAVAIL)) return both;
    return listen_tcp(at, Address{}, false, false);
  }
  const auto address = Address::parse(at.host);
  if (!address) return fail(ErrorCode::usage, fmt::format("'{}' is no address", printable(at.host)));
  return listen_tcp(at, *address, !address->is_v4(), false);
}

}  // namespace cbx::http

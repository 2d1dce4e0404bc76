// Where to listen, and who is on the other side.
#pragma once

#include <sys/socket.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "http/server.h"

namespace cbx::http {

// An IPv4 or IPv6 address (IPv4 as ::ffff:a.b.c.d), or a Unix socket's peer.
struct Address {
  bool unix_socket = false;
  std::array<uint8_t, 16> bytes{};

  static Address of(const sockaddr* address);
  // "192.0.2.1", "2001:db8::1"; nothing else.
  static std::optional<Address> parse(std::string_view text);
  bool is_v4() const;
  // "192.0.2.1", "2001:db8::1", "unix".
  std::string text() const;
  // What one party is taken to own: the IPv4 address, the IPv6 /64.
  Address party() const;
  auto operator<=>(const Address&) const = default;
};

// The proxies that are believed.  Immutable.
class Proxies {
 public:
  // "10.0.0.0/8", "::1", "unix".  Error: usage.
  static Result<Proxies> parse(const std::vector<std::string>& texts);
  bool contains(const Address& address) const;
  // Who asked, of a connection from `peer` with this X-Forwarded-For: the right-most address that is no proxy of ours.
  Address client(const Address& peer, std::string_view forwarded_for) const;

 private:
  struct Network {
    Address address;
    int bits = 128;
  };
  std::vector<Network> networks_;
};

// A socket that listens.
struct Listening {
  UniqueFd fd;
  ListenAddress at;  // with the port that was found
};
// A stale Unix socket file (nobody listens) is replaced.  Errors: usage (no such address), unavailable (in use),
// permission, cannot_create.
Result<Listening> listen_at(const ListenAddress& at, unsigned unix_mode);

}  // namespace cbx::http

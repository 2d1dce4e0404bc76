// Socket addresses, and the srt:// URLs that name them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cbx::srt {

class Address {
 public:
  Address() = default;
  // A copy of a kernel or libsrt address.
  static Address from(const sockaddr* address);
  // Looks `host` up (a name, an IPv4 or an IPv6 address; empty: all local addresses, of both families where the
  // machine has IPv6).  May block on the name service.
  static Result<Address> resolve(const std::string& host, uint16_t port);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const;
  bool is_ipv6() const { return storage_.ss_family == AF_INET6; }
  uint16_t port() const;
  // "192.0.2.1", "2001:db8::1"; IPv4 that came in on an IPv6 socket reads as IPv4.
  std::string host() const;
  // "192.0.2.1:9000", "[2001:db8::1]:9000"
  std::string to_string() const;

 private:
  sockaddr_storage storage_{};
};

// srt://[HOST]:PORT[?latency=MS]; an IPv6 HOST is written in brackets.
struct ListenUrl {
  std::string host;
  uint16_t port = 0;
  std::optional<int> latency_ms;
};
Result<ListenUrl> parse_listen_url(std::string_view url);

// srt://HOST:PORT[?streamid=ID][&latency=MS]; %XX in ID stands for a byte.
struct CallUrl {
  std::string host;
  uint16_t port = 0;
  std::string stream_id;
  std::optional<int> latency_ms;
};
Result<CallUrl> parse_call_url(std::string_view url);

}  // namespace cbx::srt

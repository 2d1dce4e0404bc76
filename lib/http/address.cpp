#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cbx::http {
namespace {

constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Result<uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || port > 65535)
    return fail(ErrorCode::usage, fmt::format("'{}' is no port", printable(text)));
  return static_cast<uint16_t>(port);
}

// "[::1]:80" and "192.0.2.1:80" as some proxies write them.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, std::min(text.find(']'), text.size()) - 1);
  if (std::ranges::count(text, ':') == 1) return text.substr(0, text.find(':'));
  return text;
}

// Of lower-case letters, digits and `more`; at least one.
bool is_made_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_origin(std::string_view text) {
  if (text == "*" || text == "null") return true;
  const size_t end = text.find("://");
  if (end == std::string_view::npos || !is_made_of(text.substr(0, end), "+-.")) return false;
  const std::string_view scheme = text.substr(0, end);
  std::string_view host = text.substr(end + 3);
  if (const size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    const std::string_view digits = host.substr(colon + 1);
    const auto port = parse_port(digits);
    if (!port || digits.front() == '0') return false;
    if ((scheme == "http" && *port == 80) || (scheme == "https" && *port == 443)) return false;
    host = host.substr(0, colon);
  }
  if (!host.starts_with('[')) return is_made_of(host, "-._");
  if (!host.ends_with(']')) return false;
  host = host.substr(1, host.size() - 2);
  return host.find(':') != std::string_view::npos && is_made_of(host, ":.") && Address::parse(host);
}

Result<ListenAddress> parse_listen(std::string_view text) {
  ListenAddress at;
  if (text.starts_with("unix:")) {
    at.unix_path = text.substr(5);
    if (at.unix_path.empty() || at.unix_path.find('\0') != std::string::npos)
      return fail(ErrorCode::usage, "a Unix socket needs a path: unix:/run/cbx/serve.sock");
    return at;
  }
  const size_t colon = text.rfind(':');
  std::string_view host = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  const auto no_address = [&] {
    return fail(
        ErrorCode::usage,
        fmt::format("cannot listen at '{}': give PORT, ADDRESS:PORT, [IPV6]:PORT or unix:PATH", printable(text)));
  };
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return no_address();
    host = host.substr(1, host.size() - 2);
    if (const auto address = Address::parse(host); !address || host.find(':') == std::string_view::npos)
      return no_address();
  } else if (host == "localhost") {
    host = "127.0.0.1";
  } else if (!host.empty() && host != "*") {
    if (const auto address = Address::parse(host); !address || !address->is_v4()) return no_address();
  } else {
    host = {};
  }
  at.host = host;
  CBX_ASSIGN(at.port, parse_port(port));
  return at;
}

Address Address::of(const sockaddr* address) {
  Address out;
  if (address != nullptr && address->sa_family == AF_INET) {
    std::ranges::copy(kMapped, out.bytes.begin());
    std::memcpy(&out.bytes[12], &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
  } else if (address != nullptr && address->sa_family == AF_INET6) {
    std::memcpy(out.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  } else {
    out.unix_socket = true;
  }
  return out;
}

std::optional<Address> Address::parse(std::string_view text) {
  const std::string name(text);
  Address out;
  if (inet_pton(AF_INET, name.c_str(), &out.bytes[12]) == 1) {
    std::ranges::copy(kMapped, out.bytes.begin());
    return out;
  }
  if (name.find('\0') != std::string::npos || inet_pton(AF_INET6, name.c_str(), out.bytes.data()) != 1)
    return std::nullopt;
  return out;
}

bool Address::is_v4() const {
  return !unix_socket && std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::string Address::text() const {
  if (unix_socket) return "unix";
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &bytes[12] : bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Address Address::party() const {
  Address out = *this;
  if (!unix_socket && !is_v4()) std::fill(out.bytes.begin() + 8, out.bytes.end(), 0);
  return out;
}

Result<Proxies> Proxies::parse(const std::vector<std::string>& texts) {
  Proxies proxies;
  for (const std::string& text : texts) {
    Network network;
    if (text == "unix") {
      network.address.unix_socket = true;
      proxies.networks_.push_back(network);
      continue;
    }
    const size_t slash = std::min(text.find('/'), text.size());
    const auto address = Address::parse(std::string_view(text).substr(0, slash));
    const auto wrong = [&] {
      return fail(ErrorCode::usage, fmt::format("'{}' is no address or network of a proxy", printable(text)));
    };
    if (!address) return wrong();
    network.address = *address;
    if (slash < text.size()) {
      const char* begin = text.data() + slash + 1;
      const char* all = text.data() + text.size();
      const auto [end, error] = std::from_chars(begin, all, network.bits);
      const int most = address->is_v4() ? 32 : 128;
      if (begin == all || end != all || error != std::errc() || network.bits < 0 || network.bits > most) return wrong();
      if (address->is_v4()) network.bits += 96;
    }
    proxies.networks_.push_back(network);
  }
  return proxies;
}

bool Proxies::contains(const Address& address) const {
  return std::ranges::any_of(networks_, [&](const Network& network) {
    if (network.address.unix_socket || address.unix_socket) return network.address.unix_socket && address.unix_socket;
    for (int bit = 0; bit < network.bits; bit += 8) {
      const uint8_t mask = network.bits - bit >= 8 ? 0xff : static_cast<uint8_t>(0xff00 >> (network.bits - bit));
      if (((network.address.bytes[bit / 8] ^ address.bytes[bit / 8]) & mask) != 0) return false;
    }
    return true;
  });
}

Address Proxies::client(const Address& peer, std::string_view forwarded_for) const {
  Address client = peer;
  while (contains(client) && !forwarded_for.empty()) {
    const size_t comma = forwarded_for.rfind(',');
    std::string_view last = forwarded_for.substr(comma == std::string_view::npos ? 0 : comma + 1);
    forwarded_for = comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
    while (last.starts_with(' ') || last.starts_with('\t')) last.remove_prefix(1);
    while (last.ends_with(' ') || last.ends_with('\t')) last.remove_suffix(1);
    const auto address = Address::parse(without_port(last));
    if (!address) break;  // who wrote that can't be believed any further
    client = *address;
  }
  return client;
}

}  // namespace cbx::http

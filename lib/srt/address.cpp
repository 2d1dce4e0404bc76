#include "srt/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <memory>

#include "base/file.h"
#include "base/log.h"

namespace cbx::srt {
namespace {

constexpr int kMaxLatencyMs = 60000;

Error bad_url(std::string_view url, std::string_view what) {
  return Error(ErrorCode::usage, fmt::format("bad URL '{}': {}", printable(url), what));
}

struct UrlParts {
  std::string host;
  uint16_t port = 0;
  std::string_view query;
};

Result<UrlParts> split_url(std::string_view url) {
  constexpr std::string_view kScheme = "srt://";
  if (!url.starts_with(kScheme)) return fail(bad_url(url, "it must begin with 'srt://'"));
  std::string_view rest = url.substr(kScheme.size());
  UrlParts parts;
  if (const size_t q = rest.find('?'); q != std::string_view::npos) {
    parts.query = rest.substr(q + 1);
    rest = rest.substr(0, q);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.ends_with(']')) return fail(bad_url(url, "the port is missing"));
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parts.port);
  if (error != std::errc{} || end != port.data() + port.size() || parts.port == 0)
    return fail(bad_url(url, "the port is no number from 1 to 65535"));
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return fail(bad_url(url, "an IPv6 address is written in brackets"));
  if (host.find_first_of("/@[] ") != std::string_view::npos) return fail(bad_url(url, "the host is malformed"));
  parts.host = host;
  return parts;
}

Result<int> parse_latency(std::string_view url, std::string_view text) {
  int ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc{} || end != text.data() + text.size() || ms < 0 || ms > kMaxLatencyMs)
    return fail(bad_url(url, fmt::format("latency is in milliseconds (not microseconds), 0 to {}", kMaxLatencyMs)));
  return ms;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view url, std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) return fail(bad_url(url, "'%' is not followed by two hex digits"));
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

// Calls use(name, value) for each NAME=VALUE.
template <typename Use>
Status each_parameter(std::string_view url, std::string_view query, Use use) {
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return fail(bad_url(url, "a parameter is no NAME=VALUE"));
    CBX_TRY(use(pair.substr(0, equals), pair.substr(equals + 1)));
  }
  return {};
}

Error unknown_parameter(std::string_view url, std::string_view name, std::string_view known) {
  if (name == "passphrase")
    return bad_url(url.substr(0, url.find('?')), "secrets come from CBX_PASSPHRASE or --passphrase-file");
  return bad_url(url, fmt::format("unknown parameter '{}' (known: {})", printable(name), known));
}

}  // namespace

Address Address::from(const sockaddr* address) {
  Address a;
  if (!address) return a;
  if (address->sa_family == AF_INET)
    std::memcpy(&a.storage_, address, sizeof(sockaddr_in));
  else if (address->sa_family == AF_INET6)
    std::memcpy(&a.storage_, address, sizeof(sockaddr_in6));
  return a;
}

Result<Address> Address::resolve(const std::string& host, uint16_t port) {
  if (host.empty()) {
    sockaddr_in6 any6{};
    any6.sin6_family = AF_INET6;
    any6.sin6_port = htons(port);
    any6.sin6_addr = in6addr_any;
    // A kernel with IPv6 compiled in but switched off makes the socket and refuses to bind it.
    sockaddr_in6 probe = any6;
    probe.sin6_port = 0;
    const UniqueFd fd{::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    if (fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&probe), sizeof probe) == 0)
      return from(reinterpret_cast<const sockaddr*>(&any6));
    sockaddr_in any4{};
    any4.sin_family = AF_INET;
    any4.sin_port = htons(port);
    return from(reinterpret_cast<const sockaddr*>(&any4));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), fmt::format("{}", port).c_str(), &hints, &found);
  if (error != 0)
    return fail(ErrorCode::unavailable, fmt::format("cannot look up '{}': {}", printable(host), ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
  return from(found->ai_addr);
}

socklen_t Address::size() const {
  return is_ipv6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

uint16_t Address::port() const {
  return ntohs(is_ipv6() ? reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port
                         : reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (!is_ipv6()) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr, text, sizeof text);
    return text;
  }
  const in6_addr& a = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&a))
    ::inet_ntop(AF_INET, a.s6_addr + 12, text, sizeof text);
  else
    ::inet_ntop(AF_INET6, &a, text, sizeof text);
  return text;
}

std::string Address::to_string() const {
  const std::string h = host();
  return h.find(':') == std::string::npos ? fmt::format("{}:{}", h, port()) : fmt::format("[{}]:{}", h, port());
}

Result<ListenUrl> parse_listen_url(std::string_view url) {
  CBX_ASSIGN(const UrlParts parts, split_url(url));
  ListenUrl listen{parts.host, parts.port, {}};
  CBX_TRY(each_parameter(url, parts.query, [&](std::string_view name, std::string_view value) -> Status {
    if (name != "latency") return fail(unknown_parameter(url, name, "latency"));
    CBX_ASSIGN(listen.latency_ms, parse_latency(url, value));
    return {};
  }));
  return listen;
}

Result<CallUrl> parse_call_url(std::string_view url) {
  CBX_ASSIGN(const UrlParts parts, split_url(url));
  if (parts.host.empty()) return fail(bad_url(url, "the host is missing"));
  CallUrl call{parts.host, parts.port, {}, {}};
  CBX_TRY(each_parameter(url, parts.query, [&](std::string_view name, std::string_view value) -> Status {
    if (name == "latency") {
      CBX_ASSIGN(call.latency_ms, parse_latency(url, value));
    } else if (name == "streamid") {
      CBX_ASSIGN(call.stream_id, percent_decode(url, value));
      if (call.stream_id.size() > 512) return fail(bad_url(url, "the stream id is longer than 512 bytes"));
    } else {
      return fail(unknown_parameter(url, name, "latency, streamid"));
    }
    return {};
  }));
  return call;
}

}  // namespace cbx::srt

#include "cli/publish.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"

namespace cbx::cli {
namespace {

// RFC 1035, 2.3.4.
constexpr size_t kLongestHost = 253;

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// RFC 3986: an IPv6 address stands in brackets.
std::string url_host(const std::string& host) {
  return host.find(':') != std::string::npos && host.front() != '[' ? "[" + host + "]" : host;
}

std::string address(const PublishPoint& point, const Publisher& publisher, int64_t latency) {
  std::string url = fmt::format("srt://{}:{}?mode=caller&latency={}&streamid={}", url_host(point.host), point.port,
                                latency, publisher.device);
  if (!publisher.key.empty())
    url += fmt::format("&passphrase={}&pbkeylen={}", percent_encode(publisher.key), publisher.key_bits / 8);
  return url;
}

bool is_ipv6(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestHost && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                  c == '_';
         });
}

}  // namespace

Result<PublishPoint> parse_publish_point(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::usage, fmt::format("'{}' is no HOST[:PORT], such as cam.example.org, 192.0.2.1:8890 or "
                                              "[2001:db8::1]:8890",
                                              printable(text.substr(0, 80))));
  };
  PublishPoint point;
  if (point.host = text; is_ipv6(point.host)) return point;
  std::string_view rest = text;
  if (text.starts_with('[')) {
    const size_t end = std::min(text.find(']'), text.size());
    point.host = text.substr(1, end - 1);
    if (end == text.size() || !is_ipv6(point.host)) return wrong();
    rest.remove_prefix(end + 1);
  } else {
    const size_t end = std::min(text.find(':'), text.size());
    point.host = text.substr(0, end);
    if (!is_host_name(point.host)) return wrong();
    rest.remove_prefix(end);
  }
  if (rest.empty()) return point;
  if (!rest.starts_with(':')) return wrong();
  rest.remove_prefix(1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), point.port);
  if (error != std::errc{} || end != rest.data() + rest.size() || point.port < 1 || point.port > 65535) return wrong();
  return point;
}

std::string srt_address(const PublishPoint& point, const Publisher& publisher) {
  return address(point, publisher, point.latency_ms);
}

std::string ffmpeg_address(const PublishPoint& point, const Publisher& publisher) {
  return address(point, publisher, int64_t{point.latency_ms} * 1000);
}

std::vector<PublishLine> publish_lines(const PublishPoint& point, const Publisher& publisher) {
  const std::string micro = ffmpeg_address(point, publisher);
  const std::string secret = publisher.key.empty() ? std::string("no passphrase")
                                                   : fmt::format("passphrase {}, key length {} (AES-{})", publisher.key,
                                                                 publisher.key_bits / 8, publisher.key_bits);
  return {{"ffmpeg", fmt::format("ffmpeg -re -i INPUT -c copy -f mpegts '{}'", micro)},
          {"OBS", fmt::format("Settings > Stream > Service: Custom > Server: {}", micro)},
          {"Larix", fmt::format("Settings > Connections > New: URL srt://{}:{}, mode Caller, latency {} ms, stream id "
                                "{}, {}",
                                url_host(point.host), point.port, point.latency_ms, publisher.device, secret)}};
}

}  // namespace cbx::cli

#include "address.h"

#include <fmt/format.h>

namespace cbx::account {
namespace {

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

std::string address(const Endpoint& endpoint, const state::Device& device, int64_t latency) {
  std::string url = fmt::format("srt://{}:{}?mode=caller&latency={}&streamid={}", url_host(endpoint.host),
                                endpoint.port, latency, device.id);
  if (!device.key.empty())
    url += fmt::format("&passphrase={}&pbkeylen={}", percent_encode(device.key), device.key_bits / 8);
  return url;
}

}  // namespace

std::string srt_address(const Endpoint& endpoint, const state::Device& device) {
  return address(endpoint, device, endpoint.latency_ms);
}

std::string ffmpeg_address(const Endpoint& endpoint, const state::Device& device) {
  return address(endpoint, device, int64_t{endpoint.latency_ms} * 1000);
}

Status print_address(cli::Output& out, const Endpoint& endpoint, const state::Device& device, bool qr, bool color) {
  const std::string plain = srt_address(endpoint, device);
  const std::string micro = ffmpeg_address(endpoint, device);
  out.line(fmt::format("address  {}", plain));
  out.line(fmt::format("ffmpeg   ffmpeg -re -i INPUT -c copy -f mpegts '{}'", micro));
  out.line(fmt::format("OBS      Settings > Stream > Service: Custom > Server: {}", micro));
  out.line(fmt::format(
      "Larix    Settings > Connections > New: URL srt://{}:{}, mode Caller, latency {} ms, stream id "
      "{}{}",
      url_host(endpoint.host), endpoint.port, endpoint.latency_ms, device.id,
      device.key.empty()
          ? std::string(", no passphrase")
          : fmt::format(", passphrase {}, key length {} (AES-{})", device.key, device.key_bits / 8, device.key_bits)));
  if (!qr) return {};
  CBX_ASSIGN(const std::string code, cli::qr_code(plain, color));
  out.line("");
  out.write(code);
  return {};
}

}  // namespace cbx::account

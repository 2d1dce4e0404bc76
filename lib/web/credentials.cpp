#include "web/credentials.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "state/token.h"
#include "web/access.h"

namespace cbx::web {
namespace {

// No header of a stranger's can have this name (RFC 9110, 5.1).
constexpr std::string_view kLinkField = ":share-link";
constexpr std::string_view kLinkPrefix = "/t/";
constexpr std::string_view kHidden = "…";

std::optional<std::string> base64(std::string_view text) {
  std::string out(text.size(), '\0');
  size_t size = 0;
  for (const int variant : {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING})
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                          &size, nullptr, variant) == 0) {
      out.resize(size);
      return out;
    }
  return std::nullopt;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return std::tolower(static_cast<unsigned char>(x)) == y; });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// As the server will read it; what is no escape stays.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) i += 2;
    out += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
  }
  return out;
}

// Whether it holds something that looks like a token of ours, wherever it came from.
bool holds_token(std::string_view decoded) {
  return decoded.find("cbx_") != std::string_view::npos;
}

bool secret_name(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames{"token", "access_token", "auth",       "key",
                                                          "code",  "password",     "passphrase", "secret"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto known) { return equal_ignoring_case(name, known); });
}

std::string redact_path(std::string_view path) {
  std::string out;
  bool first = true, after_link = false;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string decoded = percent_decode(path.substr(0, slash));
    const bool hide = after_link || holds_token(decoded);
    out += hide ? kHidden : path.substr(0, slash);
    if (!decoded.empty()) after_link = first && decoded == "t", first = false;
    if (slash == path.size()) break;
    out += '/';
    path.remove_prefix(slash + 1);
  }
  return out;
}

std::string redact_query(std::string_view query) {
  std::string out;
  while (true) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && secret_name(percent_decode(pair.substr(0, equals))))
      out += std::string(pair.substr(0, equals + 1)) + std::string(kHidden);
    else
      out += holds_token(percent_decode(pair)) ? kHidden : pair;
    if (end == query.size()) return out;
    out += '&';
    query.remove_prefix(end + 1);
  }
}

// RFC 6265, 4.2.1.  Several Cookie fields come joined by commas, which no value of ours holds.
std::optional<std::string> cookie(const http::Request& request) {
  std::string_view left = request.header("cookie").value_or("");
  while (!left.empty()) {
    const size_t end = std::min(left.find_first_of(";,"), left.size());
    std::string_view pair = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.size() > kSessionCookie.size() && pair.starts_with(kSessionCookie) && pair[kSessionCookie.size()] == '=')
      return std::string(pair.substr(kSessionCookie.size() + 1));
  }
  return std::nullopt;
}

// "example.org:8443", in lower case; "" if there is none.
std::string host_of(const http::Request& request) {
  return lower_case(request.header("host").value_or(""));
}

Credentials unreadable() {
  return {Credentials::Kind::unreadable, "", ""};
}

}  // namespace

Credentials read_credentials(const http::Request& request) {
  if (const auto link = request.headers.find(kLinkField); link != request.headers.end())
    return {Credentials::Kind::link, "", link->second};
  const auto field = request.headers.find("authorization");
  if (field == request.headers.end()) {
    if (auto value = cookie(request)) return {Credentials::Kind::cookie, "", std::move(*value)};
    return {};
  }
  const std::string_view value = field->second;
  const size_t space = std::min(value.find(' '), value.size());
  std::string_view rest = value.substr(space);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  if (equal_ignoring_case(value.substr(0, space), "bearer")) return {Credentials::Kind::bearer, "", std::string(rest)};
  if (!equal_ignoring_case(value.substr(0, space), "basic") || rest.size() > 4096) return unreadable();
  const auto decoded = base64(rest);
  const size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) return unreadable();
  return {Credentials::Kind::basic, decoded->substr(0, colon), decoded->substr(colon + 1)};
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

std::string session_cookie(std::string_view secret, std::chrono::seconds lasts) {
  return fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={}", kSessionCookie, secret,
                     lasts.count());
}

std::string no_session_cookie() {
  return session_cookie("", std::chrono::seconds{0});
}

bool keeps_session_cookie(const http::Request& request) {
  if (request.secure) return true;
  const std::string host = host_of(request);
  if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
  const std::string name = host.substr(0, host.find(':'));
  in_addr v4{};
  if (::inet_pton(AF_INET, name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return name == "localhost" || name.ends_with(".localhost");
}

bool from_browser_page(const http::Request& request) {
  return request.header("x-requested-with") == "cbx" || cookie(request).has_value();
}

bool Access::from_own_page(const http::Request& request) {
  if (const auto site = request.header("sec-fetch-site")) return *site == "same-origin";
  const auto origin = request.header("origin");
  const std::string host = host_of(request);
  return origin && !host.empty() && *origin == (request.secure ? "https://" : "http://") + host;
}

std::string address_group(std::string_view peer) {
  const std::string text(peer.substr(0, peer.find('%')));  // without a link-local address's interface
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::string(peer.substr(0, 64));
  char out[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    ::inet_ntop(AF_INET, address.s6_addr + 12, out, sizeof out);
    return out;
  }
  std::memset(address.s6_addr + 8, 0, 8);
  ::inet_ntop(AF_INET6, &address, out, sizeof out);
  return std::string(out) + "/64";
}

void Access::take_share_link(http::Request& request) {
  request.headers.erase(std::string(kLinkField));
  if (!request.path.starts_with(kLinkPrefix)) return;
  const size_t end = std::min(request.path.find('/', kLinkPrefix.size()), request.path.size());
  request.headers.emplace(kLinkField, request.path.substr(kLinkPrefix.size(), end - kLinkPrefix.size()));
  request.path.erase(0, end);
  if (request.path.empty()) request.path = "/";
}

std::string Access::redact(std::string_view target) {
  const size_t query = target.find('?');
  if (query == std::string_view::npos) return redact_path(target);
  return redact_path(target.substr(0, query)) + "?" + redact_query(target.substr(query + 1));
}

}  // namespace cbx::web

// The head of a request: checking what the library found in it, and what it means.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.h"
#include "http/exchange.h"
#include "http/request_id.h"
#include "http/target.h"

namespace cbx::http {
namespace {

constexpr size_t kLongestTarget = 8192;

std::optional<Method> parse_method(std::string_view name) {
  static constexpr std::array kAll{Method::get,   Method::head, Method::post,   Method::put,
                                   Method::patch, Method::del,  Method::options};
  const auto* it = std::ranges::find(kAll, name, method_name);
  if (it == kAll.end()) return std::nullopt;
  return *it;
}

// Of each character of a token (RFC 9110, 5.6.2) itself in lower case, 0 of all others: every byte of a head is looked
// at.
constexpr std::array<char, 256> kTokenCharacters = [] {
  std::array<char, 256> lower{};
  for (char c = 'a'; c <= 'z'; c++) lower[static_cast<size_t>(c)] = lower[static_cast<size_t>(c - 'a' + 'A')] = c;
  for (const char c : std::string_view("0123456789!#$%&'*+-.^_`|~")) lower[static_cast<size_t>(c)] = c;
  return lower;
}();

char lower_token_character(char c) {
  return kTokenCharacters[static_cast<unsigned char>(c)];
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return lower_token_character(c) != 0; });
}

bool is_clean(std::string_view value) {
  return std::ranges::none_of(value,
                              [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

// RFC 3986, 3.2.2 and 3.2.3, by its characters: what could make two readers of an address find two hosts in it is none.
bool is_host(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._~%!$&'()*+;=:[]").find(c) != std::string_view::npos;
  });
}

struct Collector {
  Fields& fields;
  bool good = true;
  int hosts = 0;
};

MHD_Result collect_field(void* object, MHD_ValueKind, const char* key, size_t key_size, const char* value,
                         size_t value_size) noexcept {
  auto& collector = *static_cast<Collector*>(object);
  const std::string_view name(key, key_size);
  const std::string_view text(value == nullptr ? "" : value, value == nullptr ? 0 : value_size);
  collector.good = collector.good && is_token(name) && is_clean(text);
  if (!collector.good) return MHD_NO;
  try {
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), lower_token_character);
    if (lower == "host") collector.hosts++;
    const auto [it, added] = collector.fields.try_emplace(std::move(lower), text);
    if (!added) (it->second += it->first == "cookie" ? "; " : ", ") += text;
  } catch (...) {
    collector.good = false;
    return MHD_NO;
  }
  return MHD_YES;
}

// An id that a trusted proxy has given, so that its log and ours speak of the same.
bool is_request_id(std::string_view text) {
  return text.size() <= 64 && is_token(text);
}

}  // namespace

void Exchange::take_head(const char* method, const char* version) {
  request_.id = make_request_id();
  refusal_ = read_head(method, version);
}

std::optional<Response> Exchange::read_head(const char* method, const char* version) {
  if (auto refusal = read_fields(version)) return refusal;
  identify_peer();
  if (auto refusal = read_framing(version)) return refusal;
  const auto known = parse_method(method);
  if (!known) return problem(501, "this method is not known here");
  request_.method = *known;
  if (auto refusal = read_target()) return refusal;
  return find_route();
}

std::optional<Response> Exchange::read_fields(std::string_view version) {
  Collector collector{request_.headers};
  MHD_get_connection_values_n(mhd_, MHD_HEADER_KIND, &collect_field, &collector);
  if (!collector.good) return problem(400, "a header that is none").with("Connection", "close");
  // RFC 9112, 3.2: a proxy in front may have believed the other one.
  if (collector.hosts == 0 && version != "HTTP/1.0")
    return problem(400, "the Host header is missing").with("Connection", "close");
  if (collector.hosts > 1) return problem(400, "there are several Host headers").with("Connection", "close");
  if (const auto host = request_.header("host"); host && !is_host(*host))
    return problem(400, "the Host header names no host").with("Connection", "close");
  return std::nullopt;
}

void Exchange::identify_peer() {
  request_.peer = connection_.peer_text;
  request_.secure = connection_.tls;
  if (!connection_.proxy) return;
  if (const auto forwarded = request_.header("x-forwarded-for"))
    request_.peer = core_.proxies.client(connection_.peer, *forwarded).text();
  if (const auto proto = request_.header("x-forwarded-proto")) request_.secure = proto->ends_with("https");
  if (const auto id = request_.header("x-request-id"); id && is_request_id(*id)) request_.id = *id;
}

// Where the body ends must be beyond doubt: a proxy in front may have read it otherwise (RFC 9112, 6.3 and 11.2).
std::optional<Response> Exchange::read_framing(std::string_view version) {
  const auto length = request_.header("content-length");
  const auto encoding = request_.header("transfer-encoding");
  const auto refuse = [&](int status, std::string_view why) {
    chunked_ = true;  // unknown at least: the connection ends with the answer
    return problem(status, why);
  };
  if (encoding) {
    if (length || version == "HTTP/1.0") return refuse(400, "a body of two lengths");
    if (*encoding != "chunked") return refuse(501, "this transfer coding is not known here");
    chunked_ = true;
  } else if (length) {
    uint64_t value = 0;
    const char* end = length->data() + length->size();
    const auto [at, error] = std::from_chars(length->data(), end, value);
    if (length->empty() || error != std::errc() || at != end) return refuse(400, "a Content-Length that is no number");
    content_length_ = value;
  }
  return std::nullopt;
}

std::optional<Response> Exchange::read_target() {
  if (target_.size() > kLongestTarget) return problem(414, "the address is too long");
  auto target = parse_target(target_);
  if (!target) return problem(400, target.error().message());
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  return std::nullopt;
}

std::optional<Response> Exchange::find_route() {
  const auto no_such = [&] {
    if (core_.hooks.missing)
      if (auto response = core_.hooks.missing(request_)) return *std::move(response);
    return problem(404, "there is nothing at this address");
  };
  try {
    if (core_.hooks.rewrite) core_.hooks.rewrite(request_);
  } catch (const std::exception& e) {
    return problem(Error(ErrorCode::internal, e.what()));
  }
  if (request_.path.size() > 1 && request_.path.ends_with('/')) return no_such();
  const Router::Match match = core_.router.find(request_.method, request_.path, request_.params);
  if (match.route == Router::kNone) {
    if (match.allow.empty()) return no_such();
    if (request_.method == Method::options) return answer_options(match.allow);
    return problem(405, "this method is none of this address's").with("Allow", match.allow);
  }
  route_ = match.route;
  const size_t limit = core_.router.routes()[route_].body_limit;
  if (content_length_.value_or(0) > limit || (chunked_ && limit == 0))
    return problem(413, fmt::format("at most {} bytes are taken here", limit));
  request_.body.reserve(std::min<uint64_t>(content_length_.value_or(0), limit));
  return std::nullopt;
}

// Browsers ask before they send what is not plain (CORS).
Response Exchange::answer_options(const std::string& allow) const {
  Response response{204, {{"Allow", allow}}, {}, {}};
  if (!core_.options.allow_origin.empty()) {
    response.with("Access-Control-Allow-Methods", allow)
        .with("Access-Control-Allow-Headers", "Authorization, Content-Type, Range, If-Range, If-Match, If-None-Match")
        .with("Access-Control-Max-Age", "3600");
  }
  return response;
}

}  // namespace cbx::http

#include "http/target.h"

#include <algorithm>

#include "base/utf8.h"

namespace cbx::http {
namespace {

constexpr size_t kMostQueryValues = 100;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); at++) {
    if (text[at] != '%') {
      out += plus_is_space && text[at] == '+' ? ' ' : text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
    if (high < 0 || low < 0) return fail(ErrorCode::data, "a percent sign without two hexadecimal digits");
    out += static_cast<char>(high << 4 | low);
    at += 2;
  }
  if (out.find('\0') != std::string::npos) return fail(ErrorCode::data, "a NUL in the address");
  if (!is_utf8(out)) return fail(ErrorCode::data, "the address is not UTF-8");
  return out;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Status check_path(std::string_view path) {
  if (std::ranges::any_of(path, is_control)) return fail(ErrorCode::data, "a control character in the path");
  for (size_t at = 1; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment.empty()) return fail(ErrorCode::data, "an empty segment in the path");
    if (segment == "." || segment == "..") return fail(ErrorCode::data, "a relative segment in the path");
    at = end + 1;
  }
  return {};
}

// "http://host:80/a" → "/a"
std::string_view origin_form(std::string_view raw) {
  if (raw.starts_with('/')) return raw;
  if (!raw.starts_with("http://") && !raw.starts_with("https://")) return {};
  const size_t path = raw.find_first_of("/?", raw.find("://") + 3);
  return path == std::string_view::npos || raw[path] != '/' ? std::string_view("/") : raw.substr(path);
}

Status parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    if (query.size() == kMostQueryValues) return fail(ErrorCode::data, "too many values in the query");
    const size_t equals = std::min(pair.find('='), pair.size());
    CBX_ASSIGN(std::string name, decode(pair.substr(0, equals), true));
    CBX_ASSIGN(std::string value, decode(pair.substr(std::min(equals + 1, pair.size())), true));
    query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

Result<Target> parse_target(std::string_view raw) {
  // Where the address ends would be a matter of opinion (RFC 9112, 3.2).
  if (raw.find(' ') != std::string_view::npos) return fail(ErrorCode::data, "a space in the address");
  const std::string_view origin = origin_form(raw);
  if (origin.empty()) return fail(ErrorCode::data, "the address has no path");
  const std::string_view text = origin.substr(0, origin.find('#'));
  const size_t mark = std::min(text.find('?'), text.size());
  const std::string_view path = text.substr(0, mark);
  // A '/' inside a segment can't be told from one between segments any more once it is decoded.
  for (size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1))
    if (path.substr(at, 3) == "%2f" || path.substr(at, 3) == "%2F")
      return fail(ErrorCode::data, "an encoded slash in the path");
  Target target;
  CBX_ASSIGN(target.path, decode(path, false));
  CBX_TRY(check_path(target.path));
  CBX_TRY(parse_query(text.substr(std::min(mark + 1, text.size())), target.query));
  return target;
}

}  // namespace cbx::http

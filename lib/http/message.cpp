#include "http/message.h"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "http/status.h"

namespace cbx::http {

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
  }
  return "";
}

std::string_view Request::param(std::string_view name) const {
  const auto it = params.find(name);
  return it == params.end() ? std::string_view() : it->second;
}

std::optional<std::string_view> Request::header(std::string_view lower_case_name) const {
  const auto it = headers.find(lower_case_name);
  if (it == headers.end()) return std::nullopt;
  return it->second;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  const auto it = std::ranges::find(query, name, [](const auto& pair) -> std::string_view { return pair.first; });
  if (it == query.end()) return std::nullopt;
  return it->second;
}

Response json(int status, std::string text) {
  Response response{status, {{"Content-Type", "application/json"}}, std::move(text), {}};
  return response;
}

Response problem(int status, std::string_view detail) {
  return problem(status, detail, "");
}

Response problem(int status, std::string_view detail, std::string_view code) {
  nlohmann::ordered_json body{{"type", "about:blank"}, {"title", status_phrase(status)}, {"status", status}};
  if (!detail.empty()) body["detail"] = detail;
  if (!code.empty()) body["code"] = code;
  // What a stranger sent may be quoted in `detail`.
  std::string text = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return {status, {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}}, std::move(text), {}};
}

Response problem(const Error& error) {
  switch (error.code()) {
    case ErrorCode::no_input:
      return problem(404, error.message());
    case ErrorCode::usage:
    case ErrorCode::data:
      return problem(400, error.message());
    case ErrorCode::permission:
      return problem(403, error.message());
    case ErrorCode::try_again:
      return problem(503, error.message()).with("Retry-After", "1");
    default:
      break;
  }
  if (error.os_error() == ENOSPC || error.os_error() == EDQUOT) {
    Response response = problem(507,
                                "the server's disk is full: delete recordings that are not needed any more, or have "
                                "cbx-prune make room, and try again");
    response.log = error.message();
    return response;
  }
  Response response = problem(500, "something is wrong on this side; the server's log knows what");
  response.log = error.message();
  return response;
}

namespace {

// RFC 8187's attr-char: what may stand in an ext-value as it is.
bool is_attribute_char(unsigned char c) {
  return isalnum(c) != 0 || std::string_view("!#$&+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char character : text) {
    const auto c = static_cast<unsigned char>(character);
    if (c < 0x80 && is_attribute_char(c)) {
      out += character;
    } else {
      out += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return out;
}

}  // namespace

std::string attachment(std::string_view file_name) {
  // The plain form for old clients, without anything that they are known to read differently ('\', '"', '%'); a folder
  // is none of the name's business.
  std::string plain, whole;
  for (size_t at = 0; at < file_name.size();) {
    const auto c = static_cast<unsigned char>(file_name[at]);
    const size_t length = utf8_sequence_length(file_name.substr(at));
    const bool bad = length == 0 || c < 0x20 || c == 0x7f || c == '/' || c == '\\';
    plain += bad || length > 1 || c == '"' || c == '%' ? '_' : static_cast<char>(c);
    whole += bad ? std::string_view("_") : file_name.substr(at, length);
    at += std::max<size_t>(length, 1);
  }
  std::string value = "attachment; filename=\"" + plain + "\"";
  if (plain != file_name) value += "; filename*=UTF-8''" + percent_encode(whole);
  return value;
}

}  // namespace cbx::http

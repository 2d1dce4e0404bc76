#include "srt/stream_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/device_id.h"
#include "base/log.h"
#include "base/utf8.h"

namespace cbx::srt {
namespace {

using Parsed = tl::expected<StreamId, Refusal>;

tl::unexpected<Refusal> refuse(Reject code, std::string reason) {
  return tl::unexpected<Refusal>(Refusal{code, std::move(reason)});
}

tl::expected<std::string, Refusal> device_of(std::string_view text) {
  auto id = check_device_id(text);
  if (!id) return refuse(Reject::bad_request, id.error().message());
  return *id;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// Keys that mean something here; the others (h=, vendors' own) are left alone.
struct Fields {
  std::optional<std::string_view> resource, mode, type, user, token;

  std::optional<std::string_view>* find(std::string_view key) {
    if (key == "r") return &resource;
    if (key == "m") return &mode;
    if (key == "t") return &type;
    if (key == "u") return &user;
    if (key == "s") return &token;
    return nullptr;
  }
};

Parsed parse_access_control(std::string_view text) {
  Fields fields;
  for (std::string_view pair : split(text, ',')) {
    const size_t equals = pair.find('=');
    const std::string_view key = pair.substr(0, equals);
    if (equals == std::string_view::npos || !is_key(key))
      return refuse(Reject::bad_request, "stream id: no KEY=VALUE list after '#!::'");
    std::optional<std::string_view>* field = fields.find(key);
    if (!field) continue;
    if (*field) return refuse(Reject::bad_request, fmt::format("stream id: key '{}' is given twice", key));
    *field = pair.substr(equals + 1);
  }
  // The specification's default is m=request: whoever doesn't say that it publishes wants to be sent something.
  const std::string_view mode = fields.mode.value_or("request");
  if (mode != "publish")
    return refuse(Reject::bad_mode, fmt::format("stream id: mode '{}', only 'publish' is served", printable(mode)));
  if (fields.type && *fields.type != "stream")
    return refuse(Reject::unsupported_media, fmt::format("stream id: resource type '{}'", printable(*fields.type)));
  if (!fields.resource) return refuse(Reject::bad_request, "stream id: key 'r' is missing");
  auto device = device_of(*fields.resource);
  if (!device) return refuse(device.error().code, device.error().reason);
  return StreamId{*device, std::string(fields.user.value_or("")), std::string(fields.token.value_or(""))};
}

Parsed parse_colons(std::string_view text) {
  const std::vector<std::string_view> parts = split(text, ':');
  const std::string_view mode = parts.front();
  if (mode == "read" || mode == "request" || mode == "play" || mode == "subscribe")
    return refuse(Reject::bad_mode, fmt::format("stream id: mode '{}', only 'publish' is served", mode));
  if (mode != "publish")
    return refuse(Reject::bad_request, fmt::format("stream id: unknown word '{}'", printable(mode)));
  if (parts.size() != 2 && parts.size() != 4)
    return refuse(Reject::bad_request, "stream id: expected 'publish:ID' or 'publish:ID:USER:TOKEN'");
  auto device = device_of(parts[1]);
  if (!device) return refuse(device.error().code, device.error().reason);
  StreamId id{*device, {}, {}};
  if (parts.size() == 4) {
    id.user = parts[2];
    id.token = parts[3];
  }
  return id;
}

}  // namespace

Parsed parse_stream_id(std::string_view text) {
  if (text.empty()) return refuse(Reject::bad_request, "no stream id");
  if (text.size() > kMaxStreamId) return refuse(Reject::bad_request, "stream id: longer than 512 bytes");
  if (!is_utf8(text) || std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return refuse(Reject::bad_request, "stream id: control characters or no UTF-8");
  if (text.starts_with("#!::")) return parse_access_control(text.substr(4));
  if (text.starts_with("#!")) return refuse(Reject::bad_request, "stream id: only the '#!::' form is understood");
  if (text.find(':') != std::string_view::npos) return parse_colons(text);
  auto device = device_of(text);
  if (!device) return refuse(device.error().code, device.error().reason);
  return StreamId{*device, {}, {}};
}

}  // namespace cbx::srt

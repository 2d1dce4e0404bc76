#include "mp4/info_box.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/device_id.h"
#include "base/log.h"
#include "mp4/box.h"

namespace cbx::mp4 {
namespace {

using Json = nlohmann::ordered_json;

// An absent field leaves `out` alone; false if it has another type.
bool get_text(const Json& j, const char* name, std::string& out) {
  const auto it = j.find(name);
  if (it == j.end()) return true;
  if (!it->is_string()) return false;
  out = it->get<std::string>();
  return true;
}

bool get_integer(const Json& j, const char* name, std::optional<int64_t>& out) {
  const auto it = j.find(name);
  if (it == j.end()) return true;
  if (!it->is_number_integer() || (it->is_number_unsigned() && it->get<uint64_t>() > INT64_MAX)) return false;
  out = it->get<int64_t>();
  return true;
}

}  // namespace

Bytes info_box(const FileInfo& info, std::span<const codec::TrackConfig> tracks) {
  Json j;
  j["v"] = 1;
  j["device"] = info.device;
  j["start"] = format_rfc3339(info.start);
  j["source"] = info.source;
  if (!info.connection.empty()) j["connection"] = info.connection;
  if (info.opens) j["opens"] = true;
  j["pts"] = info.pts;
  if (info.clock_offset_ms) j["clock_offset_ms"] = *info.clock_offset_ms;
  Json codecs = Json::array();
  for (const codec::TrackConfig& t : tracks) codecs.push_back(std::string(codec::codec_name(t.codec)));
  j["codecs"] = std::move(codecs);
  const std::string text = j.dump(-1, ' ', false, Json::error_handler_t::replace);
  Bytes out;
  BoxWriter w(out);
  w.box("uuid", [&] {
    w.bytes(kInfoUuid);
    w.text(text);
  });
  return out;
}

Result<InfoBox> parse_info_json(ByteSpan json, const std::string& file) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::data, fmt::format("'{}': bad cbx box: {}", file, why));
  };
  const Json j = Json::parse(json.begin(), json.end(), nullptr, false);
  if (!j.is_object()) return bad("no JSON object");
  std::optional<int64_t> version, pts;
  if (!get_integer(j, "v", version) || version != 1) return bad("unknown version");
  InfoBox box;
  std::string start;
  if (!get_text(j, "device", box.info.device) || !get_text(j, "source", box.info.source) ||
      !get_text(j, "connection", box.info.connection) || !get_text(j, "start", start) || !get_integer(j, "pts", pts) ||
      !get_integer(j, "clock_offset_ms", box.info.clock_offset_ms))
    return bad("a field has a wrong type");
  CBX_TRY(check_device_id(box.info.device));
  auto time = parse_rfc3339(start);
  if (!time) return bad("no start time");
  box.info.start = *time;
  box.info.pts = pts.value_or(0);
  const auto opens = j.find("opens");
  if (opens != j.end() && !opens->is_boolean()) return bad("a field has a wrong type");
  box.info.opens = opens != j.end() && opens->get<bool>();
  if (const auto codecs = j.find("codecs"); codecs != j.end() && codecs->is_array()) {
    for (const Json& c : *codecs) {
      if (c.is_string()) box.codecs.push_back(c.get<std::string>());
    }
  }
  return box;
}

}  // namespace cbx::mp4

#include "base/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/device_id.h"
#include "base/log.h"

namespace cbx {
namespace {

using Json = nlohmann::ordered_json;

// One symmetric description per record: the same visit() writes and reads it, so the two can't drift apart.
class Writer {
 public:
  explicit Writer(std::string_view type) { json_ = {{"v", 1}, {"type", type}}; }
  void device(std::string& v) { json_["device"] = v; }
  void text(const char* name, std::string& v) {
    if (!v.empty()) json_[name] = v;
  }
  void required_text(const char* name, std::string& v) { json_[name] = v; }
  void path(const char* name, std::string& v, const std::string&) { json_[name] = v; }
  void time(const char* name, WallMs& v) { json_[name] = format_rfc3339(v); }
  void time(const char* name, std::optional<WallMs>& v) {
    if (v) json_[name] = format_rfc3339(*v);
  }
  void integer(const char* name, int64_t& v) { json_[name] = v; }
  void integer(const char* name, int& v) { json_[name] = v; }
  void integer_or_none(const char* name, int64_t& v) {
    if (v != 0) json_[name] = v;
  }
  void integer_or_none(const char* name, int& v) {
    if (v != 0) json_[name] = v;
  }
  void any_integer(const char* name, std::optional<int64_t>& v) {
    if (v) json_[name] = *v;
  }
  void number_or_none(const char* name, double& v) {
    if (v != 0) json_[name] = v;
  }
  void any_number(const char* name, std::optional<double>& v) {
    if (v) json_[name] = *v;
  }
  void flag(const char* name, bool& v) {
    if (v) json_[name] = true;
  }
  void codecs(const char* name, std::string& v) { text(name, v); }
  void short_hash(const char* name, std::string& v) { text(name, v); }
  void groups(const char* name, SegmentRecord& r) {
    if (r.groups.empty()) return;
    Json rows = Json::array();
    for (const SegmentGroup& g : r.groups) rows.push_back(Json::array({g.bytes, g.duration_ms}));
    json_[name] = std::move(rows);
  }
  std::string line() const { return json_.dump(-1, ' ', false, Json::error_handler_t::replace); }

 private:
  Json json_;
};

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}
  void device(std::string& v) {
    required_text("device", v);
    if (!error_ && !is_device_id(v)) set_error(check_device_id(v).error().message());
  }
  void text(const char* name, std::string& v) {
    if (const Json* j = find(name)) {
      if (!j->is_string()) return set_error(fmt::format("field '{}' is no string", name));
      v = j->get<std::string>();
    }
  }
  void required_text(const char* name, std::string& v) {
    require(name);
    text(name, v);
  }
  // A plain relative path: device first, no empty, '.' or '..' part.
  void path(const char* name, std::string& v, const std::string& device) {
    required_text(name, v);
    if (error_) return;
    bool ok = v.size() > device.size() + 1 && v.size() < 1024 && v.compare(0, device.size(), device) == 0 &&
              v[device.size()] == '/' && v.find('\0') == std::string::npos;
    for (size_t at = 0; ok && at <= v.size();) {
      const size_t slash = std::min(v.find('/', at), v.size());
      const std::string_view part = std::string_view(v).substr(at, slash - at);
      ok = !part.empty() && part != "." && part != "..";
      at = slash + 1;
    }
    if (!ok) set_error(fmt::format("field '{}' is no path of device '{}'", name, device));
  }
  void time(const char* name, WallMs& v) {
    require(name);
    std::optional<WallMs> t;
    time(name, t);
    if (t) v = *t;
  }
  void time(const char* name, std::optional<WallMs>& v) {
    if (const Json* j = find(name)) {
      if (!j->is_string()) return set_error(fmt::format("field '{}' is no time", name));
      auto t = parse_rfc3339(j->get_ref<const std::string&>());
      if (!t) return set_error(fmt::format("field '{}': {}", name, t.error().message()));
      v = *t;
    }
  }
  template <typename T>
  void integer(const char* name, T& v) {
    require(name);
    integer_or_none(name, v);
  }
  template <typename T>
  void integer_or_none(const char* name, T& v) {
    if (const Json* j = find(name)) {
      if (!whole(*j, v)) set_error(fmt::format("field '{}' is no whole number in range", name));
    }
  }
  void any_integer(const char* name, std::optional<int64_t>& v) {
    if (const Json* j = find(name)) {
      if (!j->is_number_integer() || (j->is_number_unsigned() && j->get<uint64_t>() > kMax))
        return set_error(fmt::format("field '{}' is no whole number in range", name));
      v = j->get<int64_t>();
    }
  }
  void number_or_none(const char* name, double& v) {
    std::optional<double> d;
    any_number(name, d);
    if (d) v = *d;
  }
  void any_number(const char* name, std::optional<double>& v) {
    if (const Json* j = find(name)) {
      if (!j->is_number()) return set_error(fmt::format("field '{}' is no number", name));
      v = j->get<double>();
    }
  }
  void flag(const char* name, bool& v) {
    if (const Json* j = find(name)) {
      if (!j->is_boolean()) return set_error(fmt::format("field '{}' is neither true nor false", name));
      v = j->get<bool>();
    }
  }
  // It goes into playlists: only what such names are made of (RFC 6381, without its quoted forms).
  void codecs(const char* name, std::string& v) {
    text(name, v);
    const bool plain =
        v.size() <= 512 && std::all_of(v.begin(), v.end(), [](unsigned char c) {
          return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == ',' || c == '-';
        });
    if (!plain) set_error(fmt::format("field '{}' names no codecs", name));
  }
  // 16 hexadecimal digits.
  void short_hash(const char* name, std::string& v) {
    text(name, v);
    if (!v.empty() && (v.size() != 16 || v.find_first_not_of("0123456789abcdef") != v.npos))
      set_error(fmt::format("field '{}' is no short hash", name));
  }
  // They lie in the file, one behind the other.
  void groups(const char* name, SegmentRecord& r) {
    const Json* j = find(name);
    if (r.media_offset > r.bytes) set_error("field 'media_offset' lies behind the file's end");
    if (!j || error_) return;
    const auto bad = [&] { set_error(fmt::format("field '{}' is no list of groups inside the file", name)); };
    if (!j->is_array() || j->size() > kMostGroups) return bad();
    int64_t room = r.bytes - r.media_offset, time = r.duration_ms;
    for (const Json& row : *j) {
      SegmentGroup g;
      if (!row.is_array() || row.size() != 2 || !whole(row[0], g.bytes) || !whole(row[1], g.duration_ms)) return bad();
      if (g.bytes == 0 || g.bytes > room || g.duration_ms > time) return bad();
      room -= g.bytes;
      time -= g.duration_ms;
      r.groups.push_back(g);
    }
  }
  const std::optional<std::string>& error() const { return error_; }

 private:
  static constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();

  template <typename T>
  static bool whole(const Json& j, T& v) {
    const bool fits = j.is_number_integer() && (!j.is_number_unsigned() || j.get<uint64_t>() <= kMax) &&
                      j.get<int64_t>() >= 0 && j.get<int64_t>() <= static_cast<int64_t>(std::numeric_limits<T>::max());
    if (fits) v = static_cast<T>(j.get<int64_t>());
    return fits;
  }

  const Json* find(const char* name) const {
    const auto it = json_.find(name);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
  }
  void require(const char* name) {
    if (!find(name)) set_error(fmt::format("field '{}' is missing", name));
  }
  void set_error(std::string message) {
    if (!error_) error_ = std::move(message);
  }

  const Json& json_;
  std::optional<std::string> error_;
};

template <typename V>
void visit(V& v, SegmentRecord& r) {
  v.device(r.device);
  v.time("start", r.start);
  v.integer("duration_ms", r.duration_ms);
  v.path("path", r.path, r.device);
  v.integer("bytes", r.bytes);
  v.text("video", r.video);
  v.integer_or_none("width", r.width);
  v.integer_or_none("height", r.height);
  v.number_or_none("fps", r.fps);
  v.integer_or_none("rotation", r.rotation);
  v.text("audio", r.audio);
  v.required_text("source", r.source);
  v.text("end", r.end);
  v.text("sha256", r.sha256);
  v.text("connection", r.connection);
  v.any_integer("pts", r.pts);
  v.any_integer("clock_offset_ms", r.clock_offset_ms);
  v.integer_or_none("lost", r.lost);
  v.codecs("codecs", r.codecs);
  v.short_hash("init", r.init);
  v.integer_or_none("media_offset", r.media_offset);
  v.groups("groups", r);
}
template <typename V>
void visit(V& v, ConnectionOpenRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.required_text("connection", r.connection);
  v.text("peer", r.peer);
  v.text("protocol", r.protocol);
  v.integer("encryption", r.encryption);
  v.integer("latency_ms", r.latency_ms);
}
template <typename V>
void visit(V& v, ConnectionCloseRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.required_text("connection", r.connection);
  v.required_text("cause", r.cause);
  v.text("detail", r.detail);
  v.integer("duration_ms", r.duration_ms);
  v.integer("bytes", r.bytes);
  v.integer("packets", r.packets);
  v.integer("lost", r.lost);
}
template <typename V>
void visit(V& v, LinkRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.required_text("connection", r.connection);
  v.integer("duration_ms", r.duration_ms);
  v.integer("bytes", r.bytes);
  v.integer("packets", r.packets);
  v.integer("bit_rate", r.bit_rate);
  v.integer("missing", r.missing);
  v.integer("retransmitted", r.retransmitted);
  v.integer("lost", r.lost);
  v.integer("rtt_ms", r.rtt_ms);
  v.integer("buffer_ms", r.buffer_ms);
}
template <typename V>
void visit(V& v, EventRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.required_text("kind", r.kind);
  v.text("note", r.note);
  v.text("source", r.source);
  v.any_number("value", r.value);
}
template <typename V>
void visit(V& v, PinRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.time("from", r.from);
  v.time("to", r.to);
  v.text("reason", r.reason);
  v.text("who", r.who);
  v.time("until", r.until);
  v.flag("remove", r.remove);
}
template <typename V>
void visit(V& v, GapRecord& r) {
  v.device(r.device);
  v.time("start", r.start);
  v.integer("duration_ms", r.duration_ms);
  v.required_text("cause", r.cause);
  v.text("detail", r.detail);
  v.text("connection", r.connection);
}
template <typename V>
void visit(V& v, DeleteRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.time("start", r.start);
  v.path("path", r.path, r.device);
  v.text("reason", r.reason);
  v.integer_or_none("bytes", r.bytes);
  v.text("who", r.who);
  v.flag("dry_run", r.dry_run);
}
template <typename V>
void visit(V& v, MissingRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.time("start", r.start);
  v.path("path", r.path, r.device);
  v.integer("duration_ms", r.duration_ms);
  v.text("cause", r.cause);
  v.text("detail", r.detail);
  v.flag("found", r.found);
}
template <typename V>
void visit(V& v, PushedRecord& r) {
  v.device(r.device);
  v.time("time", r.time);
  v.time("start", r.start);
  v.path("path", r.path, r.device);
  v.required_text("target", r.target);
  v.required_text("object", r.object);
  v.integer("bytes", r.bytes);
  v.text("sha256", r.sha256);
}
template <typename V>
void visit(V& v, LaggedRecord& r) {
  v.time("time", r.time);
  v.integer("dropped", r.dropped);
}

constexpr const char* type_name(const SegmentRecord*) {
  return "segment";
}
constexpr const char* type_name(const ConnectionOpenRecord*) {
  return "connection.open";
}
constexpr const char* type_name(const ConnectionCloseRecord*) {
  return "connection.close";
}
constexpr const char* type_name(const LinkRecord*) {
  return "link";
}
constexpr const char* type_name(const EventRecord*) {
  return "event";
}
constexpr const char* type_name(const PinRecord*) {
  return "pin";
}
constexpr const char* type_name(const GapRecord*) {
  return "gap";
}
constexpr const char* type_name(const DeleteRecord*) {
  return "delete";
}
constexpr const char* type_name(const MissingRecord*) {
  return "missing";
}
constexpr const char* type_name(const PushedRecord*) {
  return "pushed";
}
constexpr const char* type_name(const LaggedRecord*) {
  return "lagged";
}

// Tries the alternatives of Record one after the other for the one that is called `type`.
template <size_t I = 0>
Result<std::optional<Record>> read_as(const std::string& type, const Json& json) {
  if constexpr (I == std::variant_size_v<Record>) {
    return std::optional<Record>{};
  } else {
    using T = std::variant_alternative_t<I, Record>;
    if (type != type_name(static_cast<const T*>(nullptr))) return read_as<I + 1>(type, json);
    T record;
    Reader reader(json);
    visit(reader, record);
    if (reader.error()) return fail(ErrorCode::data, fmt::format("bad '{}' record: {}", type, *reader.error()));
    return std::optional<Record>{std::move(record)};
  }
}

}  // namespace

std::string to_line(const Record& record) {
  return std::visit(
      [](auto copy) {
        Writer writer(type_name(&copy));
        visit(writer, copy);
        return writer.line();
      },
      record);
}

Result<std::optional<Record>> parse_record(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object())
    return fail(ErrorCode::data, fmt::format("no JSON object: '{}'", printable(line.substr(0, 60))));
  const auto version = json.find("v");
  if (version == json.end() || !version->is_number_integer() || *version != 1)
    return fail(ErrorCode::data, "no record of version 1 (field 'v')");
  const auto type = json.find("type");
  if (type == json.end() || !type->is_string()) return fail(ErrorCode::data, "field 'type' is missing");
  return read_as(type->get<std::string>(), json);
}

const std::string& record_device(const Record& record) {
  static const std::string kNone;
  return std::visit(
      [](const auto& r) -> const std::string& {
        if constexpr (requires { r.device; })
          return r.device;
        else
          return kNone;
      },
      record);
}

WallMs record_time(const Record& record) {
  return std::visit(
      [](const auto& r) {
        if constexpr (requires { r.from; })
          return r.from;
        else if constexpr (requires { r.start; })
          return r.start;
        else
          return r.time;
      },
      record);
}

std::string_view record_type(const Record& record) {
  return std::visit([](const auto& r) -> std::string_view { return type_name(&r); }, record);
}

}  // namespace cbx

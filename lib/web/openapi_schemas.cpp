// The shapes of what is sent and answered.  No object has other properties than these: clients have to pass over those
// they don't know all the same, as more may be added.
#include "web/openapi.h"

namespace cbx::web {
namespace {

constexpr const char* kCommon = R"({
"Time": {"type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$",
  "description": "RFC 3339 in UTC, with milliseconds.", "examples": ["2026-11-20T08:01:00.033Z"]},
"Count": {"type": "integer", "minimum": 0},
"Day": {"type": "string", "format": "date", "description": "In the store's offset from UTC."},
"DeviceId": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"},
"SegmentId": {"type": "string", "pattern": "^(0|[1-9][0-9]*)$",
  "description": "Its start in milliseconds since 1970; unique among the files of a camera."},
"Percent": {"type": "number", "minimum": 0, "maximum": 100},
"Next": {"type": "string",
  "description": "The page behind this one: a query to put in place of this request's. Left out on the last page.",
  "examples": ["?limit=100&cursor=c19a9f6b6c21"]},
"Problem": {"type": "object", "description": "RFC 9457.", "required": ["type", "title", "status"],
  "properties": {"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
    "detail": {"type": "string", "description": "What is wrong, and what to do."},
    "instance": {"type": "string"}, "request": {"type": "string"}}},
"Description": {"type": "object", "description": "An OpenAPI document."}
})";

constexpr const char* kDevices = R"({
"Link": {"type": "object", "description": "The link over a minute, of all connections together.",
  "required": ["duration_ms", "bit_rate", "bytes", "packets", "lost"],
  "properties": {"time": {"$ref": "#/components/schemas/Time"}, "duration_ms": {"$ref": "#/components/schemas/Count"},
    "bit_rate": {"type": "integer", "minimum": 0, "description": "bit/s"},
    "bytes": {"$ref": "#/components/schemas/Count"}, "packets": {"$ref": "#/components/schemas/Count"},
    "missing": {"type": "integer", "minimum": 0, "description": "Packets that were not there at first."},
    "retransmitted": {"$ref": "#/components/schemas/Count"},
    "lost": {"type": "integer", "minimum": 0, "description": "Packets that were given up: picture that is gone."},
    "rtt_ms": {"$ref": "#/components/schemas/Count"}, "buffer_ms": {"$ref": "#/components/schemas/Count"},
    "connections": {"$ref": "#/components/schemas/Count"}}},
"LastSegment": {"type": "object", "required": ["id", "start", "duration_ms", "bytes"],
  "properties": {"id": {"$ref": "#/components/schemas/SegmentId"}, "start": {"$ref": "#/components/schemas/Time"},
    "duration_ms": {"$ref": "#/components/schemas/Count"}, "bytes": {"$ref": "#/components/schemas/Count"},
    "video": {"type": "string"}, "width": {"type": "integer"}, "height": {"type": "integer"},
    "fps": {"type": "number"}, "rotation": {"type": "integer"}, "audio": {"type": "string"},
    "codecs": {"type": "string", "description": "RFC 6381"}}},
"Device": {"type": "object",
  "required": ["device", "nickname", "tags", "enabled", "role", "may_change", "state", "today"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "nickname": {"type": "string"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "enabled": {"type": "boolean", "description": "Whether it is known and may publish."},
    "role": {"enum": ["admin", "owner", "viewer", "device"], "description": "What whoever asks is to it."},
    "may_change": {"type": "boolean", "description": "Whether whoever asks may delete, pin and mark."},
    "state": {"enum": ["live", "silent", "never_seen"]},
    "last_seen": {"$ref": "#/components/schemas/Time"}, "recording_since": {"$ref": "#/components/schemas/Time"},
    "link": {"$ref": "#/components/schemas/Link"}, "last_segment": {"$ref": "#/components/schemas/LastSegment"},
    "today": {"type": "object", "required": ["day", "from", "covered_ms", "percent"],
      "properties": {"day": {"$ref": "#/components/schemas/Day"}, "from": {"$ref": "#/components/schemas/Time"},
        "covered_ms": {"$ref": "#/components/schemas/Count"},
        "percent": {"$ref": "#/components/schemas/Percent"}}}}},
"DeviceList": {"type": "object", "required": ["devices"],
  "properties": {"devices": {"type": "array", "items": {"$ref": "#/components/schemas/Device"}},
    "next": {"$ref": "#/components/schemas/Next"}}}
})";

constexpr const char* kRecordings = R"({
"Span": {"type": "object", "required": ["start", "duration_ms"],
  "properties": {"start": {"$ref": "#/components/schemas/Time"},
    "duration_ms": {"$ref": "#/components/schemas/Count"}}},
"Coverage": {"type": "object", "required": ["device", "from", "to", "covered_ms", "percent", "spans"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "from": {"$ref": "#/components/schemas/Time"},
    "to": {"$ref": "#/components/schemas/Time"}, "covered_ms": {"$ref": "#/components/schemas/Count"},
    "percent": {"$ref": "#/components/schemas/Percent"},
    "spans": {"type": "array", "items": {"$ref": "#/components/schemas/Span"}},
    "next": {"$ref": "#/components/schemas/Next"}}},
"Gap": {"type": "object", "required": ["start", "duration_ms", "cause"],
  "properties": {"start": {"$ref": "#/components/schemas/Time"}, "duration_ms": {"$ref": "#/components/schemas/Count"},
    "cause": {"enum": ["offline", "stalled", "bad_data", "unsupported", "disk", "lost", "deleted", "missing",
      "unknown"]},
    "detail": {"type": "string"}}},
"GapList": {"type": "object", "required": ["device", "from", "to", "missing_ms", "gaps"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "from": {"$ref": "#/components/schemas/Time"},
    "to": {"$ref": "#/components/schemas/Time"}, "missing_ms": {"$ref": "#/components/schemas/Count"},
    "gaps": {"type": "array", "items": {"$ref": "#/components/schemas/Gap"}},
    "next": {"$ref": "#/components/schemas/Next"}}},
"DaySummary": {"type": "object", "required": ["day", "start", "files", "bytes", "covered_ms", "percent", "gaps"],
  "properties": {"day": {"$ref": "#/components/schemas/Day"}, "start": {"$ref": "#/components/schemas/Time"},
    "files": {"$ref": "#/components/schemas/Count"}, "bytes": {"$ref": "#/components/schemas/Count"},
    "covered_ms": {"$ref": "#/components/schemas/Count"}, "percent": {"$ref": "#/components/schemas/Percent"},
    "gaps": {"type": "integer", "minimum": 0, "description": "How many holes the day has, up to now."}}},
"DayList": {"type": "object", "required": ["device", "utc_offset", "days"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "utc_offset": {"type": "string"},
    "days": {"type": "array", "items": {"$ref": "#/components/schemas/DaySummary"}}}},
"Segment": {"type": "object",
  "required": ["id", "device", "start", "duration_ms", "path", "bytes", "url"],
  "properties": {"id": {"$ref": "#/components/schemas/SegmentId"},
    "device": {"$ref": "#/components/schemas/DeviceId"}, "start": {"$ref": "#/components/schemas/Time"},
    "duration_ms": {"$ref": "#/components/schemas/Count"},
    "path": {"type": "string", "description": "Below the store's media folder."},
    "bytes": {"$ref": "#/components/schemas/Count"}, "video": {"type": "string"}, "width": {"type": "integer"},
    "height": {"type": "integer"}, "fps": {"type": "number"}, "rotation": {"type": "integer"},
    "audio": {"type": "string"}, "source": {"type": "string"}, "end": {"type": "string"},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "connection": {"type": "string"},
    "pts": {"type": "integer"}, "clock_offset_ms": {"type": "integer"},
    "lost": {"$ref": "#/components/schemas/Count"}, "codecs": {"type": "string", "description": "RFC 6381"},
    "url": {"type": "string", "format": "uri-reference", "description": "The file itself, MP4."}}},
"SegmentDetails": {"allOf": [{"$ref": "#/components/schemas/Segment"}], "type": "object", "required": ["pinned"],
  "properties": {"pinned": {"type": "boolean"}}},
"SegmentList": {"type": "object", "required": ["device", "segments"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"},
    "segments": {"type": "array", "items": {"$ref": "#/components/schemas/Segment"}},
    "next": {"$ref": "#/components/schemas/Next"}}},
"Deleted": {"type": "object", "required": ["device", "dry_run", "deleted", "bytes", "kept_pinned", "segments"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"},
    "dry_run": {"type": "boolean", "description": "Nothing was deleted: this is what would be."},
    "deleted": {"$ref": "#/components/schemas/Count"}, "bytes": {"$ref": "#/components/schemas/Count"},
    "kept_pinned": {"$ref": "#/components/schemas/Count"},
    "segments": {"type": "array", "maxItems": 2000, "items": {"$ref": "#/components/schemas/SegmentId"}}}},
"Connection": {"type": "object", "required": ["connection", "encryption", "latency_ms"],
  "properties": {"connection": {"type": "string"}, "open": {"$ref": "#/components/schemas/Time"},
    "close": {"$ref": "#/components/schemas/Time"}, "peer": {"type": "string",
      "description": "Where it came from; told to the camera's owner and administrators only."},
    "encryption": {"type": "integer", "description": "Key bits; 0: none."},
    "latency_ms": {"$ref": "#/components/schemas/Count"}, "cause": {"type": "string"},
    "detail": {"type": "string"}}},
"Minute": {"type": "object", "required": ["device", "from", "to", "covered_ms", "segments", "gaps", "connections",
    "events"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "from": {"$ref": "#/components/schemas/Time"},
    "to": {"$ref": "#/components/schemas/Time"}, "covered_ms": {"$ref": "#/components/schemas/Count"},
    "segments": {"type": "array", "items": {"$ref": "#/components/schemas/Segment"}},
    "gaps": {"type": "array", "items": {"$ref": "#/components/schemas/Gap"}},
    "connections": {"type": "array", "items": {"$ref": "#/components/schemas/Connection"}},
    "previous_connection": {"$ref": "#/components/schemas/Connection"},
    "link": {"$ref": "#/components/schemas/Link"},
    "events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}}}
})";

constexpr const char* kEvents = R"({
"Event": {"type": "object", "required": ["device", "time", "kind"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "time": {"$ref": "#/components/schemas/Time"},
    "kind": {"type": "string"}, "note": {"type": "string"}, "source": {"type": "string"},
    "value": {"type": "number"}}},
"NewEvent": {"type": "object", "additionalProperties": false,
  "properties": {"time": {"type": "string", "description": "Without it, now."},
    "kind": {"type": "string", "pattern": "^[a-z0-9_]{1,32}$", "default": "mark",
      "description": "shock, motion, sos, parking, mark, or a word of your own."},
    "note": {"type": "string", "maxLength": 1000}, "value": {"type": "number"}}},
"EventList": {"type": "object", "required": ["device", "events"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"},
    "events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
    "next": {"$ref": "#/components/schemas/Next"}}},
"Pin": {"type": "object", "required": ["device", "time", "from", "to"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"}, "time": {"$ref": "#/components/schemas/Time"},
    "from": {"$ref": "#/components/schemas/Time"}, "to": {"$ref": "#/components/schemas/Time"},
    "reason": {"type": "string"}, "until": {"$ref": "#/components/schemas/Time"}, "who": {"type": "string"},
    "remove": {"type": "boolean", "description": "Pins were taken off the range."}}},
"NewPin": {"type": "object", "additionalProperties": false, "required": ["from", "to", "reason"],
  "properties": {"from": {"type": "string"}, "to": {"type": "string"},
    "reason": {"type": "string", "minLength": 1, "maxLength": 1000},
    "until": {"type": "string", "description": "When the pin ends by itself."}}},
"PinList": {"type": "object", "required": ["device", "pins"],
  "properties": {"device": {"$ref": "#/components/schemas/DeviceId"},
    "pins": {"type": "array", "items": {"$ref": "#/components/schemas/Pin"}}}}
})";

constexpr const char* kStore = R"({
"Me": {"type": "object", "required": ["kind", "name", "admin", "read_only"],
  "properties": {"kind": {"enum": ["user", "device", "link"]},
    "name": {"type": "string", "description": "Login name, the camera's id, or link: and the link's."}, "admin": {"type": "boolean"},
    "read_only": {"type": "boolean", "description": "The token is for looking only."},
    "token": {"type": "string", "description": "The id of the token that was shown."},
    "only_device": {"$ref": "#/components/schemas/DeviceId"}}},
"Forecast": {"type": "object", "required": ["bytes_per_day"],
  "properties": {"bytes_per_day": {"$ref": "#/components/schemas/Count"},
    "keep_ms": {"$ref": "#/components/schemas/Count"},
    "steady_bytes": {"type": "integer", "description": "What it comes to when nothing is older than `keep`."},
    "days_until_full": {"type": "number", "description": "Left out: never."}}},
"Store": {"type": "object",
  "required": ["version", "store", "utc_offset", "devices", "files", "bytes", "counted", "disk_bytes",
    "available_bytes", "forecast"],
  "properties": {"version": {"type": "string"}, "store": {"type": "string", "description": "The store's id."},
    "utc_offset": {"type": "string", "examples": ["+09:00"]}, "devices": {"$ref": "#/components/schemas/Count"},
    "files": {"$ref": "#/components/schemas/Count"}, "bytes": {"$ref": "#/components/schemas/Count"},
    "counted": {"$ref": "#/components/schemas/Time"}, "disk_bytes": {"$ref": "#/components/schemas/Count"},
    "available_bytes": {"$ref": "#/components/schemas/Count"},
    "forecast": {"$ref": "#/components/schemas/Forecast"}}},
"Health": {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
})";

}  // namespace

const Json& schemas() {
  static const Json kAll = [] {
    Json all = Json::object();
    for (const char* part : {kCommon, kDevices, kRecordings, kEvents, kStore}) all.update(Json::parse(part));
    return all;
  }();
  return kAll;
}

}  // namespace cbx::web

// What happened to cameras, and what is kept from being pruned.
#include <fmt/format.h>

#include <algorithm>

#include "index/note.h"
#include "web/api.h"

namespace cbx::web {
namespace {

constexpr Millis kDay = std::chrono::hours{24};
constexpr Millis kLongest = 366 * kDay;
constexpr size_t kPage = 100, kMostEvents = 1000;
constexpr TimeRange kEver{kEarliest, kLatest};
constexpr Millis kBusy{5000};

Result<http::Response> list_events(const Call& call) {
  const Query query = call.query();
  CBX_ASSIGN(TimeRange range, query.range(call.words(), {call.now() - 31 * kDay, call.now()}, kLongest));
  CBX_ASSIGN(const size_t limit, query.limit(kPage, kMostEvents));
  CBX_ASSIGN(const auto cursor, query.cursor());
  const auto kind = query.text("kind");
  if (kind) CBX_TRY(index::check_event_kind(*kind));
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  if (cursor) range.from = std::max(range.from, *cursor);
  Json out{{"device", opened.device()}, {"events", Json::array()}};
  std::vector<EventRecord> found;
  if (!range.empty()) {
    CBX_OURS(found, opened.index().events(opened.device(), range));
  }
  std::optional<WallMs> last;
  for (const EventRecord& e : found) {
    if (kind && e.kind != *kind) continue;
    // Those of one instant stay together: the page behind begins at an instant.
    if (out["events"].size() >= limit && e.time != last) {
      out["next"] = call.next(make_cursor(e.time));
      break;
    }
    out["events"].push_back(to_json(e));
    last = e.time;
  }
  return reply(call, out);
}

Result<http::Response> note(const Call& call, const Record& record) {
  CBX_OURS(auto index, index::Index::open(call.context().store, index::Access::write, kBusy));
  PosixFilesystem fs;
  CBX_OURS_TRY(index::note(fs, index, record));
  return reply(call, to_json(record));
}

Result<WallMs> time_field(const Json& body, const char* name, const Call& call, WallMs otherwise) {
  CBX_ASSIGN(const auto text, text_field(body, name));
  if (!text) return otherwise;
  return parse_instant(*text, call.words());
}

Result<http::Response> add_event(const Call& call) {
  static constexpr std::string_view kFields[] = {"time", "kind", "note", "value"};
  CBX_ASSIGN(const Opened opened, call.open(Permission::change));
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  EventRecord event;
  event.device = opened.device();
  CBX_ASSIGN(event.time, time_field(body, "time", call, call.now()));
  // A camera's clock may be fast, but not by so much; each day has a folder.
  if (event.time > call.now() + kDay) return fail(ErrorCode::usage, "'time' lies in the future");
  CBX_ASSIGN(auto kind, text_field(body, "kind"));
  event.kind = kind.value_or("mark");
  CBX_TRY(index::check_event_kind(event.kind));
  CBX_ASSIGN(auto text, text_field(body, "note"));
  event.note = text.value_or("");
  CBX_TRY(index::check_text("the note", event.note));
  if (const auto value = body.find("value"); value != body.end()) {
    if (!value->is_number()) return fail(ErrorCode::usage, "the field 'value' has to be a number");
    event.value = value->get<double>();
  }
  event.source = "api";
  return note(call, event);
}

Json pin_json(const std::string& device, const index::Pin& p) {
  Json out = to_json(PinRecord{device, p.said, p.range.from, p.range.to, p.reason, p.until, false, p.who});
  out.erase("remove");
  return out;
}

Result<http::Response> list_pins(const Call& call) {
  CBX_ASSIGN(const TimeRange range, call.query().range(call.words(), kEver, {}));
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  CBX_OURS(const auto pins, opened.index().pins(opened.device(), range, call.now()));
  Json out{{"device", opened.device()}, {"pins", Json::array()}};
  for (const auto& p : pins) out["pins"].push_back(pin_json(opened.device(), p));
  return reply(call, out);
}

Result<http::Response> add_pin(const Call& call) {
  static constexpr std::string_view kFields[] = {"from", "to", "reason", "until"};
  CBX_ASSIGN(const Opened opened, call.open(Permission::change));
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  for (const char* name : {"from", "to", "reason"})
    if (!body.contains(name)) return fail(ErrorCode::usage, fmt::format("the field '{}' is missing", name));
  PinRecord pin;
  pin.device = opened.device();
  pin.time = call.now();
  CBX_ASSIGN(pin.from, time_field(body, "from", call, call.now()));
  CBX_ASSIGN(pin.to, time_field(body, "to", call, call.now()));
  if (pin.from >= pin.to) return fail(ErrorCode::usage, "the range is empty: 'to' has to be later than 'from'");
  CBX_ASSIGN(auto reason, text_field(body, "reason"));
  pin.reason = *reason;
  if (pin.reason.empty()) return fail(ErrorCode::usage, "say in 'reason' why this is to be kept");
  CBX_TRY(index::check_text("the reason", pin.reason));
  if (body.contains("until")) {
    CBX_ASSIGN(pin.until, time_field(body, "until", call, call.now()));
    if (*pin.until <= call.now()) return fail(ErrorCode::usage, "'until' lies in the past");
  }
  pin.who = call.principal.name;
  return note(call, pin);
}

Result<http::Response> remove_pins(const Call& call) {
  const Query query = call.query();
  if (!query.text("range") && !query.text("from"))
    return fail(ErrorCode::usage, "say by 'from' and 'to', or 'range', what the pins are to be taken off");
  CBX_ASSIGN(const TimeRange range, query.range(call.words(), kEver, {}));
  CBX_ASSIGN(const Opened opened, call.open(Permission::change));
  PinRecord pin;
  pin.device = opened.device();
  pin.time = call.now();
  pin.from = range.from;
  pin.to = range.to;
  pin.remove = true;
  pin.who = call.principal.name;
  return note(call, pin);
}

ApiRoute events_route(http::Method method, const char* name, const char* summary, const char* description) {
  return {{.method = method,
           .pattern = "/api/v1/devices/{device}/events",
           .name = name,
           .tag = "events",
           .summary = summary,
           .description = description},
          nullptr,
          always};
}

ApiRoute pins_route(http::Method method, const char* name, const char* summary, const char* description) {
  ApiRoute out = events_route(method, name, summary, description);
  out.operation.pattern = "/api/v1/devices/{device}/pins";
  out.operation.tag = "pins";
  return out;
}

}  // namespace

std::vector<ApiRoute> event_routes() {
  ApiRoute events = events_route(http::Method::get, "listEvents", "What happened, by time",
                                 "Of the last 31 days, unless a range of at most 366 days is given.");
  events.operation.permission = Permission::view;
  events.operation.query = {from_parameter("31 days ago"),
                            to_parameter(),
                            range_parameter(),
                            {"kind", "Only events of this kind.", R"({"type":"string","pattern":"^[a-z0-9_]{1,32}$"})"},
                            limit_parameter(kPage, kMostEvents),
                            cursor_parameter()};
  events.operation.schema = "EventList";
  events.run = list_events;

  ApiRoute mark = events_route(http::Method::post, "addEvent", "Note that something happened",
                               "As `cbx-index event add` does. The same event twice is one.");
  mark.operation.permission = Permission::change;
  mark.operation.body = "NewEvent";
  mark.operation.status = 201;
  mark.operation.schema = "Event";
  mark.run = add_event;

  ApiRoute pins = pins_route(http::Method::get, "listPins", "What is kept from being pruned", "Pins in force now.");
  pins.operation.permission = Permission::view;
  pins.operation.query = {from_parameter("the beginning"), to_parameter(), range_parameter()};
  pins.operation.schema = "PinList";
  pins.run = list_pins;

  ApiRoute pin = pins_route(http::Method::post, "addPin", "Keep a range from being pruned", "As `cbx-index pin` does.");
  pin.operation.permission = Permission::change;
  pin.operation.body = "NewPin";
  pin.operation.status = 201;
  pin.operation.schema = "Pin";
  pin.run = add_pin;

  ApiRoute unpin = pins_route(http::Method::del, "removePins", "Take pins off a range",
                              "As `cbx-index unpin` does; what lies outside "
                              "stays pinned.");
  unpin.operation.permission = Permission::change;
  unpin.operation.query = {from_parameter("the beginning"), to_parameter(), range_parameter()};
  unpin.operation.schema = "Pin";
  unpin.run = remove_pins;
  return {events, mark, pins, pin, unpin};
}

}  // namespace cbx::web

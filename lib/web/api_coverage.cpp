// What there is of a camera, what is missing, and why.
#include <algorithm>

#include "index/coverage.h"
#include "index/why.h"
#include "web/api.h"

namespace cbx::web {
namespace {

constexpr Millis kDay = std::chrono::hours{24};
// Above this much a look into the index is left to a worker.
constexpr Millis kQuick = 2 * kDay;
constexpr Millis kLongestCoverage = 366 * kDay, kLongestGaps = 93 * kDay, kLongestDays = 366 * kDay;
constexpr size_t kPage = 1000, kMostSpans = 10'000;

TimeRange today(const Call& call) {
  return {start_of_day(call.now(), call.words().offset), call.now()};
}

Result<TimeRange> asked_range(const Call& call, TimeRange otherwise, Millis longest) {
  CBX_ASSIGN(TimeRange range, call.query().range(call.words(), otherwise, longest));
  // Nothing is missing of what has yet to come.
  range.to = std::max(range.from, std::min(range.to, call.now()));
  return range;
}

bool is_long(const Call& call) {
  const auto range = asked_range(call, today(call), kLongestCoverage);
  return range && range->length() > kQuick;
}

Millis sum(const std::vector<TimeRange>& spans) {
  Millis out{};
  for (const TimeRange& span : spans) out += span.length();
  return out;
}

Json range_json(const std::string& device, TimeRange range) {
  return {{"device", device}, {"from", format_rfc3339(range.from)}, {"to", format_rfc3339(range.to)}};
}

Result<http::Response> coverage(const Call& call) {
  CBX_ASSIGN(const TimeRange range, asked_range(call, today(call), kLongestCoverage));
  CBX_ASSIGN(const size_t limit, call.query().limit(kPage, kMostSpans));
  CBX_ASSIGN(const auto cursor, call.query().cursor());
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  CBX_OURS(const auto spans, index::covered_spans(opened.index(), opened.device(), range, call.now()));
  const Millis covered = sum(spans);
  Json out = range_json(opened.device(), range);
  out["covered_ms"] = covered.count();
  out["percent"] = percent(covered, range.length());
  out["spans"] = Json::array();
  for (const TimeRange& span : spans) {
    if (cursor && span.from < *cursor) continue;
    if (out["spans"].size() == limit) {
      out["next"] = call.next(make_cursor(span.from));
      break;
    }
    out["spans"].push_back(span_json(span));
  }
  return reply(call, out);
}

Json gap_json(const index::Gap& gap) {
  Json out = span_json(gap.range);
  out["cause"] = gap.cause;
  if (!gap.detail.empty()) out["detail"] = gap.detail;
  return out;
}

Result<http::Response> gaps(const Call& call) {
  CBX_ASSIGN(const TimeRange range, asked_range(call, today(call), kLongestGaps));
  CBX_ASSIGN(const size_t limit, call.query().limit(kPage, kMostSpans));
  CBX_ASSIGN(const auto cursor, call.query().cursor());
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  CBX_OURS(const auto found, index::find_gaps(opened.index(), opened.device(), range, call.now()));
  Millis missing{};
  for (const auto& gap : found) missing += gap.range.length();
  Json out = range_json(opened.device(), range);
  out["missing_ms"] = missing.count();
  out["gaps"] = Json::array();
  for (const auto& gap : found) {
    if (cursor && gap.range.from < *cursor) continue;
    if (out["gaps"].size() == limit) {
      out["next"] = call.next(make_cursor(gap.range.from));
      break;
    }
    out["gaps"].push_back(gap_json(gap));
  }
  return reply(call, out);
}

// Of the part of the day that lies before now.
Result<std::optional<Json>> day_json(const Call& call, const Opened& opened, WallMs midnight) {
  const TimeRange day{midnight, midnight + kDay};
  const TimeRange past = day.clipped_to({WallMs{}, call.now()});
  CBX_ASSIGN(const auto total, opened.index().total(opened.device(), day));
  CBX_ASSIGN(const auto spans, index::covered_spans(opened.index(), opened.device(), past, call.now()));
  if (total.files == 0 && spans.empty()) return std::optional<Json>{};
  const Millis covered = sum(spans);
  return std::optional<Json>{Json{{"day", format_day(midnight, call.words().offset)},
                                  {"start", format_rfc3339(midnight)},
                                  {"files", total.files},
                                  {"bytes", total.bytes},
                                  {"covered_ms", covered.count()},
                                  {"percent", percent(covered, past.length())},
                                  {"gaps", index::holes(spans, past).size()}}};
}

Result<http::Response> days(const Call& call) {
  const UtcOffset offset = call.words().offset;
  const WallMs tonight = start_of_day(call.now(), offset) + kDay;
  CBX_ASSIGN(const TimeRange range, call.query().range(call.words(), {tonight - 31 * kDay, tonight}, kLongestDays));
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  Json out{{"device", opened.device()}, {"utc_offset", offset.format()}, {"days", Json::array()}};
  for (WallMs at = start_of_day(range.from, offset); at < std::min(range.to, call.now()); at += kDay) {
    CBX_OURS(auto day, day_json(call, opened, at));
    if (day) out["days"].push_back(std::move(*day));
  }
  return reply(call, out);
}

// `peer`: where the camera is; for whom it belongs to.
Json connection_json(const index::Connection& c, bool peer) {
  Json j{{"connection", c.id}};
  if (c.open) j["open"] = format_rfc3339(*c.open);
  if (c.close) j["close"] = format_rfc3339(*c.close);
  if (peer) j["peer"] = c.peer;
  j["encryption"] = c.encryption;
  j["latency_ms"] = c.latency_ms;
  if (!c.cause.empty()) j["cause"] = c.cause;
  if (!c.detail.empty()) j["detail"] = c.detail;
  return j;
}

Result<http::Response> minute(const Call& call) {
  CBX_ASSIGN(const WallMs time, parse_instant(call.request.param("time"), call.words()));
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  CBX_OURS(const auto why, index::explain(opened.index(), opened.device(), time, call.now()));
  const bool owned = owns(call, opened.device());
  Json out = range_json(opened.device(), why.minute);
  out["covered_ms"] = why.covered.count();
  out["segments"] = Json::array();
  for (const auto& s : why.segments) out["segments"].push_back(segment_json(s));
  out["gaps"] = Json::array();
  for (const auto& gap : why.gaps) out["gaps"].push_back(gap_json(gap));
  out["connections"] = Json::array();
  for (const auto& c : why.connections) out["connections"].push_back(connection_json(c, owned));
  if (why.before) out["previous_connection"] = connection_json(*why.before, owned);
  if (why.link) out["link"] = link_json(*why.link);
  out["events"] = Json::array();
  for (const auto& e : why.events) out["events"].push_back(to_json(e));
  return reply(call, out);
}

}  // namespace

std::vector<ApiRoute> coverage_routes() {
  const std::vector<Parameter> spans{from_parameter("the beginning of today"), to_parameter(), range_parameter(),
                                     limit_parameter(kPage, kMostSpans), cursor_parameter()};
  std::vector<ApiRoute> out;
  out.push_back({{.pattern = "/api/v1/devices/{device}/coverage",
                  .name = "getCoverage",
                  .tag = "recordings",
                  .summary = "What there is, as spans of time",
                  .description = "Holes of up to 500 ms are closed; what is being recorded is among it. The sums are "
                                 "those of the whole range, on every page. At most 366 days.",
                  .permission = Permission::view,
                  .query = spans,
                  .schema = "Coverage"},
                 coverage,
                 is_long});
  out.push_back({{.pattern = "/api/v1/devices/{device}/gaps",
                  .name = "listGaps",
                  .tag = "recordings",
                  .summary = "What is missing, and why",
                  .description = "Holes of more than 500 ms, as `cbx-index gaps` tells them. At most 93 days.",
                  .permission = Permission::view,
                  .query = spans,
                  .schema = "GapList"},
                 gaps,
                 is_long});
  out.push_back({{.pattern = "/api/v1/devices/{device}/days",
                  .name = "listDays",
                  .tag = "recordings",
                  .summary = "The days that have recordings",
                  .description = "For a calendar, in the store's offset from UTC. At most 366 days.",
                  .permission = Permission::view,
                  .query = {from_parameter("30 days before today"), to_parameter(), range_parameter()},
                  .schema = "DayList"},
                 days,
                 always});
  out.push_back({{.pattern = "/api/v1/devices/{device}/minutes/{time}",
                  .name = "explainMinute",
                  .tag = "recordings",
                  .summary = "All that is known of one minute",
                  .description = "Files, gaps with their causes, the link, connections and events: why 08:14 is "
                                 "missing, as `cbx-index why` tells it.",
                  .permission = Permission::view,
                  .schema = "Minute"},
                 minute,
                 always});
  return out;
}

}  // namespace cbx::web

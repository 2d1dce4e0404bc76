#include "web/query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "cli/times.h"
#include "web/when.h"

namespace cbx::web {
namespace {

// Longer is nobody's time.
constexpr size_t kLongestTime = 100;

Status check_length(std::string_view text) {
  if (text.size() <= kLongestTime) return {};
  return fail(ErrorCode::usage, fmt::format("'{}...' is no time", printable(text.substr(0, 32))));
}

template <typename T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool can_be_told(WallMs t) {
  return kEarliest <= t && t <= kLatest;
}

// "7 days", "36 hours"
std::string length_text(Millis m) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(m).count();
  return hours % 24 == 0 ? fmt::format("{} days", hours / 24) : fmt::format("{} hours", hours);
}

}  // namespace

Result<WallMs> parse_instant(std::string_view text, const TimeWords& words) {
  CBX_TRY(check_length(text));
  CBX_ASSIGN(const WallMs t, cli::parse_time(text, {words.offset, words.now}));
  if (!can_be_told(t)) return fail(ErrorCode::usage, fmt::format("'{}' lies before 1970 or after 9999", text));
  return t;
}

Result<TimeRange> parse_span(std::string_view text, const TimeWords& words) {
  CBX_TRY(check_length(text));
  CBX_ASSIGN(const TimeRange range, cli::parse_range(text, {words.offset, words.now}));
  if (!can_be_told(range.from) || !can_be_told(range.to))
    return fail(ErrorCode::usage, fmt::format("'{}' lies before 1970 or after 9999", text));
  return range;
}

std::string segment_id(WallMs start) {
  return std::to_string(start.time_since_epoch().count());
}

std::optional<WallMs> parse_segment_id(std::string_view text) {
  const auto ms = whole_number<int64_t>(text);
  if (!ms || !can_be_told(WallMs{Millis{*ms}}) || segment_id(WallMs{Millis{*ms}}) != text) return std::nullopt;
  return WallMs{Millis{*ms}};
}

std::string make_cursor(WallMs from) {
  return fmt::format("c{:x}", from.time_since_epoch().count());
}

std::optional<WallMs> parse_cursor(std::string_view text) {
  if (!text.starts_with('c')) return std::nullopt;
  const auto ms = whole_number<int64_t>(text.substr(1), 16);
  if (!ms || !can_be_told(WallMs{Millis{*ms}}) || make_cursor(WallMs{Millis{*ms}}) != text) return std::nullopt;
  return WallMs{Millis{*ms}};
}

Result<Query> Query::check(const http::Request& request, std::span<const std::string> known) {
  for (size_t i = 0; i < request.query.size(); i++) {
    const std::string& name = request.query[i].first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string shown = printable(name.substr(0, 64));
      if (known.empty())
        return fail(ErrorCode::usage, fmt::format("there is no parameter '{}' here: none is taken", shown));
      return fail(ErrorCode::usage, fmt::format("there is no parameter '{}' here, only '{}'", shown,
                                                fmt::join(known.begin(), known.end(), "', '")));
    }
    for (size_t j = 0; j < i; j++)
      if (request.query[j].first == name)
        return fail(ErrorCode::usage, fmt::format("the parameter '{}' is given twice", name));
  }
  return Query(request);
}

Result<TimeRange> Query::range(const TimeWords& words, TimeRange otherwise, std::optional<Millis> longest) const {
  const auto from = text("from"), to = text("to"), both = text("range");
  if (both && (from || to)) return fail(ErrorCode::usage, "give either 'range', or 'from' and 'to'");
  TimeRange range = otherwise;
  if (both) {
    CBX_ASSIGN(range, parse_span(*both, words));
  }
  if (from) {
    CBX_ASSIGN(range.from, parse_instant(*from, words));
    range.to = words.now;
  }
  if (to) {
    // As the end of a range, a day is meant to its end.
    CBX_ASSIGN(range.to, parse_instant(*to, words));
    const bool day = to->size() == 10 && (*to)[4] == '-' && (*to)[7] == '-';
    if (day || *to == "today" || *to == "yesterday") range.to += Millis{std::chrono::hours{24}};
    range.to = std::min(range.to, kLatest);
  }
  if (range.empty())
    return fail(ErrorCode::usage, fmt::format("the range from {} to {} is empty: 'to' has to be later than 'from'",
                                              format_rfc3339(range.from), format_rfc3339(range.to)));
  if (longest && range.length() > *longest)
    return fail(ErrorCode::usage, fmt::format("the range is longer than {}: ask for it in pieces, by 'from' and 'to'",
                                              length_text(*longest)));
  return range;
}

Result<size_t> Query::limit(size_t otherwise, size_t most) const {
  const auto given = text("limit");
  if (!given) return otherwise;
  const auto n = whole_number<size_t>(*given);
  if (!n || *n < 1 || *n > most) return fail(ErrorCode::usage, fmt::format("'limit' is a number from 1 to {}", most));
  return *n;
}

Result<std::optional<WallMs>> Query::cursor() const {
  const auto given = text("cursor");
  if (!given) return std::optional<WallMs>{};
  const auto at = parse_cursor(*given);
  if (!at)
    return fail(ErrorCode::usage, "'cursor' is not one that was given out here: take the 'next' of the page before");
  return at;
}

Result<bool> Query::flag(std::string_view name) const {
  return parse_flag(*request_, name);
}

}  // namespace cbx::web

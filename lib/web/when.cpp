#include "web/when.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/log.h"

namespace cbx::web {
namespace {

constexpr uint64_t kMostExact = uint64_t{1} << 53;

std::string longest_text(Millis longest) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(longest).count();
  return hours % 24 == 0 && hours > 24 ? fmt::format("{} days", hours / 24) : fmt::format("{} hours", hours);
}

constexpr auto kDay = std::chrono::hours(24);

std::string shown(std::string_view text) {
  return printable(text.substr(0, 80));
}

tl::unexpected<Error> bad_when(std::string_view text, Millis longest) {
  return fail(
      ErrorCode::usage,
      fmt::format("'{}' is no time: say live, today, yesterday, a day as 2026-11-20, or a range of {} at most as "
                  "2026-11-20T08:00:00Z..2026-11-20T09:00:00+09:00",
                  shown(text), longest_text(longest)));
}

Result<TimeRange> parse_stretch_of_time(std::string_view text, Millis longest) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return bad_when(text, longest);
  const auto from = parse_rfc3339(text.substr(0, dots)), to = parse_rfc3339(text.substr(dots + 2));
  if (!from || !to) return bad_when(text, longest);
  if (*from >= *to)
    return fail(ErrorCode::usage, fmt::format("the range '{}' {}: the earlier time comes first", shown(text),
                                              *from == *to ? "is empty" : "ends before it begins"));
  if (*to - *from > longest)
    return fail(ErrorCode::usage, fmt::format("the range '{}' is longer than {}: ask for it in pieces", shown(text),
                                              longest_text(longest)));
  return TimeRange{*from, *to};
}

}  // namespace

Result<When> parse_when(std::string_view text, const store::Store& store, WallMs now, Millis longest) {
  if (text == "live") return When{true, false, {}};
  if (text == "today" || text == "yesterday") {
    const WallMs day = start_of_day(now, store.utc_offset()) - (text == "today" ? Millis{} : Millis{kDay});
    return When{false, true, {day, day + kDay}};
  }
  if (const auto day = store.parse_day(text)) return When{false, false, {*day, *day + kDay}};
  CBX_ASSIGN(const TimeRange range, parse_stretch_of_time(text, longest));
  return When{false, false, range};
}

Error nothing_recorded(TimeRange range, WallMs now) {
  if (range.from <= now) return {ErrorCode::no_input, "nothing is recorded of that time"};
  return {ErrorCode::no_input,
          fmt::format("nothing is recorded of that time, which has not come yet: here it is {}", format_rfc3339(now))};
}

Result<bool> parse_flag(const http::Request& request, std::string_view name) {
  const auto given = request.query_value(name);
  if (!given || *given == "0" || *given == "false") return false;
  if (given->empty() || *given == "1" || *given == "true") return true;
  return fail(ErrorCode::usage, fmt::format("'{}' is 1 or 0", name));
}

std::optional<uint64_t> parse_number(std::string_view digits) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value > kMostExact) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return value;
}

Result<WallMs> parse_file_id(std::string_view text) {
  const auto value = parse_number(text);
  if (!value || *value > static_cast<uint64_t>(kLatest.time_since_epoch().count()))
    return fail(ErrorCode::no_input, "no such recording");
  return WallMs{Millis{static_cast<int64_t>(*value)}};
}

Result<InitName> parse_init_name(std::string_view text) {
  constexpr size_t kDigits = 16;
  const std::string_view id = text.substr(0, kDigits);
  const bool is_id = id.size() == kDigits && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (is_id) {
    const std::string_view rest = text.substr(kDigits);
    if (rest == ".mp4") return InitName{std::string(id), std::nullopt};
    for (const std::string_view track : {"video", "audio"})
      if (rest.size() == track.size() + 5 && rest.substr(1, track.size()) == track && rest.starts_with('-') &&
          rest.ends_with(".mp4"))
        return InitName{std::string(id), track};
  }
  return fail(ErrorCode::no_input, "no such init segment");
}

Result<ByteStretch> parse_stretch(std::string_view text) {
  constexpr std::string_view kEnding = ".m4s";
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos && text.ends_with(kEnding)) {
    const auto from = parse_number(text.substr(0, dash));
    const auto to = parse_number(text.substr(dash + 1, text.size() - kEnding.size() - dash - 1));
    if (from && to && *from < *to) return ByteStretch{*from, *to};
  }
  return fail(ErrorCode::no_input, "no such stretch of the recording");
}

}  // namespace cbx::web

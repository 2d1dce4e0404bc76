#include "base/time.h"

#include <fmt/format.h>

#include <ctime>
#include <optional>

namespace cbx {
namespace {

using namespace std::chrono;

// Reads exactly `digits` decimal digits; advances `s`.
std::optional<int> take_digits(std::string_view& s, size_t digits) {
  if (s.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; i++) {
    if (s[i] < '0' || s[i] > '9') return std::nullopt;
    value = value * 10 + (s[i] - '0');
  }
  s.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& s, char c) {
  if (s.empty() || s[0] != c) return false;
  s.remove_prefix(1);
  return true;
}

tl::unexpected<Error> bad_time(std::string_view text) {
  return fail(ErrorCode::data, fmt::format("'{}' is no RFC 3339 time (like 2026-11-20T08:01:00.033Z)", text));
}

}  // namespace

std::string format_rfc3339(WallMs t) {
  const LocalTime l = to_local(t, UtcOffset{});
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", l.year, l.month, l.day, l.hour, l.minute, l.second,
                     l.millisecond);
}

Result<WallMs> parse_rfc3339(std::string_view text) {
  std::string_view s = text;
  const auto year = take_digits(s, 4);
  if (!year || *year < 1970 || !take_char(s, '-')) return bad_time(text);
  const auto month = take_digits(s, 2);
  if (!month || !take_char(s, '-')) return bad_time(text);
  const auto day = take_digits(s, 2);
  if (!day || !(take_char(s, 'T') || take_char(s, 't') || take_char(s, ' '))) return bad_time(text);
  const auto hour = take_digits(s, 2);
  if (!hour || !take_char(s, ':')) return bad_time(text);
  const auto minute = take_digits(s, 2);
  if (!minute || !take_char(s, ':')) return bad_time(text);
  const auto second = take_digits(s, 2);
  if (!second || *second > 60) return bad_time(text);
  int ms = 0;
  if (take_char(s, '.')) {
    int digits = 0;
    while (!s.empty() && s[0] >= '0' && s[0] <= '9') {
      if (digits < 3) ms = ms * 10 + (s[0] - '0');
      digits++;
      s.remove_prefix(1);
    }
    if (digits == 0) return bad_time(text);
    for (; digits < 3; digits++) ms *= 10;
  }
  UtcOffset offset;
  if (s == "Z" || s == "z") {
    offset = UtcOffset{};
  } else {
    auto parsed = UtcOffset::parse(s);
    if (!parsed || s.empty()) return bad_time(text);
    offset = *parsed;
  }
  const bool leap = *second == 60;
  auto t = from_local({*year, *month, *day, *hour, *minute, leap ? 59 : *second, leap ? 0 : ms}, offset);
  if (!t || (leap && *t + 1s > kLatest)) return bad_time(text);
  return leap ? *t + 1s : *t;
}

Result<UtcOffset> UtcOffset::parse(std::string_view text) {
  if (text == "Z" || text == "z") return UtcOffset{};
  std::string_view s = text;
  const bool negative = !s.empty() && s[0] == '-';
  const auto bad = [&] {
    return fail(ErrorCode::data, fmt::format("'{}' is no UTC offset (like +09:00, -03:30 or Z)", text));
  };
  if (!take_char(s, '+') && !take_char(s, '-')) return bad();
  const auto hours = take_digits(s, 2);
  if (!hours) return bad();
  take_char(s, ':');
  const auto mins = take_digits(s, 2);
  if (!mins || !s.empty() || *mins > 59 || *hours * 60 + *mins > 18 * 60) return bad();
  const std::chrono::minutes total{*hours * 60 + *mins};
  return UtcOffset{negative ? -total : total};
}

UtcOffset UtcOffset::system_standard() {
  // January and July are never both in daylight-saving time; the smaller offset is the standard one on either
  // hemisphere (Ireland's negative DST included: its legal "summer" time is the one that runs ahead).
  const time_t now = time(nullptr);
  tm base{};
  localtime_r(&now, &base);
  long smallest = base.tm_gmtoff;
  for (int month : {0, 6}) {
    tm t{};
    t.tm_year = base.tm_year;
    t.tm_mon = month;
    t.tm_mday = 1;
    t.tm_hour = 12;
    t.tm_isdst = -1;
    const time_t when = mktime(&t);
    tm local{};
    localtime_r(&when, &local);
    smallest = std::min(smallest, local.tm_gmtoff);
  }
  return UtcOffset{std::chrono::minutes{smallest / 60}};
}

std::string UtcOffset::format() const {
  const auto m = minutes_.count();
  const auto a = m < 0 ? -m : m;
  return fmt::format("{}{:02}:{:02}", m < 0 ? '-' : '+', a / 60, a % 60);
}

LocalTime to_local(WallMs t, UtcOffset offset) {
  const auto local = t + offset.minutes();
  const auto days_part = floor<days>(local);
  const year_month_day ymd{days_part};
  const hh_mm_ss<milliseconds> tod{local - days_part};
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(tod.hours().count()),
          static_cast<int>(tod.minutes().count()),
          static_cast<int>(tod.seconds().count()),
          static_cast<int>(tod.subseconds().count())};
}

Result<WallMs> from_local(const LocalTime& t, UtcOffset offset) {
  const year_month_day ymd{year{t.year}, month{static_cast<unsigned>(t.month)}, day{static_cast<unsigned>(t.day)}};
  // A clock that was never set shows the last hours of 1969 west of Greenwich.
  if (t.year < 1969 || t.year > 10000 || !ymd.ok() || t.hour < 0 || t.hour > 23 || t.minute < 0 || t.minute > 59 ||
      t.second < 0 || t.second > 59 || t.millisecond < 0 || t.millisecond > 999)
    return fail(ErrorCode::data, "no such date or time");
  const WallMs utc = WallMs{sys_days{ymd}} + hours{t.hour} + minutes{t.minute} + seconds{t.second} +
                     milliseconds{t.millisecond} - offset.minutes();
  if (utc < kEarliest || utc > kLatest) return fail(ErrorCode::data, "no time between the years 1970 and 9999");
  return utc;
}

std::string format_day(WallMs t, UtcOffset offset) {
  const LocalTime l = to_local(t, offset);
  return fmt::format("{:04}-{:02}-{:02}", l.year, l.month, l.day);
}

WallTime SystemClock::wall() const {
  return time_point_cast<microseconds>(system_clock::now());
}
Monotonic SystemClock::monotonic() const {
  return steady_clock::now();
}

}  // namespace cbx

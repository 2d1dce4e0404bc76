#include "cli/times.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/log.h"

namespace cbx::cli {
namespace {

constexpr const char* kTimeForms =
    "a time is 2026-11-20T08:01:00Z, '2026-11-20 17:01[:SS[.mmm]]', 2026-11-20, 17:01, today, yesterday, now or -2h";
constexpr const char* kRangeForms =
    "a range is A..B, A.. (up to now), or a day or minute: '2026-11-17 14:05..14:20', 2026-11-17..18, 2026-11-17, "
    "today, "
    "yesterday..now, -2h.., '2026-11-17 14:05..+15m'";

// What a text names: the stretch from `from` to `to`, and how finely.
enum class Precision { day, minute, second, exact };
struct Moment {
  TimeRange span;
  Precision precision = Precision::exact;
};

Error bad_time(std::string_view text) {
  return {ErrorCode::usage, fmt::format("'{}' is no time", printable(text.substr(0, 80)))};
}

std::string_view trim(std::string_view t) {
  while (!t.empty() && t.front() == ' ') t.remove_prefix(1);
  while (!t.empty() && t.back() == ' ') t.remove_suffix(1);
  return t;
}

// Reads exactly `digits` digits.
std::optional<int> take_number(std::string_view& t, size_t digits) {
  if (t.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; i++) {
    if (t[i] < '0' || t[i] > '9') return std::nullopt;
    value = value * 10 + (t[i] - '0');
  }
  t.remove_prefix(digits);
  return value;
}

bool take(std::string_view& t, char c) {
  if (t.empty() || t.front() != c) return false;
  t.remove_prefix(1);
  return true;
}

// HH:MM[:SS[.mmm]] to the end of the text.
std::optional<Precision> read_clock(std::string_view t, LocalTime& local) {
  const auto hour = take_number(t, 2);
  if (!hour || !take(t, ':')) return std::nullopt;
  const auto minute = take_number(t, 2);
  if (!minute) return std::nullopt;
  local.hour = *hour, local.minute = *minute, local.second = 0, local.millisecond = 0;
  if (t.empty()) return Precision::minute;
  const auto second = take(t, ':') ? take_number(t, 2) : std::nullopt;
  if (!second) return std::nullopt;
  local.second = *second;
  if (t.empty()) return Precision::second;
  if (!take(t, '.') || t.empty() || t.size() > 3) return std::nullopt;
  const size_t digits = t.size();
  const auto fraction = take_number(t, digits);
  if (!fraction) return std::nullopt;
  local.millisecond = *fraction * (digits == 1 ? 100 : digits == 2 ? 10 : 1);
  return Precision::exact;
}

// [[YYYY-]MM-]DD to a space, a T or the end; what is left out stays as it was.
bool read_date(std::string_view& t, LocalTime& local) {
  std::string_view rest = t;
  std::optional<int> parts[3];
  int n = 0;
  if (const auto year = take_number(rest, 4); year && take(rest, '-'))
    parts[n++] = year;
  else
    rest = t;
  for (; n < 3; n++) {
    parts[n] = take_number(rest, 2);
    if (!parts[n]) return false;
    if (!take(rest, '-')) {
      n++;
      break;
    }
  }
  const bool has_year = parts[0] && *parts[0] > 99;
  if (has_year && n != 3) return false;
  if (!has_year && n > 2) return false;
  if (!rest.empty() && rest.front() != ' ' && rest.front() != 'T') return false;
  if (n == 3) local.year = *parts[0];
  if (n >= 2) local.month = *parts[n - 2];
  local.day = *parts[n - 1];
  if (!rest.empty()) rest.remove_prefix(1);
  t = rest;
  return true;
}

Result<Moment> moment_from(const LocalTime& local, Precision precision, std::string_view text,
                           const TimeContext& context) {
  auto from = from_local(local, context.offset);
  if (!from) return fail(ErrorCode::usage, fmt::format("'{}': {}", printable(text), from.error().message()));
  const Millis length = precision == Precision::day      ? Millis{std::chrono::hours{24}}
                        : precision == Precision::minute ? Millis{std::chrono::minutes{1}}
                        : precision == Precision::second ? Millis{1000}
                                                         : Millis{1};
  return Moment{{*from, *from + length}, precision};
}

std::optional<Moment> read_word(std::string_view text, const TimeContext& context) {
  const WallMs today = start_of_day(context.now, context.offset);
  constexpr Millis kDay = std::chrono::hours{24};
  if (text == "today") return Moment{{today, today + kDay}, Precision::day};
  if (text == "yesterday") return Moment{{today - kDay, today}, Precision::day};
  if (text == "now") return Moment{{context.now, context.now + Millis{1}}, Precision::exact};
  return std::nullopt;
}

bool is_relative(std::string_view t) {
  if (t.substr(0, 3) == "now") t.remove_prefix(3);
  return t.size() > 1 && t[0] == '-' && t[1] >= '0' && t[1] <= '9';
}

// `inherited` gives what a date leaves out: the time that a range starts at, or now.
Result<Moment> read_moment(std::string_view text, const TimeContext& context, const LocalTime* inherited) {
  if (const auto word = read_word(text, context)) return *word;
  if (is_relative(text)) {
    CBX_ASSIGN(const Millis ago, parse_duration(text.substr(text.find('-') + 1)));
    return Moment{{context.now - ago, context.now - ago + Millis{1}}, Precision::exact};
  }
  if (const auto absolute = parse_rfc3339(text)) return Moment{{*absolute, *absolute + Millis{1}}, Precision::exact};
  LocalTime local = inherited ? *inherited : to_local(context.now, context.offset);
  if (const auto precision = read_clock(text, local)) return moment_from(local, *precision, text, context);
  std::string_view rest = text;
  // Without a range's start to lean on, a date is written in full.
  const bool full = text.size() > 4 && text[4] == '-';
  if ((!full && !inherited) || !read_date(rest, local)) return fail(bad_time(text));
  if (rest.empty() && (text.back() < '0' || text.back() > '9')) return fail(bad_time(text));
  if (rest.empty()) {
    local.hour = local.minute = local.second = local.millisecond = 0;
    return moment_from(local, Precision::day, text, context);
  }
  const auto precision = read_clock(rest, local);
  if (!precision) return fail(bad_time(text));
  return moment_from(local, *precision, text, context);
}

Result<TimeRange> read_end(std::string_view text, const Moment& start, const TimeContext& context) {
  if (text.empty() || text == "now") return TimeRange{start.span.from, context.now};
  if (text.front() == '+') {
    CBX_ASSIGN(const Millis length, parse_duration(text.substr(1)));
    return TimeRange{start.span.from, start.span.from + length};
  }
  const LocalTime inherited = to_local(start.span.from, context.offset);
  CBX_ASSIGN(const Moment end, read_moment(text, context, &inherited));
  const bool two_digits = text.size() == 2;
  if (two_digits && start.precision != Precision::day)
    return fail(ErrorCode::usage, fmt::format("'{}' could be a day or a minute: write it in full, as in {}",
                                              printable(text), "'2026-11-17 14:05..14:20'"));
  return TimeRange{start.span.from, end.precision == Precision::day ? end.span.to : end.span.from};
}

}  // namespace

Result<WallMs> parse_time(std::string_view text, const TimeContext& context) {
  const auto moment = read_moment(trim(text), context, nullptr);
  if (!moment) return fail(ErrorCode::usage, fmt::format("{}; {}", moment.error().message(), kTimeForms));
  return moment->span.from;
}

Result<TimeRange> parse_range(std::string_view text, const TimeContext& context) {
  const auto explain = [&](Error error) -> tl::unexpected<Error> {
    return fail(ErrorCode::usage,
                fmt::format("bad range '{}': {}; {}", printable(text.substr(0, 80)), error.message(), kRangeForms));
  };
  text = trim(text);
  const size_t dots = text.find("..");
  auto start = read_moment(trim(text.substr(0, dots)), context, nullptr);
  if (!start) return explain(std::move(start).error());
  if (dots == std::string_view::npos) {
    if (is_relative(text) && start->span.from < context.now) return TimeRange{start->span.from, context.now};
    if (is_relative(text)) return explain({ErrorCode::usage, "it is empty"});
    if (text == "now") return explain({ErrorCode::usage, "an instant, not a range"});
    return start->span;
  }
  auto range = read_end(trim(text.substr(dots + 2)), *start, context);
  if (!range) return explain(std::move(range).error());
  if (range->to < range->from)
    return explain({ErrorCode::usage, "it ends before it starts (past midnight, write the end's day)"});
  if (range->empty()) return explain({ErrorCode::usage, "it is empty"});
  return *range;
}

Result<Millis> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    int64_t ms;
  };
  static constexpr Unit kUnits[] = {{"ms", 1},        {"s", 1000},       {"min", 60'000},   {"m", 60'000},
                                    {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
  constexpr int64_t kMost = int64_t{100} * 366 * 86'400'000;
  const auto bad = [&] {
    return fail(ErrorCode::usage, fmt::format("'{}' is no duration: 500ms, 90s, 5m, 10h, 30d, 2w or 1h30m",
                                              printable(text.substr(0, 80))));
  };
  int64_t total = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || number < 0 || rest.front() == '-') return bad();
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    const Unit* unit = nullptr;
    for (const Unit& u : kUnits)
      if (!unit && rest.substr(0, u.name.size()) == u.name) unit = &u;
    if (!unit || number > kMost / unit->ms) return bad();
    rest.remove_prefix(unit->name.size());
    total += number * unit->ms;
    if (total > kMost) return bad();
  }
  if (text.empty()) return bad();
  return Millis{total};
}

Result<int64_t> parse_size(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::usage, fmt::format("'{}' is no size: 4096, 500M, 1.5G or 60GiB (powers of 1024)",
                                              printable(text.substr(0, 80))));
  };
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + digits || digits == 0) return bad();
  std::string_view unit = text.substr(digits);
  int power = 0;
  if (!unit.empty()) {
    static constexpr std::string_view kPrefixes = "KMGTP";
    const size_t at = kPrefixes.find(unit[0] == 'k' ? 'K' : unit[0]);
    if (at != std::string_view::npos) {
      power = static_cast<int>(at) + 1;
      unit.remove_prefix(1);
      if (unit == "iB" || unit == "B" || unit == "i") unit = {};
    } else if (unit == "B") {
      unit = {};
    }
  }
  if (!unit.empty()) return bad();
  const double bytes = std::ldexp(number, 10 * power);
  if (!(bytes < 9.2e18) || (power == 0 && bytes != std::floor(bytes))) return bad();
  return static_cast<int64_t>(bytes);
}

std::string protect_relative_time(std::string_view argument) {
  if (argument.size() < 3 || argument[0] != '-' || argument[1] < '0' || argument[1] > '9') return std::string(argument);
  const std::string_view first = argument.substr(
      1, argument.find("..") == std::string_view::npos ? std::string_view::npos : argument.find("..") - 1);
  return parse_duration(first) ? "now" + std::string(argument) : std::string(argument);
}

}  // namespace cbx::cli

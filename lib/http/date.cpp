#include "http/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace cbx::http {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes words and numbers off a text; once something is not there, nothing is.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void literal(std::string_view wanted) {
    good_ = good_ && text_.starts_with(wanted);
    if (good_) text_.remove_prefix(wanted.size());
  }
  int number(size_t digits) {
    int value = 0;
    const std::string_view part = text_.substr(0, digits);
    good_ = good_ && part.size() == digits && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    if (!good_) return 0;
    std::from_chars(part.data(), part.data() + part.size(), value);
    text_.remove_prefix(digits);
    return value;
  }
  int month() {
    const auto* it = std::ranges::find(kMonths, text_.substr(0, 3));
    good_ = good_ && it != kMonths.end();
    if (!good_) return 0;
    text_.remove_prefix(3);
    return static_cast<int>(it - kMonths.begin()) + 1;
  }
  bool at(char c) const { return !text_.empty() && text_.front() == c; }
  bool done() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

struct Clock24 {
  int hour = 0, minute = 0, second = 0;
};

Clock24 scan_clock(Scanner& scan) {
  Clock24 clock;
  clock.hour = scan.number(2);
  scan.literal(":");
  clock.minute = scan.number(2);
  scan.literal(":");
  clock.second = scan.number(2);
  return clock;
}

std::optional<WallMs> make_time(int y, int m, int d, Clock24 clock) {
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  // A leap second counts as the one before.
  if (!date.ok() || clock.hour > 23 || clock.minute > 59 || clock.second > 60) return std::nullopt;
  return sys_days(date) + hours(clock.hour) + minutes(clock.minute) + seconds(std::min(clock.second, 59));
}

std::optional<WallMs> parse_fixdate(std::string_view text) {
  Scanner scan(text.substr(std::min<size_t>(3, text.size())));
  scan.literal(", ");
  const int d = scan.number(2);
  scan.literal(" ");
  const int m = scan.month();
  scan.literal(" ");
  const int y = scan.number(4);
  scan.literal(" ");
  const Clock24 clock = scan_clock(scan);
  scan.literal(" GMT");
  return scan.done() ? make_time(y, m, d, clock) : std::nullopt;
}

std::optional<WallMs> parse_rfc850(std::string_view text, WallMs now) {
  Scanner scan(text.substr(std::min(text.find(','), text.size())));
  scan.literal(", ");
  const int d = scan.number(2);
  scan.literal("-");
  const int m = scan.month();
  scan.literal("-");
  const int short_year = scan.number(2);
  scan.literal(" ");
  const Clock24 clock = scan_clock(scan);
  scan.literal(" GMT");
  if (!scan.done()) return std::nullopt;
  const int this_year = static_cast<int>(year_month_day(floor<days>(now)).year());
  int y = this_year - this_year % 100 + short_year;
  if (y > this_year + 50) y -= 100;  // more than 50 years ahead is meant as the past
  return make_time(y, m, d, clock);
}

std::optional<WallMs> parse_asctime(std::string_view text) {
  Scanner scan(text.substr(std::min<size_t>(3, text.size())));
  scan.literal(" ");
  const int m = scan.month();
  scan.literal(" ");
  const bool one_digit = scan.at(' ');
  if (one_digit) scan.literal(" ");
  const int d = scan.number(one_digit ? 1 : 2);
  scan.literal(" ");
  const Clock24 clock = scan_clock(scan);
  scan.literal(" ");
  const int y = scan.number(4);
  return scan.done() ? make_time(y, m, d, clock) : std::nullopt;
}

}  // namespace

std::string format_http_date(WallMs time) {
  const auto day_point = floor<days>(time);
  const year_month_day date(day_point);
  const hh_mm_ss clock(floor<seconds>(time - day_point));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day_point).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<WallMs> parse_http_date(std::string_view text, WallMs now) {
  if (const auto time = parse_fixdate(text)) return time;
  if (const auto time = parse_rfc850(text, now)) return time;
  return parse_asctime(text);
}

}  // namespace cbx::http

// Wall-clock time, its RFC 3339 form, the store's fixed UTC offset, and the Clock that everything asks for the time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cbx {

// UTC.  Records and names hold milliseconds; arrival times and clock mapping hold microseconds.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using WallMs = std::chrono::sys_time<std::chrono::milliseconds>;
using Monotonic = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;

// The times that records can tell: 1970-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
inline constexpr WallMs kEarliest{};
inline constexpr WallMs kLatest{Millis{253'402'300'799'999}};

inline WallMs floor_ms(WallTime t) {
  return std::chrono::floor<std::chrono::milliseconds>(t);
}

// "2026-11-20T08:01:00.033Z": always UTC, always three decimals.
std::string format_rfc3339(WallMs t);
// Accepts any RFC 3339 date-time ('T', 't' or space; fraction of any length, cut to ms; 'Z' or ±hh:mm).
// Leap seconds (…:60) are read as the following second.  Only times from kEarliest to kLatest (UTC).
Result<WallMs> parse_rfc3339(std::string_view text);

// A fixed offset from UTC, in whole minutes, at most ±18 h.  Never DST.
class UtcOffset {
 public:
  constexpr UtcOffset() = default;
  constexpr explicit UtcOffset(std::chrono::minutes m) : minutes_(m) {}
  // "+09:00", "-03:30", "Z" or "+00:00".
  static Result<UtcOffset> parse(std::string_view text);
  // The standard (not daylight-saving) offset of the system's time zone.
  static UtcOffset system_standard();
  std::string format() const;
  constexpr std::chrono::minutes minutes() const { return minutes_; }
  constexpr bool operator==(const UtcOffset&) const = default;

 private:
  std::chrono::minutes minutes_{0};
};

// The parts of a time in a fixed offset.
struct LocalTime {
  int year, month, day, hour, minute, second, millisecond;
};
LocalTime to_local(WallMs t, UtcOffset offset);
// Fields must be in range (day may exceed the month's length only to be refused with `data`), and so must be the time.
Result<WallMs> from_local(const LocalTime& t, UtcOffset offset);
// "2026-11-20"
std::string format_day(WallMs t, UtcOffset offset);

// Where the time comes from.  Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual Monotonic monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime wall() const override;
  Monotonic monotonic() const override;
};

}  // namespace cbx

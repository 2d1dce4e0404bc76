// How people write times, ranges, durations and sizes on a command line (DESIGN, manners).  Errors have code `usage`
// and show the forms that are accepted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_range.h"

namespace cbx::cli {

// What words such as `today` and times without an offset mean.
struct TimeContext {
  UtcOffset offset;  // the store's
  WallMs now{};
};

// RFC 3339 · 2026-11-20 17:01[:SS[.mmm]] · 2026-11-20 (its midnight) · 17:01[:SS[.mmm]] (of today) · today · yesterday
// · now · -2h (before now; also spelled now-2h).
Result<WallMs> parse_time(std::string_view text, const TimeContext& context);

// A..B, where B inherits from A what it leaves out ('2026-11-17 14:05..14:20', '2026-11-17..18'), or is +15m (from A
// on); A.. is up to now.  A alone is what it names: that day, minute or second; -2h alone is the time since then.
// A day as B is the whole day, anything else is the instant that the range ends at.
Result<TimeRange> parse_range(std::string_view text, const TimeContext& context);

// 500ms 90s 5m 10h 30d 2w, also combined: 1h30m.
Result<Millis> parse_duration(std::string_view text);
// Bytes: 4096, 500M, 1.5G, 60GiB; K, M, G, T are powers of 1024.
Result<int64_t> parse_size(std::string_view text);

// Turns arguments such as -2h and -2h..-1h into now-2h…, so that they are taken for values and not for options.
// Anything else stays as it is.
std::string protect_relative_time(std::string_view argument);

}  // namespace cbx::cli

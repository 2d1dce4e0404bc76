// A stretch of wall-clock time, its end not included.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace cbx {

struct TimeRange {
  WallMs from{}, to{};

  bool empty() const { return from >= to; }
  Millis length() const { return empty() ? Millis{0} : to - from; }
  bool contains(WallMs t) const { return from <= t && t < to; }
  bool overlaps(const TimeRange& other) const { return from < other.to && other.from < to; }
  // The part that both have; empty() if there is none.
  TimeRange clipped_to(const TimeRange& other) const { return {std::max(from, other.from), std::min(to, other.to)}; }
  bool operator==(const TimeRange&) const = default;
};

// The first instant of the day (in `offset`) that `t` lies in.
WallMs start_of_day(WallMs t, UtcOffset offset);

}  // namespace cbx

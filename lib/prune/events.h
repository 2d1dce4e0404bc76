// Which files events hold: those around a shock, an SOS or a mark, for a while, and not more than a share of the disk.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/records.h"
#include "base/time_range.h"
#include "index/index.h"

namespace cbx::prune {

struct EventRules {
  Millis before{60'000}, after{60'000};
  Millis last{std::chrono::days{90}};  // an event holds nothing for longer
  int64_t at_most = 0;                 // bytes, of all devices together
};

// How much an event's files are worth when there is no room for all: SOS before marks before shocks; of shocks the
// harder one (one without a value is the softest); of equal ones the later.
struct EventRank {
  int kind = 0;
  double value = 0;
  WallMs time{};
  auto operator<=>(const EventRank&) const = default;
};

struct EventWindow {
  TimeRange range;
  EventRank rank;
};
// The windows of the events that hold anything at `now`, by time.
std::vector<EventWindow> event_windows(std::span<const EventRecord> events, const EventRules& rules, WallMs now);

// A file in one or more windows has the rank of the best.
struct EventFile {
  index::StoredFile file;
  EventRank rank;
};
// The starts, sorted, of the files that are held within `at_most` bytes, for each device.  The bytes are shared out
// evenly; what one device doesn't need is the others'.
std::vector<std::vector<WallMs>> hold_within(std::vector<std::vector<EventFile>> devices, int64_t at_most);

}  // namespace cbx::prune

// Everything that is known of one minute of one device.
#pragma once

#include <optional>

#include "index/coverage.h"

namespace cbx::index {

struct Why {
  std::string device;
  TimeRange minute;
  std::vector<SegmentRecord> segments;  // that cover any of it
  std::vector<Gap> gaps;                // in it
  std::vector<Connection> connections;  // open in it
  std::optional<LinkMinute> link;
  std::vector<EventRecord> events;
  Millis covered{};
  // The last connection that ended before the minute, when none was open in it.
  std::optional<Connection> before;
};

Result<Why> explain(Index& index, std::string_view device, WallMs time, WallMs now);

}  // namespace cbx::index

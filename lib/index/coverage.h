// What the store has of a device, as spans of time, and what it lacks, with a cause for each hole.
#pragma once

#include <string>
#include <vector>

#include "index/index.h"

namespace cbx::index {

// Holes up to this long are rounding and slew, no gaps.
constexpr Millis kSmallestGap{500};

// The union of `spans` inside `range`, sorted; holes of up to kSmallestGap between two are closed.
std::vector<TimeRange> merge_spans(std::vector<TimeRange> spans, TimeRange range);
// The holes over kSmallestGap that `covered` (as merge_spans() returns it) leaves in `range`.
std::vector<TimeRange> holes(const std::vector<TimeRange>& covered, TimeRange range);

// Of the device's segments that overlap `range`, those behind each other made one; goes into merge_spans().
Result<std::vector<TimeRange>> finished_spans(Index& index, std::string_view device, TimeRange range);

// merge_spans() of the device's segments and of what is in progress.
Result<std::vector<TimeRange>> covered_spans(Index& index, std::string_view device, TimeRange range, WallMs now);

struct Gap {
  TimeRange range;
  // "offline": no connection · "stalled": connected, but nothing came · "bad_data": what came could not be kept ·
  // "unsupported", "disk", "lost": as the recorder said · "deleted": it was there · "missing": it was
  // there, and its file is gone or holds nothing · "unknown"
  std::string cause;
  std::string detail;  // for people; may be empty
};

// What the cause of a hole is judged by: everything that overlaps it, the minutes whole.
struct Evidence {
  std::vector<GapRecord> said;
  std::vector<Connection> connections;
  std::vector<LinkMinute> links;
  // Bytes of finished files by the minute (as `links` has them) that they cover.
  std::vector<std::pair<WallMs, int64_t>> stored;
  std::vector<TimeRange> deleted;
  std::vector<MissingRecord> missing;
  // False for a device that never came by a connection (imports): without one, nothing says that it was offline.
  bool uses_connections = true;
};

// The cause that explains most of the hole.
Gap judge(TimeRange hole, const Evidence& evidence);

// The gaps of `device` in `range`, which is cut at `now`.
Result<std::vector<Gap>> find_gaps(Index& index, std::string_view device, TimeRange range, WallMs now);

}  // namespace cbx::index

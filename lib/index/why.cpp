#include "index/why.h"

#include <algorithm>

namespace cbx::index {

Result<Why> explain(Index& index, std::string_view device, WallMs time, WallMs now) {
  Why why;
  why.device = device;
  why.minute.from = WallMs{std::chrono::floor<std::chrono::minutes>(time)};
  why.minute.to = why.minute.from + Millis{60'000};
  CBX_TRY(index.segments(device, why.minute, true, [&](const SegmentRecord& r) {
    why.segments.push_back(r);
    return true;
  }));
  CBX_ASSIGN(const auto covered, covered_spans(index, device, why.minute, now));
  for (const TimeRange& span : covered) why.covered += span.length();
  CBX_ASSIGN(why.gaps, find_gaps(index, device, why.minute, now));
  CBX_ASSIGN(why.connections, index.connections(device, why.minute, now));
  CBX_ASSIGN(const auto links, index.links(device, why.minute));
  for (const auto& link : links)
    if (link.minute == why.minute.from) why.link = link;
  CBX_ASSIGN(why.events, index.events(device, why.minute));
  if (why.connections.empty()) {
    CBX_ASSIGN(const auto earlier, index.connections(device, {WallMs{}, why.minute.from}, now));
    if (!earlier.empty()) why.before = earlier.back();
  }
  return why;
}

}  // namespace cbx::index

#include "index/coverage.h"

#include <algorithm>

#include "index/in_progress.h"

namespace cbx::index {

std::vector<TimeRange> merge_spans(std::vector<TimeRange> spans, TimeRange range) {
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  std::vector<TimeRange> out;
  for (const TimeRange& whole : spans) {
    const TimeRange span = whole.clipped_to(range);
    if (span.empty()) continue;
    if (!out.empty() && span.from <= out.back().to + kSmallestGap)
      out.back().to = std::max(out.back().to, span.to);
    else
      out.push_back(span);
  }
  return out;
}

std::vector<TimeRange> holes(const std::vector<TimeRange>& covered, TimeRange range) {
  std::vector<TimeRange> out;
  WallMs at = range.from;
  const auto hole = [&](WallMs to) {
    if (to - at > kSmallestGap) out.push_back({at, to});
  };
  for (const TimeRange& span : covered) {
    hole(span.from);
    at = std::max(at, span.to);
  }
  hole(range.to);
  return out;
}

Result<std::vector<TimeRange>> finished_spans(Index& index, std::string_view device, TimeRange range) {
  std::vector<TimeRange> spans;
  CBX_TRY(index.spans(device, range, [&](TimeRange span) {
    // Merged as they come: a month of minutes becomes a handful of spans.
    if (!spans.empty() && span.from >= spans.back().from && span.from <= spans.back().to + kSmallestGap)
      spans.back().to = std::max(spans.back().to, span.to);
    else
      spans.push_back(span);
  }));
  return spans;
}

Result<std::vector<TimeRange>> covered_spans(Index& index, std::string_view device, TimeRange range, WallMs now) {
  CBX_ASSIGN(std::vector<TimeRange> spans, finished_spans(index, device, range));
  for (const TimeRange& span : recordings_in_progress(index.store(), device, range, now)) spans.push_back(span);
  return merge_spans(std::move(spans), range);
}

}  // namespace cbx::index

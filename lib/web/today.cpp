#include "web/today.h"

#include "index/coverage.h"

namespace cbx::web {
namespace {

constexpr auto kKeep = std::chrono::seconds(30);
// A bound of memory; an entry takes a few hundred bytes.
constexpr size_t kMost = 16384;

}  // namespace

std::optional<Today::Spans> Today::find(const std::string& device, WallMs midnight, std::optional<WallMs> newest) {
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(device);
  if (it == entries_.end()) return std::nullopt;
  const Entry& e = it->second;
  if (e.midnight != midnight || e.newest != newest || now - e.made > kKeep) return std::nullopt;
  return e.spans;
}

void Today::forget(const std::string& device) {
  const std::lock_guard lock(mutex_);
  entries_.erase(device);
}

Result<Millis> Today::covered(index::Index& index, const std::string& device, TimeRange today,
                              std::optional<WallMs> newest, const std::vector<TimeRange>& in_progress) {
  auto spans = find(device, today.from, newest);
  if (!spans) {
    const Monotonic now = clock_.monotonic();
    CBX_ASSIGN(spans, index::finished_spans(index, device, today));
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= kMost) entries_.clear();
    entries_[device] = {today.from, newest, now, *spans};
  }
  spans->insert(spans->end(), in_progress.begin(), in_progress.end());
  Millis sum{};
  for (const TimeRange& span : index::merge_spans(std::move(*spans), today)) sum += span.length();
  return sum;
}

}  // namespace cbx::web

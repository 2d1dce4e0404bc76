#include "prune/events.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cbx::prune {
namespace {

int kind_rank(const std::string& kind) {
  return kind == "sos" ? 3 : kind == "mark" ? 2 : kind == "shock" ? 1 : 0;
}

int64_t bytes_of(const std::vector<EventFile>& files) {
  return std::accumulate(files.begin(), files.end(), int64_t{0},
                         [](int64_t sum, const EventFile& f) { return sum + f.file.bytes; });
}

}  // namespace

std::vector<EventWindow> event_windows(std::span<const EventRecord> events, const EventRules& rules, WallMs now) {
  std::vector<EventWindow> out;
  for (const EventRecord& e : events) {
    const int kind = kind_rank(e.kind);
    if (kind == 0 || e.time + rules.last <= now) continue;
    double value = kind == 1 && e.value ? std::abs(*e.value) : 0;
    if (std::isnan(value)) value = 0;
    out.push_back({{e.time - rules.before, e.time + rules.after + Millis{1}}, {kind, value, e.time}});
  }
  return out;
}

std::vector<std::vector<WallMs>> hold_within(std::vector<std::vector<EventFile>> devices, int64_t at_most) {
  // Those who want least are served first: what they leave is shared by the rest.
  std::vector<size_t> order(devices.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<int64_t> wants;
  for (const auto& files : devices) wants.push_back(bytes_of(files));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return wants[a] < wants[b]; });
  std::vector<std::vector<WallMs>> held(devices.size());
  int64_t left = at_most;
  for (size_t n = 0; n < order.size(); n++) {
    auto& files = devices[order[n]];
    const int64_t share = left / static_cast<int64_t>(order.size() - n);
    std::sort(files.begin(), files.end(), [](const EventFile& a, const EventFile& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.file.start > b.file.start;
    });
    int64_t used = 0;
    for (const EventFile& f : files) {
      // All that follow are worth less, however small they are.
      if (used + f.file.bytes > share) break;
      used += f.file.bytes;
      held[order[n]].push_back(f.file.start);
    }
    left -= used;
    std::sort(held[order[n]].begin(), held[order[n]].end());
  }
  return held;
}

}  // namespace cbx::prune

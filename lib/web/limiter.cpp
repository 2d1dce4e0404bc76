#include "web/limiter.h"

#include <algorithm>

namespace cbx::web {

Limiter::Entry* Limiter::find(uint64_t who) {
  const auto place = places_.find(who);
  return place == places_.end() ? nullptr : &*place->second;
}

Limiter::Verdict Limiter::charge(uint64_t who, uint64_t what, Monotonic now) {
  const auto drop_first = [&] {
    places_.erase(entries_.front().who);
    entries_.pop_front();
  };
  while (!entries_.empty() && now - entries_.front().start >= window_) drop_first();
  Entry* entry = find(who);
  if (!entry) {
    if (entries_.size() >= most_) drop_first();
    entries_.push_back({who, now, {}});
    places_[who] = std::prev(entries_.end());
    entry = &entries_.back();
  }
  const auto mark =
      std::find_if(entry->marks.begin(), entry->marks.end(), [&](const Mark& m) { return m.what == what; });
  if (mark != entry->marks.end()) return mark->failed ? Verdict::repeated : Verdict::go_on;
  if (entry->marks.size() >= failures_) return Verdict::blocked;
  entry->marks.push_back({what, false});
  return Verdict::go_on;
}

void Limiter::right(uint64_t who, uint64_t what) {
  if (Entry* entry = find(who)) std::erase_if(entry->marks, [&](const Mark& m) { return m.what == what; });
}

bool Limiter::wrong(uint64_t who, uint64_t what) {
  Entry* entry = find(who);
  if (!entry) return false;
  for (Mark& mark : entry->marks)
    if (mark.what == what) mark.failed = true;
  return !std::exchange(entry->told_wrong, true);
}

bool Limiter::report_blocked(uint64_t who) {
  Entry* entry = find(who);
  return entry && !std::exchange(entry->told_blocked, true);
}

std::chrono::seconds Limiter::wait(uint64_t who, Monotonic now) const {
  const auto place = places_.find(who);
  if (place == places_.end()) return std::chrono::seconds{1};
  return std::max(std::chrono::ceil<std::chrono::seconds>(place->second->start + window_ - now),
                  std::chrono::seconds{1});
}

}  // namespace cbx::web

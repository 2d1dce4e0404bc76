#include "http/counters.h"

#include <algorithm>

namespace cbx::http {

Counters::Counters(const std::vector<Route>& routes) {
  for (const Route& route : routes) names_.push_back(route.name);
  names_.emplace_back();
  for (size_t i = 0; i < names_.size(); i++) routes_.push_back(std::make_unique<PerRoute>());
}

void Counters::count(size_t route, int status, uint64_t bytes, std::chrono::nanoseconds duration) {
  PerRoute& of = *routes_[std::min(route, routes_.size() - 1)];
  for (Slot& slot : of.slots) {
    int there = slot.status.load(std::memory_order_relaxed);
    if (there == 0 && slot.status.compare_exchange_strong(there, status)) there = status;
    if (there != status && &slot != &of.slots.back()) continue;
    slot.requests.fetch_add(1, std::memory_order_relaxed);
    slot.bytes.fetch_add(bytes, std::memory_order_relaxed);
    break;
  }
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = static_cast<size_t>(std::ranges::lower_bound(kBounds, seconds) - kBounds.begin());
  durations_[bucket].fetch_add(1, std::memory_order_relaxed);
  duration_ns_.fetch_add(static_cast<uint64_t>(duration.count()), std::memory_order_relaxed);
}

void Counters::add_to(ServerStats& stats) const {
  for (size_t i = 0; i < routes_.size(); i++)
    for (const Slot& slot : routes_[i]->slots)
      if (const int status = slot.status.load(); status != 0)
        stats.routes.push_back({names_[i], status, slot.requests.load(), slot.bytes.load()});
  uint64_t up_to = 0;
  for (size_t i = 0; i < kBounds.size(); i++) {
    up_to += durations_[i].load();
    stats.duration_buckets.emplace_back(kBounds[i], up_to);
  }
  stats.duration_sum = static_cast<double>(duration_ns_.load()) / 1e9;
  stats.accepted = accepted.load();
  stats.refused = refused.load();
  stats.late = late.load();
}

}  // namespace cbx::http

#include "segment/clock.h"

#include <algorithm>
#include <cstdlib>

namespace cbx::segment {
namespace {

constexpr int64_t kStepUs = 2'000'000;
constexpr Pts90k kSettle = codec::kPtsHz / 2;
constexpr int64_t kSlewPpm = 500;

int64_t micros(WallTime t) {
  return t.time_since_epoch().count();
}

}  // namespace

void LiveMapper::observe(Pts90k dts, WallTime arrival, Micros rtt) {
  const int64_t offset = micros(arrival) - to_micros(dts).count();
  const int64_t second = micros(arrival) / 1'000'000;
  // Half the RTT is smoothed, so that one slow answer does not move the clock.
  half_rtt_us_ = half_rtt_us_ == 0 ? rtt.count() / 2 : (half_rtt_us_ * 15 + rtt.count() / 2) / 16;
  newest_second_ = second;
  Bucket& b = buckets_[static_cast<size_t>(second % kBuckets)];
  if (b.second != second) {
    b = {second, offset};
  } else {
    b.smallest = std::min(b.smallest, offset);
  }
  const int64_t want = *target();
  if (!applied_us_) {
    applied_us_ = want;
    first_dts_ = slewed_to_ = dts;
    return;
  }
  if (!settled_ && dts - first_dts_ <= kSettle) {
    applied_us_ = want;
    slewed_to_ = dts;
    return;
  }
  settled_ = true;
  if (dts <= slewed_to_) return;
  const int64_t most = to_micros(dts - slewed_to_).count() * kSlewPpm / 1'000'000;
  if (most == 0) return;  // too short a step to count; wait for more
  slewed_to_ = dts;
  if (std::abs(want - *applied_us_) <= kStepUs) *applied_us_ += std::clamp(want - *applied_us_, -most, most);
}

std::optional<int64_t> LiveMapper::target() const {
  std::optional<int64_t> smallest;
  for (const Bucket& b : buckets_) {
    if (b.second < 0 || newest_second_ - b.second >= kBuckets || b.second > newest_second_) continue;
    if (!smallest || b.smallest < *smallest) smallest = b.smallest;
  }
  if (!smallest) return std::nullopt;
  return *smallest - half_rtt_us_;
}

WallTime LiveMapper::map(Pts90k t) const {
  return WallTime{Micros{applied_us_.value_or(0)} + to_micros(t)};
}

bool LiveMapper::must_step() const {
  const auto want = target();
  return want && applied_us_ && std::abs(*want - *applied_us_) > kStepUs;
}

void LiveMapper::step() {
  if (const auto want = target()) applied_us_ = want;
}

void LiveMapper::jumped() {
  buckets_.fill({});
  applied_us_.reset();
  settled_ = false;
}

void FixedMapper::observe(Pts90k dts, WallTime, Micros) {
  if (!first_) first_ = dts;
}

WallTime FixedMapper::map(Pts90k t) const {
  return start_ + to_micros(t - first_.value_or(t));
}

WallTime next_boundary(WallTime t, std::chrono::seconds length, UtcOffset offset) {
  const Micros local = t.time_since_epoch() + offset.minutes();
  const Micros step = length;
  return WallTime{(local / step + 1) * step - offset.minutes()};
}

}  // namespace cbx::segment

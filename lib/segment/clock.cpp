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

// Capture times stay among those that names and records can tell: half a round trip before a clock that was never set
// (1970, no battery) there are none.  The last day leaves room for what follows.
WallTime tellable(Micros t) {
  return WallTime{
      std::clamp<Micros>(t, kEarliest.time_since_epoch(), kLatest.time_since_epoch() - std::chrono::hours{24})};
}

}  // namespace

void LiveMapper::observe(Pts90k dts, Pts90k, WallTime arrival, Micros rtt) {
  const int64_t offset = micros(arrival) - to_micros(dts).count();
  const int64_t second = std::max<int64_t>(0, micros(arrival) / 1'000'000);
  Bucket& b = buckets_[static_cast<size_t>(second % kBuckets)];
  newest_second_ = second;
  if (b.second != second) b = {second, offset, 0};
  b.offset = std::min(b.offset, offset);
  if (rtt.count() > 0) b.rtt = b.rtt == 0 ? rtt.count() : std::min<int64_t>(b.rtt, rtt.count());
  const int64_t want = *target();
  if (!learnt_) {
    learnt_ = true;
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
  // The packet with the smallest offset had the fastest way: the smallest round-trip time is the one that fits it.
  std::optional<int64_t> offset, rtt;
  for (const Bucket& b : buckets_) {
    if (b.second < 0 || newest_second_ - b.second >= kBuckets || b.second > newest_second_) continue;
    if (!offset || b.offset < *offset) offset = b.offset;
    if (b.rtt > 0 && (!rtt || b.rtt < *rtt)) rtt = b.rtt;
  }
  if (!offset) return std::nullopt;
  return *offset - rtt.value_or(0) / 2;
}

WallTime LiveMapper::map(Pts90k t) const {
  return tellable(Micros{applied_us_.value_or(0)} + to_micros(t));
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
  learnt_ = settled_ = false;
}

void FixedMapper::observe(Pts90k, Pts90k pts, WallTime, Micros) {
  if (!first_) first_ = pts;
}

WallTime FixedMapper::map(Pts90k t) const {
  return tellable(start_.time_since_epoch() + to_micros(t - first_.value_or(t)));
}

WallTime next_boundary(WallTime t, std::chrono::seconds length, UtcOffset offset) {
  const Micros local = t.time_since_epoch() + offset.minutes();
  const Micros step = length;
  return WallTime{(local / step + 1) * step - offset.minutes()};
}

}  // namespace cbx::segment

// One unrolled 90 kHz line for all tracks of a program, from 33-bit time stamps that wrap every 26.5 hours.
#pragma once

#include <cstdlib>
#include <optional>

#include "codec/track.h"

namespace cbx::ts {

class Timeline {
 public:
  static constexpr int64_t kWrap = int64_t{1} << 33;

  // A decoding time stamp of any track; the next ones are unrolled relative to it.
  codec::Pts90k dts(uint64_t stamp) {
    if (!reference_) return *(reference_ = static_cast<codec::Pts90k>(stamp));
    const codec::Pts90k t = near(stamp, *reference_);
    // A single wild stamp (a bit error) must not carry the line off by a whole wrap: it takes two that agree.
    if (std::abs(distance(stamp, *reference_)) < kNear || (outlier_ && std::abs(t - *outlier_) < kNear)) {
      reference_ = t;
      outlier_.reset();
    } else {
      outlier_ = t;
    }
    return t;
  }
  // A presentation time stamp that belongs to `dts`.
  codec::Pts90k pts(uint64_t stamp, codec::Pts90k dts) const { return near(stamp, dts); }

  void reset() {
    reference_.reset();
    outlier_.reset();
  }

 private:
  static constexpr int64_t kNear = 60 * codec::kPtsHz;

  static int64_t distance(uint64_t stamp, codec::Pts90k reference) {
    const int64_t delta = (static_cast<int64_t>(stamp) - reference) & (kWrap - 1);
    return delta >= kWrap / 2 ? delta - kWrap : delta;
  }
  // The time nearest to `reference` that has these 33 bits; never negative.
  static codec::Pts90k near(uint64_t stamp, codec::Pts90k reference) {
    const codec::Pts90k t = reference + distance(stamp, reference);
    return t < 0 ? t + kWrap : t;
  }

  std::optional<codec::Pts90k> reference_, outlier_;
};

}  // namespace cbx::ts

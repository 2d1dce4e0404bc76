// From stream time to wall-clock time.
//
// A live stream's capture time is told by its time stamps plus the smallest (arrival - DTS) of the last 60 s, less half
// the round-trip time: packets are only ever late (retransmission, queues), never early, so the earliest ones show
// the offset.  What the mapping learns later is slewed into it at 500 ppm at most.
// Stream time is the recorder's continuous time line (jumps of the stream's own time stamps taken out).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "codec/track.h"

namespace cbx::segment {

using codec::Pts90k;

constexpr Micros to_micros(Pts90k ticks) {
  return Micros{ticks * 100 / 9};
}

// Not thread-safe.
class TimeMapper {
 public:
  virtual ~TimeMapper() = default;
  // A sample with these stream times began to arrive at `arrival`; `rtt` is the connection's round-trip time.
  virtual void observe(Pts90k dts, Pts90k pts, WallTime arrival, Micros rtt) = 0;
  // The capture time of stream time `t`.
  virtual WallTime map(Pts90k t) const = 0;
  // The mapping is wrong by more than slewing can mend: call step() when a new segment may begin.
  virtual bool must_step() const = 0;
  virtual void step() = 0;
  // The stream's own time stamps jumped: what was learnt is void; map() stays as it is until the next observe().
  virtual void jumped() = 0;
  // Whether capture times come from arrivals (and thus grow better in the first moments).
  virtual bool live() const = 0;
};

class LiveMapper final : public TimeMapper {
 public:
  void observe(Pts90k dts, Pts90k pts, WallTime arrival, Micros rtt) override;
  WallTime map(Pts90k t) const override;
  bool must_step() const override;
  void step() override;
  void jumped() override;
  bool live() const override { return true; }

 private:
  static constexpr int kBuckets = 60;  // of one second of arrival time
  struct Bucket {
    int64_t second = -1;
    int64_t offset = 0;  // the smallest arrival - DTS
    int64_t rtt = 0;     // the smallest known, 0 for none
  };

  std::optional<int64_t> target() const;

  std::array<Bucket, kBuckets> buckets_{};
  int64_t newest_second_ = -1;
  std::optional<int64_t> applied_us_;  // wall less stream time, as in force
  Pts90k first_dts_ = 0, slewed_to_ = 0;
  bool learnt_ = false;   // applied_us_ comes from the stream as it is now
  bool settled_ = false;  // past the first moments, in which the mapping follows at once
};

// For imports: the first sample is at a known time, the rest follows the stream's own clock.
class FixedMapper final : public TimeMapper {
 public:
  explicit FixedMapper(WallTime start) : start_(start) {}
  void observe(Pts90k dts, Pts90k pts, WallTime arrival, Micros rtt) override;
  WallTime map(Pts90k t) const override;
  bool must_step() const override { return false; }
  void step() override {}
  void jumped() override {}
  bool live() const override { return false; }

 private:
  WallTime start_;
  std::optional<Pts90k> first_;
};

// The first instant after `t` that is a multiple of `length` on the store's local clock: 17:01:00, 17:02:00, …
WallTime next_boundary(WallTime t, std::chrono::seconds length, UtcOffset offset);

}  // namespace cbx::segment

#include "segment/clock.h"

#include <gtest/gtest.h>

#include <random>

namespace cbx::segment {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kStart{Micros{1'790'000'000'000'000}};

Pts90k ticks(Micros t) {
  return t.count() * 9 / 100;
}

TEST(LiveMapper, TakesTheEarliestArrivalForTheTruth) {
  LiveMapper m;
  std::mt19937 random(1);
  std::uniform_int_distribution<int> late(0, 400);
  for (int i = 0; i < 600; i++) {
    const Micros at = milliseconds(33 * i);
    // Every tenth packet comes without delay, the others up to 400 ms late.
    const Micros delay = i % 10 == 0 ? Micros{0} : Micros{milliseconds(late(random))};
    m.observe(ticks(at), ticks(at), kStart + at + delay, Micros{0});
  }
  const Micros error = m.map(ticks(seconds(10))) - (kStart + seconds(10));
  EXPECT_LT(std::abs(error.count()), 1000);
}

TEST(LiveMapper, TakesOffHalfTheRoundTripTime) {
  LiveMapper m;
  const Micros rtt = milliseconds(80);
  for (int i = 0; i < 300; i++) {
    const Micros at = milliseconds(33 * i);
    m.observe(ticks(at), ticks(at), kStart + at + rtt / 2, rtt);
  }
  EXPECT_LT(std::abs((m.map(0) - kStart).count()), 1000);
}

TEST(LiveMapper, SlewsAtMost500PartsPerMillion) {
  LiveMapper m;
  // The device's clock runs 1 % slow: arrivals drift away from the time stamps by 10 ms a second.
  Micros last{0};
  for (int i = 0; i < 30 * 100; i++) {
    const Micros stream = milliseconds(33) * i;
    const Micros wall = stream + stream / 100;
    m.observe(ticks(stream), ticks(stream), kStart + wall, Micros{0});
    const Micros offset = m.map(0) - kStart;
    if (i > 60) {
      EXPECT_LE(std::abs((offset - last).count()), 33'000 * 500 / 1'000'000 + 2);
    }
    last = offset;
  }
}

TEST(LiveMapper, AsksForAStepWhenItIsMoreThanTwoSecondsOff) {
  LiveMapper m;
  for (int i = 0; i < 90; i++)
    m.observe(ticks(milliseconds(33 * i)), ticks(milliseconds(33 * i)), kStart + milliseconds(33 * i), Micros{0});
  EXPECT_FALSE(m.must_step());
  // The wall clock is set back by 5 s: packets seem to come earlier than ever.
  for (int i = 90; i < 100; i++)
    m.observe(ticks(milliseconds(33 * i)), ticks(milliseconds(33 * i)), kStart + milliseconds(33 * i) - seconds(5),
              Micros{0});
  EXPECT_TRUE(m.must_step());
  m.step();
  EXPECT_FALSE(m.must_step());
  EXPECT_LT(std::abs((m.map(0) - (kStart - seconds(5))).count()), 2000);
}

TEST(LiveMapper, ForgetsWhatItLearntAtAJump) {
  LiveMapper m;
  for (int i = 0; i < 90; i++)
    m.observe(ticks(milliseconds(33 * i)), ticks(milliseconds(33 * i)), kStart + milliseconds(33 * i), Micros{0});
  m.jumped();
  m.observe(ticks(seconds(3)), ticks(seconds(3)), kStart + seconds(100), Micros{0});
  EXPECT_EQ(floor_ms(m.map(ticks(seconds(3)))), floor_ms(kStart + seconds(100)));
}

// Half a round trip before 1970, which a clock that was never set can show, there is no time that a record could tell.
TEST(LiveMapper, StaysAmongTheTimesOfRecords) {
  LiveMapper m;
  m.observe(0, 0, WallTime{}, milliseconds(40));
  EXPECT_EQ(floor_ms(m.map(0)), kEarliest);
  EXPECT_TRUE(parse_rfc3339(format_rfc3339(floor_ms(m.map(0)))));
  LiveMapper late;
  late.observe(0, 0, kLatest, Micros{0});
  EXPECT_TRUE(parse_rfc3339(format_rfc3339(floor_ms(late.map(ticks(seconds(60)))))));
}

TEST(FixedMapper, CountsFromTheFirstSample) {
  FixedMapper m(kStart);
  m.observe(ticks(seconds(7)), ticks(seconds(7)), WallTime{}, Micros{0});
  EXPECT_EQ(m.map(ticks(seconds(9))), kStart + seconds(2));
}

TEST(NextBoundary, IsTheNextMultipleOnTheLocalClock) {
  const UtcOffset seoul{std::chrono::minutes{9 * 60}}, odd{std::chrono::minutes{5 * 60 + 45}};
  const WallTime t = *parse_rfc3339("2026-11-20T08:01:00.033Z");
  EXPECT_EQ(format_rfc3339(floor_ms(next_boundary(t, seconds(60), seoul))), "2026-11-20T08:02:00.000Z");
  // Exactly on a boundary: the next one.
  const WallTime on = *parse_rfc3339("2026-11-20T08:02:00Z");
  EXPECT_EQ(format_rfc3339(floor_ms(next_boundary(on, seconds(60), seoul))), "2026-11-20T08:03:00.000Z");
  // An hour in +05:45 ends at a quarter past in UTC.
  EXPECT_EQ(format_rfc3339(floor_ms(next_boundary(t, seconds(3600), odd))), "2026-11-20T08:15:00.000Z");
}

}  // namespace
}  // namespace cbx::segment

// Records made while the clock was wrong: they are listed where they say they are, and harm no others.
#include "fixture.h"
#include "index/coverage.h"

namespace cbx::index {
namespace {

using Clock = IndexTest;

TEST_F(Clock, SegmentsOfOtherTimesAreListedByTheirRange) {
  Index index = open();
  const WallMs boot = at("1970-01-01T00:00:07.250Z"), ahead = at("2027-11-20T08:00:00Z"),
               far = at("2262-04-12T00:00:00Z"), unsigned_end = at("2106-02-07T06:28:15Z");
  apply(index, {segment("cam01", t0_), segment("cam01", boot, 12'000), segment("cam01", ahead), segment("cam01", far),
                segment("cam01", unsigned_end)});
  EXPECT_EQ(segments(index, kEver).size(), 5u);
  EXPECT_EQ(segments(index, {boot, boot + kMinute}).size(), 1u);
  EXPECT_EQ(segments(index, {t0_, t0_ + kMinute}).size(), 1u);
  EXPECT_EQ(segments(index, {ahead, ahead + kMinute}).size(), 1u);
  EXPECT_EQ(segments(index, {unsigned_end, far + kMinute}).size(), 2u);
  const auto covered = covered_spans(index, "cam01", {WallMs{}, t0_ + kMinute}, t0_ + kMinute);
  ASSERT_TRUE(covered);
  EXPECT_EQ(*covered, (std::vector<TimeRange>{{boot, boot + Millis{12'000}}, {t0_, t0_ + kMinute}}));
  // What lies in the future is no gap, whatever is recorded there.
  const auto gaps = find_gaps(index, "cam01", {t0_, ahead + kMinute}, t0_ + 5 * kMinute);
  ASSERT_TRUE(gaps);
  ASSERT_EQ(gaps->size(), 1u);
  EXPECT_EQ(gaps->front().range, (TimeRange{t0_ + kMinute, t0_ + 5 * kMinute}));
}

TEST_F(Clock, AConnectionThatEndsBeforeItBeganHarmsNoGaps) {
  Index index = open();
  const WallMs back = t0_ - 60 * kMinute;
  std::vector<Record> all{opened(t0_), segment("cam01", t0_), link(t0_, 30'000'000)};
  // The clock goes back by an hour, the connection goes on.
  for (int i = 1; i < 10; i++) {
    all.push_back(segment("cam01", back + i * kMinute));
    all.push_back(link(back + i * kMinute, 30'000'000));
  }
  all.push_back(closed(back + 10 * kMinute));
  apply(index, all);
  const auto gaps = find_gaps(index, "cam01", {back, t0_ + 10 * kMinute}, t0_ + 30 * kMinute);
  ASSERT_TRUE(gaps);
  ASSERT_EQ(gaps->size(), 3u);
  EXPECT_EQ((*gaps)[0].range, (TimeRange{back, back + kMinute}));
  EXPECT_EQ((*gaps)[1].range, (TimeRange{back + 10 * kMinute, t0_}));
  EXPECT_EQ((*gaps)[2].range, (TimeRange{t0_ + kMinute, t0_ + 10 * kMinute}));
}

TEST_F(Clock, OverlappingSegmentsBothStayAndCoverOnce) {
  Index index = open();
  apply(index,
        {segment("cam01", t0_), segment("cam01", t0_ + Millis{20'000}, 30'000), segment("cam01", t0_ + Millis{1})});
  EXPECT_EQ(segments(index, kEver).size(), 3u);
  EXPECT_EQ(*covered_spans(index, "cam01", {t0_, t0_ + 2 * kMinute}, t0_ + 2 * kMinute),
            (std::vector<TimeRange>{{t0_, t0_ + kMinute + Millis{1}}}));
}

}  // namespace
}  // namespace cbx::index

#include "index/coverage.h"

#include "fixture.h"
#include "index/why.h"

namespace cbx::index {
namespace {

using Coverage = IndexTest;

TEST_F(Coverage, UnionClosesRoundingAndHolesDoNot) {
  const auto s = [&](int from, int to) { return TimeRange{t0_ + Millis{from}, t0_ + Millis{to}}; };
  const TimeRange range = s(0, 10'000);
  EXPECT_EQ(merge_spans({s(3000, 4000), s(-500, 1000), s(1500, 2000), s(3500, 12'000)}, range),
            (std::vector<TimeRange>{s(0, 2000), s(3000, 10'000)}));
  EXPECT_EQ(holes({s(0, 2000), s(3000, 10'000)}, range), std::vector<TimeRange>{s(2000, 3000)});
  EXPECT_EQ(holes({s(500, 9500)}, range), std::vector<TimeRange>{});
  EXPECT_EQ(holes({s(501, 9499)}, range), (std::vector<TimeRange>{s(0, 501), s(9499, 10'000)}));
  EXPECT_EQ(holes({}, range), std::vector<TimeRange>{range});
}

class Gaps : public IndexTest {
 protected:
  // The only gap of five minutes from t0.
  Gap only_gap(const std::vector<Record>& records) {
    Index index = open();
    apply(index, records);
    const auto gaps = find_gaps(index, "cam01", {t0_, t0_ + 5 * kMinute}, t0_ + 60 * kMinute);
    EXPECT_TRUE(gaps);
    EXPECT_EQ(gaps->size(), 1u);
    return gaps->empty() ? Gap{} : gaps->front();
  }
  // Minutes 0, 1 and 4 are recorded, 2 and 3 are missing.
  std::vector<Record> missing_two(std::vector<Record> more) {
    for (const int minute : {0, 1, 4}) more.push_back(segment("cam01", t0_ + minute * kMinute));
    return more;
  }
  const TimeRange missing_{t0_ + 2 * kMinute, t0_ + 4 * kMinute};
};

TEST_F(Gaps, WholeRecordingHasNone) {
  Index index = open();
  std::vector<Record> all;
  for (int i = 0; i < 5; i++) all.push_back(segment("cam01", t0_ + i * kMinute + Millis{i * 90}));
  apply(index, all);
  EXPECT_TRUE(find_gaps(index, "cam01", {t0_, t0_ + 5 * kMinute}, t0_ + 60 * kMinute)->empty());
}

TEST_F(Gaps, Offline) {
  const Gap gap = only_gap(missing_two({opened(t0_), closed(missing_.from), opened(missing_.to, "c2")}));
  EXPECT_EQ(gap.range, missing_);
  EXPECT_EQ(gap.cause, "offline");
  EXPECT_NE(gap.detail.find("peer_lost"), std::string::npos);
}

TEST_F(Gaps, Stalled) {
  EXPECT_EQ(only_gap(missing_two({opened(t0_), link(missing_.from, 900), link(missing_.from + kMinute, 0)})).cause,
            "stalled");
}

TEST_F(Gaps, BadData) {
  EXPECT_EQ(
      only_gap(missing_two({opened(t0_), link(missing_.from, 32'000'000), link(missing_.from + kMinute, 32'000'000)}))
          .cause,
      "bad_data");
}

TEST_F(Gaps, ShortStallWithinAMinuteIsNoBadData) {
  std::vector<Record> records{opened(t0_), link(t0_, 22'000'000)};
  records.push_back(segment("cam01", t0_, 40'000));
  for (int i = 1; i < 5; i++) records.push_back(segment("cam01", t0_ + i * kMinute));
  const Gap gap = only_gap(records);
  EXPECT_EQ(gap.cause, "stalled");
  EXPECT_EQ(gap.range.length(), Millis{20'000});
}

TEST_F(Gaps, RecorderKnowsBest) {
  const GapRecord said{"cam01", missing_.from, 120'000, "disk", "no space left", ""};
  const Gap gap = only_gap(missing_two({opened(t0_), link(missing_.from, 32'000'000), said}));
  EXPECT_EQ(gap.cause, "disk");
  EXPECT_EQ(gap.detail, "no space left");
}

TEST_F(Gaps, DeletedAndUnknown) {
  std::vector<Record> records{opened(t0_)};
  for (const int i : {2, 3})
    records.push_back(
        DeleteRecord{"cam01", t0_, t0_ + i * kMinute, store_.segment_path("cam01", t0_ + i * kMinute), "rm", false});
  EXPECT_EQ(only_gap(missing_two(records)).cause, "deleted");
}

TEST_F(Gaps, ImportsWithoutConnectionsAreNotCalledOffline) {
  EXPECT_EQ(only_gap(missing_two({})).cause, "unknown");
}

TEST_F(Gaps, NeverSeenDeviceIsOfflineUpToNow) {
  Index index = open();
  const auto gaps = find_gaps(index, "cam09", {t0_, t0_ + 5 * kMinute}, t0_ + 2 * kMinute);
  ASSERT_EQ(gaps->size(), 1u);
  EXPECT_EQ(gaps->front().cause, "offline");
  EXPECT_EQ(gaps->front().range, (TimeRange{t0_, t0_ + 2 * kMinute}));
}

TEST_F(Gaps, WhatIsBeingWrittenIsThere) {
  Index index = open();
  const WallMs now = floor_ms(SystemClock{}.wall());
  const WallMs start = now - Millis{40'000};
  apply(index, {segment("cam01", start - kMinute)});
  const TimeRange range{start - kMinute, now};
  EXPECT_EQ(find_gaps(index, "cam01", range, now)->size(), 1u);
  ASSERT_TRUE(fs_.make_dirs(store_.media_path() + "/" + store_.day_folder("cam01", start)));
  const auto part = *fs_.open(store_.media_path() + "/" + store_.part_path("cam01", start), OpenMode::create_new);
  ASSERT_TRUE(*part->try_lock());
  EXPECT_TRUE(find_gaps(index, "cam01", range, now)->empty());
}

TEST_F(Gaps, WhyTellsTheMinute) {
  Index index = open();
  apply(index, missing_two({opened(t0_), closed(missing_.from), link(t0_, 32'000'000)}));
  const auto there = *explain(index, "cam01", t0_ + Millis{30'000}, t0_ + 60 * kMinute);
  EXPECT_EQ(there.covered, kMinute);
  EXPECT_TRUE(there.gaps.empty());
  ASSERT_TRUE(there.link);
  EXPECT_EQ(there.link->bytes, 32'000'000);
  EXPECT_EQ(there.segments.size(), 1u);
  const auto missing = *explain(index, "cam01", t0_ + 3 * kMinute, t0_ + 60 * kMinute);
  EXPECT_EQ(missing.covered, Millis{0});
  ASSERT_EQ(missing.gaps.size(), 1u);
  EXPECT_EQ(missing.gaps[0].cause, "offline");
  ASSERT_TRUE(missing.before);
  EXPECT_EQ(missing.before->id, "c1");
}

}  // namespace
}  // namespace cbx::index

// What there is of a camera today, remembered for a while.
#include "web/today.h"

#include "recordings_fixture.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;

class TodayTest : public RecordingsTest {
 protected:
  void add(WallMs start) {
    SegmentRecord r;
    r.device = "cam01";
    r.start = start;
    r.duration_ms = 60'000;
    r.path = store_.segment_path("cam01", start);
    r.bytes = 1000;
    r.video = "h264";
    add_to_index({r});
    newest_ = start;
  }
  void remove(WallMs start) {
    DeleteRecord r;
    r.device = "cam01";
    r.start = start;
    r.time = start + 1h;
    add_to_index({r});
  }
  Millis covered(const std::vector<TimeRange>& in_progress = {}) {
    auto index = index::Index::open(store_, index::Access::read);
    EXPECT_TRUE(index);
    const auto sum = today_.covered(*index, "cam01", {midnight_, midnight_ + 12h}, newest_, in_progress);
    EXPECT_TRUE(sum) << sum.error().message();
    return sum.value_or(Millis{-1});
  }

  WallMs midnight_ = at("2026-11-21T00:00:00Z");
  std::optional<WallMs> newest_;
  Today today_{clock_};
};

TEST_F(TodayTest, ANewerFileCountsAtOnceWhatHasGoneAfterAWhile) {
  add_to_index({});
  EXPECT_EQ(covered(), 0ms);
  add(midnight_ - 30s);
  EXPECT_EQ(covered(), 30s) << "reaches into the day";
  add(midnight_ + 5min);
  EXPECT_EQ(covered(), 90s);
  add(midnight_ + 6min);
  EXPECT_EQ(covered(), 150s);
  EXPECT_EQ(covered({{midnight_ + 6min + 30s, midnight_ + 8min}}), 210s) << "nothing counts twice";
  remove(midnight_ + 5min);
  EXPECT_EQ(covered(), 150s);
  clock_.advance(31s);
  EXPECT_EQ(covered(), 90s);
  remove(midnight_ - 30s);
  EXPECT_EQ(covered(), 90s);
  today_.forget("cam01");
  EXPECT_EQ(covered(), 60s) << "what is deleted here is known at once";
}

TEST_F(TodayTest, AnotherDayIsAnotherSum) {
  add(midnight_ + 5min);
  EXPECT_EQ(covered(), 60s);
  midnight_ += 24h;
  EXPECT_EQ(covered(), 0ms);
}

}  // namespace
}  // namespace cbx::web

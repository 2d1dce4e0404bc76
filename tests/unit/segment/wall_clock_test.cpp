// A wall clock that is set while cameras record: every picture is kept, under a name of its own, as told by the clock
// of its moment.
#include <cstdlib>
#include <ctime>

#include "fixture.h"

namespace cbx::segment::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

WallTime at(const char* text) {
  return *parse_rfc3339(text);
}

struct WallClock : RecorderTest {
  int64_t pictures_ms(const std::vector<SegmentRecord>& all) {
    int64_t ticks = 0;
    for (const auto& r : all)
      for (const auto& f : map_of(r).fragments)
        if (f.track == 0) ticks += f.duration;
    return ticks / 90;
  }
  void expect_own_names(const std::vector<SegmentRecord>& all) {
    std::set<std::string> names;
    std::set<WallMs> starts;
    for (const auto& r : all) {
      EXPECT_TRUE(names.insert(r.path).second) << r.path;
      EXPECT_TRUE(starts.insert(r.start).second) << r.path;
      EXPECT_EQ(r.path, store.segment_path("cam01", r.start)) << "the name says the start";
    }
  }
};

struct Step {
  const char* name;
  std::chrono::microseconds by;
};
class Steps : public WallClock, public ::testing::WithParamInterface<Step> {};

TEST_P(Steps, LoseNothingAndBeginANewFile) {
  start();
  Pts90k t = feed(0, 20);
  const WallTime before = clock.wall();
  clock.set_wall(before + GetParam().by);
  t = feed(t, 70);
  // And set right again.
  clock.set_wall(clock.wall() - GetParam().by);
  feed(t, 70);
  const auto all = segments();
  expect_own_names(all);
  EXPECT_NEAR(static_cast<double>(pictures_ms(all)), 160'000, 40);
  int64_t wrong = 0, right = 0;
  for (const auto& r : all) {
    const bool shifted = r.start >= floor_ms(before + GetParam().by) - Millis{1500} &&
                         r.start <= floor_ms(before + GetParam().by) + Millis{72'000};
    (shifted ? wrong : right) += r.duration_ms;
  }
  // The key frame after the step begins a new file: up to a second is told by the clock before.
  EXPECT_NEAR(static_cast<double>(wrong), 70'000, 1500);
  EXPECT_NEAR(static_cast<double>(right), 90'000, 1500);
}

INSTANTIATE_TEST_SUITE_P(Clock, Steps,
                         ::testing::Values(Step{"HourAhead", hours{1}}, Step{"HourBack", -hours{1}},
                                           Step{"YearAhead", hours{365 * 24}}, Step{"YearBack", -hours{365 * 24}}),
                         [](const auto& info) { return info.param.name; });

TEST_F(WallClock, ACameraThatConnectsBeforeTheClockIsSetIsKeptIn1970) {
  store = *store::Store::init(dir.path() + "/west", *UtcOffset::parse("-05:00"), std::nullopt);
  clock.set_wall(at("1970-01-01T00:00:00Z"));
  start();
  recorder->set_rtt(std::chrono::milliseconds{800});
  Pts90k t = feed(0, 20);
  clock.set_wall(at("2026-11-20T08:00:00Z"));
  feed(t, 20);
  const auto all = segments();
  // Half the way of the packets before the clock's zero: that is a minute of its own.
  ASSERT_EQ(all.size(), 3u);
  expect_own_names(all);
  EXPECT_EQ(all[0].path, "cam01/1969-12-31/19-00-00.000.mp4");
  EXPECT_EQ(store.day_folder("cam01", all[2].start), "cam01/2026-11-20");
  EXPECT_NEAR(static_cast<double>(pictures_ms(all)), 40'000, 40);
  // Recovery and verification know such a file by its name.
  const auto parsed = store.parse_path(all[0].path);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->start, all[0].start);
}

TEST_F(WallClock, SetBackAgainAndAgainToTheSameInstant) {
  start();
  Pts90k t = 0;
  for (int i = 0; i < 6; i++) {
    clock.set_wall(at("2026-11-20T08:00:30Z"));
    t = feed(t, 8);
  }
  const auto all = segments();
  expect_own_names(all);
  EXPECT_NEAR(static_cast<double>(pictures_ms(all)), 48'000, 40);
}

TEST_F(WallClock, ARecordingThatRunsOverMidnightOfTheStoreChangesTheFolder) {
  clock.set_wall(at("2026-11-20T14:59:40Z"));  // 23:59:40 in Seoul
  start();
  feed(0, 40);
  const auto all = segments();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].path, "cam01/2026-11-20/23-59-40.000.mp4");
  EXPECT_EQ(all[1].path, "cam01/2026-11-21/00-00-00.000.mp4");
}

TEST_F(WallClock, AFileWhoseNameIsTakenAtMidnightMovesIntoTheNextDay) {
  clock.set_wall(at("2026-11-20T14:59:59.999Z"));
  for (int i = 0; i < 2; i++) {
    clock.set_wall(at("2026-11-20T14:59:59.999Z"));
    start();
    feed(i * 9000000, 5 + i);
    recorder->end("close");
    recorder.reset();
    closer->wait_for_room(0);
  }
  const auto all = segments();
  ASSERT_EQ(all.size(), 4u);
  expect_own_names(all);
  EXPECT_EQ(all[0].path, "cam01/2026-11-20/23-59-59.999.mp4");
  EXPECT_EQ(all[1].path, "cam01/2026-11-21/00-00-00.000.mp4") << "moved by a millisecond";
}

TEST_F(WallClock, BothChangesOfDaylightSavingAreNoEventInTheStore) {
  const char* old = std::getenv("TZ");
  const std::string before = old ? old : "";
  int stores = 0;
  for (const char* zone : {"Europe/Berlin", "Asia/Seoul", "America/New_York"}) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    for (const char* change : {"2026-03-29T00:59:40Z", "2026-10-25T00:59:40Z", "2026-11-01T05:59:40Z"}) {
      store =
          *store::Store::init(dir.path() + "/" + std::to_string(stores++), *UtcOffset::parse("+01:00"), std::nullopt);
      recorder.reset();
      closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
      shared.reset(new Shared{fs, store, clock, log, disk, *closer, seconds{60}});
      clock.set_wall(at(change));
      start();
      audio_from(0);
      feed(0, 40);
      const auto all = segments();
      ASSERT_EQ(all.size(), 2u) << zone << " " << change;
      EXPECT_EQ(all[1].start, all[0].start + Millis{20'000});
      EXPECT_EQ(all[0].start, floor_ms(at(change)));
      EXPECT_EQ(all[1].path, store.segment_path("cam01", floor_ms(at(change)) + Millis{20'000}));
    }
  }
  old ? ::setenv("TZ", before.c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

}  // namespace
}  // namespace cbx::segment::test

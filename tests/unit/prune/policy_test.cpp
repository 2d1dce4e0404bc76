#include "prune/policy.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "prune/clock_guard.h"
#include "prune/events.h"

namespace cbx::prune {
namespace {

using index::StoredFile;
constexpr Millis kMinute{60'000};
constexpr Millis kDay = std::chrono::days{1};

WallMs at(const std::string& text) {
  return *parse_rfc3339(text);
}

class FakeSource final : public Source {
 public:
  Result<std::vector<StoredFile>> files(const std::string& device, WallMs from, size_t most) override {
    std::vector<StoredFile> out;
    for (const auto& f : stored[device])
      if (f.start >= from && out.size() < most) out.push_back(f);
    return out;
  }
  Result<int64_t> bytes(const std::string& device) override {
    int64_t sum = 0;
    for (const auto& f : stored[device]) sum += f.bytes;
    return sum;
  }
  Result<bool> unpushed(const std::string&, WallMs start) override { return not_pushed.contains(start); }

  std::map<std::string, std::vector<StoredFile>> stored;
  std::set<WallMs> not_pushed;
};

class PolicyTest : public testing::Test {
 protected:
  // `count` minutes of 100 bytes, the last one ending at `end`.
  void record(const std::string& device, WallMs end, int count) {
    for (int i = count; i > 0; i--) source_.stored[device].push_back({end - i * kMinute, 60'000, 100});
  }
  Policy policy(std::vector<DevicePolicy> devices, std::optional<int64_t> max_size = {}) {
    return {source_, now_, max_size, std::move(devices)};
  }
  Policy::Go go() {
    return [this](const std::string& device, const StoredFile& file, Why why) -> Status {
      gone_.push_back(device + " " + format_rfc3339(file.start).substr(11, 5) + " " + word(why));
      return {};
    };
  }
  Status run(Policy& p) {
    CBX_TRY(p.by_age(go()));
    CBX_TRY(p.by_device_size(go()));
    return p.by_size(go());
  }

  const WallMs now_ = at("2026-11-20T08:00:00Z");
  FakeSource source_;
  std::vector<std::string> gone_;
};

using Lines = std::vector<std::string>;

TEST_F(PolicyTest, AgeIsThatOfTheEnd) {
  // Ends at 07:00, 07:01 and 07:02; an hour is kept.
  record("a", now_ - 58 * kMinute, 3);
  Policy p = policy({{"a", {Millis{60 * kMinute}, {}}, {}, {}}});
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_, (Lines{"a 06:59 age"}));
  const auto kept = p.judge(p.devices()[0], source_.stored["a"][1]);
  EXPECT_EQ(kept->why, Why::not_due);
  EXPECT_FALSE(kept->goes());
  EXPECT_TRUE(p.judge(p.devices()[0], source_.stored["a"][0])->goes());
}

TEST_F(PolicyTest, WithoutARuleNothingGoes) {
  record("a", at("1999-01-01T00:00:00Z"), 3);
  Policy p = policy({{"a", {}, {}, {}}});
  ASSERT_TRUE(run(p));
  EXPECT_TRUE(gone_.empty());
}

TEST_F(PolicyTest, NothingOfTheLastMinutesGoesHoweverFullTheDisk) {
  record("a", now_, 12);
  Policy p = policy({{"a", {Millis{0}, 0}, {}, {}}}, 0);
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_, (Lines{"a 07:48 age", "a 07:49 age"}));
  ASSERT_EQ(*p.by_free(1'000'000, go()), 0);
  EXPECT_EQ(p.held(Why::too_young).files, 10);
  EXPECT_EQ(p.over_size(), 2000);
}

TEST_F(PolicyTest, TheOldestOfAllGoFirstWhateverTheDevice) {
  record("a", now_ - 60 * kMinute, 2);
  record("b", now_ - 61 * kMinute, 2);
  record("c", now_ - 30 * kMinute, 2);
  Policy p = policy({{"a", {}, {}, {}}, {"b", {}, {}, {}}, {"c", {}, {}, {}}}, 250);
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_, (Lines{"b 06:57 size", "a 06:58 size", "b 06:58 size", "a 06:59 size"}));
  EXPECT_EQ(p.over_size(), 0);
}

TEST_F(PolicyTest, AgeGoesBeforeSizeAndIsNotCountedTwice) {
  record("long", now_ - 10 * kDay, 3);
  record("short", now_ - 2 * kDay, 3);
  // What `short` loses by age is enough: `long` keeps its older files.
  Policy p = policy({{"long", {Millis{365 * kDay}, {}}, {}, {}}, {"short", {kDay, {}}, {}, {}}}, 300);
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_.size(), 3u);
  for (const auto& line : gone_) EXPECT_TRUE(line.starts_with("short")) << line;
}

TEST_F(PolicyTest, ADeviceOverItsSizeLosesItsOwnOldest) {
  record("a", now_ - kDay, 5);
  record("b", now_ - 2 * kDay, 5);
  Policy p = policy({{"a", {{}, 250}, {}, {}}, {"b", {}, {}, {}}});
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_, (Lines{"a 07:55 size", "a 07:56 size", "a 07:57 size"}));
}

TEST_F(PolicyTest, HeldFilesStayAndAreCounted) {
  record("a", now_ - kDay, 5);
  const auto& files = source_.stored["a"];
  source_.not_pushed.insert(files[3].start);
  // The pin ends where the second file begins: only the first is pinned.
  DevicePolicy device{"a", {Millis{0}, {}}, {{files[0].start, files[1].start}}, {files[2].start}};
  Policy p = policy({device}, 0);
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_, (Lines{"a 07:56 age", "a 07:59 age"}));
  EXPECT_EQ(p.held(Why::pinned).files, 1);
  EXPECT_EQ(p.held(Why::event).files, 1);
  EXPECT_EQ(p.held(Why::unpushed).bytes, 100);
  EXPECT_EQ(p.over_size(), 300);
  const auto verdict = p.judge(p.devices()[0], files[2]);
  EXPECT_EQ(verdict->why, Why::event);
  EXPECT_EQ(verdict->due, Why::age);
}

TEST_F(PolicyTest, FreeingGoesOnWhereItStopped) {
  record("a", now_ - kDay, 5);
  Policy p = policy({{"a", {Millis{30 * kDay}, {}}, {}, {}}});
  ASSERT_TRUE(run(p));
  EXPECT_EQ(*p.by_free(150, go()), 200);
  EXPECT_EQ(*p.by_free(1, go()), 100);
  EXPECT_EQ(*p.by_free(1000, go()), 200);
  EXPECT_EQ(*p.by_free(1000, go()), 0);
  EXPECT_EQ(gone_.size(), 5u);
}

TEST_F(PolicyTest, ManyPages) {
  record("a", now_ - kDay, 5000);
  record("b", now_ - kDay, 5000);
  Policy p = policy({{"a", {Millis{0}, {}}, {}, {}}, {"b", {}, {}, {}}}, 100);
  ASSERT_TRUE(run(p));
  EXPECT_EQ(gone_.size(), 9999u);
  EXPECT_EQ(std::set<std::string>(gone_.begin(), gone_.end()).size() > 2800, true);
}

TEST_F(PolicyTest, LeapDaysAndChangesOfSummerTimeAreDaysLikeAnyOther) {
  // Times are UTC: 366 days back from 2029-02-28 is 2028-02-28, across a leap day; the last Sunday of March is 24 h
  // long.
  for (const auto& [now, keep, edge] : {std::tuple{"2029-02-28T00:00:00Z", 366, "2028-02-28T00:00:00Z"},
                                        std::tuple{"2026-03-30T00:00:00Z", 2, "2026-03-28T00:00:00Z"}}) {
    source_.stored.clear();
    gone_.clear();
    source_.stored["a"] = {{at(edge) - kMinute, 60'000, 1}, {at(edge), 60'000, 1}};
    Policy p(source_, at(now), {}, {{"a", {keep * kDay, {}}, {}, {}}});
    ASSERT_TRUE(p.by_age(go()));
    EXPECT_EQ(gone_.size(), 1u) << now;
  }
}

EventRecord event(WallMs time, const std::string& kind, std::optional<double> value = {}) {
  EventRecord e;
  e.device = "a";
  e.time = time;
  e.kind = kind;
  e.value = value;
  return e;
}

TEST(Events, HoldAroundShocksSosAndMarksForAWhile) {
  const WallMs now = at("2026-11-20T08:00:00Z");
  EventRules rules;
  rules.before = kMinute;
  rules.after = 2 * kMinute;
  rules.last = 10 * kDay;
  const std::vector<EventRecord> events{event(now - 11 * kDay, "sos"), event(now - kDay, "motion"),
                                        event(now - kDay, "shock", -3.5), event(now, "mark"), event(now, "parking")};
  const auto windows = event_windows(events, rules, now);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].range.from, now - kDay - kMinute);
  EXPECT_TRUE(windows[0].range.contains(now - kDay + 2 * kMinute));
  EXPECT_EQ(windows[0].rank.value, 3.5);
}

TEST(Events, SosOutranksShocksAndHarderOnesSofterOnes) {
  const WallMs t = at("2026-11-20T08:00:00Z");
  const auto file = [&](int minute, EventRank rank) { return EventFile{{t + minute * kMinute, 60'000, 100}, rank}; };
  const std::vector<EventFile> files{file(1, {1, 9, t}), file(2, {3, 0, t}), file(3, {1, 2, t + kDay}),
                                     file(4, {1, 2, t}), file(5, {2, 0, t})};
  const auto minutes = [&](int64_t most) {
    std::vector<int> out;
    const auto held = hold_within(std::vector<std::vector<EventFile>>(1, files), most);
    for (const WallMs start : held.at(0)) out.push_back(static_cast<int>((start - t) / kMinute));
    return out;
  };
  EXPECT_EQ(minutes(99), (std::vector<int>{}));
  EXPECT_EQ(minutes(100), (std::vector<int>{2}));
  EXPECT_EQ(minutes(299), (std::vector<int>{2, 5}));
  EXPECT_EQ(minutes(300), (std::vector<int>{1, 2, 5}));
  EXPECT_EQ(minutes(400), (std::vector<int>{1, 2, 3, 5}));
  EXPECT_EQ(minutes(1000).size(), 5u);
}

TEST(Events, AShakyCameraDoesNotTakeTheOthersShare) {
  const WallMs t = at("2026-11-20T08:00:00Z");
  std::vector<EventFile> shaky, calm;
  for (int i = 0; i < 100; i++) shaky.push_back({{t + i * kMinute, 60'000, 100}, {1, 50, t + i * kMinute}});
  for (int i = 0; i < 3; i++) calm.push_back({{t + i * kMinute, 60'000, 100}, {1, 1, t + i * kMinute}});
  const auto held = hold_within({shaky, calm, {}}, 1000);
  EXPECT_EQ(held[0].size(), 7u);
  EXPECT_EQ(held[1].size(), 3u);
  EXPECT_EQ(held[0].back(), t + 99 * kMinute);
}

class ClockGuard : public testing::Test {
 protected:
  std::string doubt_of(const std::optional<LastRun>& last, WallMs now, Millis boottime = kDay,
                       const std::string& boot = "b1", bool synchronised = false) {
    const auto why = doubt(last, {now, boot, boottime, synchronised}, evidence_);
    EXPECT_TRUE(why);
    return why->value_or("");
  }
  const WallMs t_ = at("2026-11-20T08:00:00Z");
  const LastRun last_{t_, "b1", kDay, {}};
  bool recorded_ = false;
  ClockEvidence evidence_{at("2026-01-01T00:00:00Z"), at("2026-11-20T07:59:00Z"),
                          [this](WallMs, Millis) -> Result<bool> { return recorded_; }};
};

TEST_F(ClockGuard, BelievesAClockThatGoesOn) {
  EXPECT_EQ(doubt_of({}, t_), "");
  EXPECT_EQ(doubt_of(last_, t_ + 10 * kMinute, kDay + 10 * kMinute), "");
  EXPECT_EQ(doubt_of(last_, t_ - Millis{59'000}, kDay), "");  // NTP stepping
  EXPECT_EQ(doubt_of(last_, t_ + 30 * kDay, 31 * kDay), "");  // the timer was off
  EXPECT_EQ(doubt_of(last_, t_ + 6 * kDay, kMinute, "b2"), "");
}

TEST_F(ClockGuard, DoubtsOneThatJumped) {
  EXPECT_NE(doubt_of(last_, t_ - 2 * kMinute, kDay), "");
  EXPECT_NE(doubt_of(last_, t_ - Millis{std::chrono::hours{1}}, kDay, "b2", true), "");
  EXPECT_NE(doubt_of(last_, t_ + Millis{std::chrono::hours{2}}, kDay + kMinute), "");  // an hour of DST is less
  EXPECT_NE(doubt_of(last_, t_ + 365 * kDay, kDay + kMinute), "");
  EXPECT_NE(doubt_of(last_, at("1970-01-01T00:01:00Z"), kMinute, "b2"), "");
}

TEST_F(ClockGuard, AMachineThatWasPausedIsBelievedWhenItsClockIsSynchronised) {
  EXPECT_NE(doubt_of(last_, t_ + Millis{std::chrono::hours{12}}, kDay + kMinute), "");
  EXPECT_EQ(doubt_of(last_, t_ + Millis{std::chrono::hours{12}}, kDay + kMinute, "b1", true), "");
  EXPECT_NE(doubt_of(last_, t_ + 8 * kDay, kDay + kMinute, "b1", true), "");
}

TEST_F(ClockGuard, AServerThatWasOffForLongIsBelievedWithReason) {
  EXPECT_NE(doubt_of(last_, t_ + 14 * kDay, kMinute, "b2"), "");
  EXPECT_EQ(doubt_of(last_, t_ + 14 * kDay, kMinute, "b2", true), "");
  recorded_ = true;
  EXPECT_EQ(doubt_of(last_, t_ + 14 * kDay, kMinute, "b2"), "");
}

TEST_F(ClockGuard, AFirstRunLooksAtTheStore) {
  EXPECT_NE(doubt_of({}, at("2025-12-31T00:00:00Z")), "");
  EXPECT_NE(doubt_of({}, at("1970-01-01T00:00:10Z")), "");
  evidence_.newest_file = t_ + 2 * kDay;
  EXPECT_NE(doubt_of({}, t_), "");
  EXPECT_EQ(doubt_of(last_, t_ + kMinute, kDay + kMinute), "");
}

}  // namespace
}  // namespace cbx::prune

#include "cli/times.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace cbx::cli {
namespace {

WallMs at(const char* text) {
  return *parse_rfc3339(text);
}

// 2026-11-20 17:30 in Seoul.
const TimeContext kSeoul{*UtcOffset::parse("+09:00"), at("2026-11-20T08:30:00Z")};

std::string range(const char* text) {
  const auto r = parse_range(text, kSeoul);
  return r ? format_rfc3339(r->from) + " " + format_rfc3339(r->to) : "error: " + r.error().message();
}

std::string time(const char* text) {
  const auto t = parse_time(text, kSeoul);
  return t ? format_rfc3339(*t) : "error: " + t.error().message();
}

TEST(Times, WritesInTheStoresOffset) {
  EXPECT_EQ(time("2026-11-20 17:01"), "2026-11-20T08:01:00.000Z");
  EXPECT_EQ(time("2026-11-20T17:01:02"), "2026-11-20T08:01:02.000Z");
  EXPECT_EQ(time("2026-11-20 17:01:02.5"), "2026-11-20T08:01:02.500Z");
  EXPECT_EQ(time("2026-11-20"), "2026-11-19T15:00:00.000Z");
  EXPECT_EQ(time("17:01"), "2026-11-20T08:01:00.000Z");
  EXPECT_EQ(time("2026-11-20T17:01:00Z"), "2026-11-20T17:01:00.000Z");
  EXPECT_EQ(time("2026-11-20 17:01:00+01:00"), "2026-11-20T16:01:00.000Z");
}

TEST(Times, Words) {
  EXPECT_EQ(time("now"), "2026-11-20T08:30:00.000Z");
  EXPECT_EQ(time("today"), "2026-11-19T15:00:00.000Z");
  EXPECT_EQ(time("yesterday"), "2026-11-18T15:00:00.000Z");
  EXPECT_EQ(time("-2h"), "2026-11-20T06:30:00.000Z");
  EXPECT_EQ(time("now-1h30m"), "2026-11-20T07:00:00.000Z");
}

TEST(Times, DaysAreTheStoresWhateverTheSystemsZoneDoes) {
  // A store in Berlin keeps +01:00; the system's clocks change on these days.
  const UtcOffset winter = *UtcOffset::parse("+01:00");
  const char* old = std::getenv("TZ");
  const std::string before = old ? old : "";
  for (const char* zone : {"Europe/Berlin", "Asia/Seoul", "CET-1CEST,M3.5.0,M10.5.0/3"}) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    for (const char* noon : {"2026-03-29T11:00:00Z", "2026-10-25T11:00:00Z"}) {
      const TimeContext context{winter, at(noon)};
      const auto today = parse_range("today", context), yesterday = parse_range("yesterday", context);
      ASSERT_TRUE(today && yesterday);
      EXPECT_EQ(today->from, at(noon) - std::chrono::hours{12});
      EXPECT_EQ(today->length(), std::chrono::hours{24}) << "no day has 23 or 25 hours";
      EXPECT_EQ(yesterday->length(), std::chrono::hours{24});
      EXPECT_EQ(yesterday->to, today->from);
      // An hour that the zone skips or has twice is one like others.
      EXPECT_EQ(*parse_time("02:30", context), today->from + std::chrono::minutes{150});
    }
  }
  old ? ::setenv("TZ", before.c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

TEST(Times, LeapDays) {
  const TimeContext leap{*UtcOffset::parse("+09:00"), at("2028-02-29T03:00:00Z")};
  EXPECT_EQ(*parse_time("today", leap), at("2028-02-28T15:00:00Z"));
  EXPECT_EQ(parse_range("2028-02-28..03-01", leap)->length(), std::chrono::hours{72});
  EXPECT_EQ(parse_range("2028-02-29", leap)->length(), std::chrono::hours{24});
  EXPECT_FALSE(parse_range("2100-02-29", leap));
  EXPECT_EQ(*parse_time("2016-12-31T23:59:60Z", leap), at("2017-01-01T00:00:00Z"));
}

TEST(Times, RefusesAndShowsTheForms) {
  for (const char* bad : {"", "x", "2026-13-01", "2026-02-30", "17:60", "25:00", "2026-11-20 17", "11-20", "20",
                          "2026-11-20 17:01:02.1234", "-2y", "2026-11-20-", "2026-11-20 17:01 x"}) {
    const auto t = parse_time(bad, kSeoul);
    ASSERT_FALSE(t) << bad;
    EXPECT_EQ(t.error().code(), ErrorCode::usage) << bad;
    EXPECT_NE(t.error().message().find("yesterday"), std::string::npos) << bad;
  }
}

TEST(Ranges, EndInheritsWhatItLeavesOut) {
  EXPECT_EQ(range("2026-11-17 14:05..14:20"), "2026-11-17T05:05:00.000Z 2026-11-17T05:20:00.000Z");
  EXPECT_EQ(range("2026-11-17 14:05..18 00:10"), "2026-11-17T05:05:00.000Z 2026-11-17T15:10:00.000Z");
  EXPECT_EQ(range("2026-11-17..18"), "2026-11-16T15:00:00.000Z 2026-11-18T15:00:00.000Z");
  EXPECT_EQ(range("2026-11-17..12-01"), "2026-11-16T15:00:00.000Z 2026-12-01T15:00:00.000Z");
  EXPECT_EQ(range("2026-11-17..2026-11-17 06:00"), "2026-11-16T15:00:00.000Z 2026-11-16T21:00:00.000Z");
  EXPECT_EQ(range("2026-11-17 14:05 .. +15m"), "2026-11-17T05:05:00.000Z 2026-11-17T05:20:00.000Z");
  EXPECT_EQ(range("yesterday..today"), "2026-11-18T15:00:00.000Z 2026-11-20T15:00:00.000Z");
  EXPECT_EQ(range("2026-11-17T05:05:00Z..2026-11-17T05:20:00Z"), "2026-11-17T05:05:00.000Z 2026-11-17T05:20:00.000Z");
}

TEST(Ranges, OpenEndsAndSingles) {
  EXPECT_EQ(range("2026-11-17.."), "2026-11-16T15:00:00.000Z 2026-11-20T08:30:00.000Z");
  EXPECT_EQ(range("-2h.."), "2026-11-20T06:30:00.000Z 2026-11-20T08:30:00.000Z");
  EXPECT_EQ(range("-2h"), "2026-11-20T06:30:00.000Z 2026-11-20T08:30:00.000Z");
  EXPECT_EQ(range("-2h..-1h"), "2026-11-20T06:30:00.000Z 2026-11-20T07:30:00.000Z");
  EXPECT_EQ(range("2026-11-17"), "2026-11-16T15:00:00.000Z 2026-11-17T15:00:00.000Z");
  EXPECT_EQ(range("2026-11-17 14:05"), "2026-11-17T05:05:00.000Z 2026-11-17T05:06:00.000Z");
  EXPECT_EQ(range("today"), "2026-11-19T15:00:00.000Z 2026-11-20T15:00:00.000Z");
}

TEST(Ranges, RefusesWhatIsEmptyBackwardsOrUnclear) {
  for (const char* bad : {"2026-11-17 23:50..00:10", "2026-11-18..2026-11-17", "2026-11-17 14:05..20", "..2026-11-17",
                          "now", "2026-11-17 14:05..14:05", "a..b", "2026-11-21..", "-0d", "now-0s"}) {
    const auto r = parse_range(bad, kSeoul);
    ASSERT_FALSE(r) << bad;
    EXPECT_EQ(r.error().code(), ErrorCode::usage) << bad;
    EXPECT_NE(r.error().message().find("A..B"), std::string::npos) << r.error().message();
  }
}

TEST(Durations, UnitsAndSums) {
  EXPECT_EQ(parse_duration("30d")->count(), 30LL * 86'400'000);
  EXPECT_EQ(parse_duration("10h")->count(), 36'000'000);
  EXPECT_EQ(parse_duration("90s")->count(), 90'000);
  EXPECT_EQ(parse_duration("5m")->count(), 300'000);
  EXPECT_EQ(parse_duration("250ms")->count(), 250);
  EXPECT_EQ(parse_duration("1h30m")->count(), 5'400'000);
  for (const char* bad : {"", "5", "m", "5x", "-5m", "99999999999999999999s", "999999999d", "1h 30m"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Sizes, PowersOf1024) {
  EXPECT_EQ(*parse_size("4096"), 4096);
  EXPECT_EQ(*parse_size("500M"), 500LL << 20);
  EXPECT_EQ(*parse_size("60G"), 60LL << 30);
  EXPECT_EQ(*parse_size("1.5GiB"), 3LL << 29);
  EXPECT_EQ(*parse_size("2k"), 2048);
  EXPECT_EQ(*parse_size("3MB"), 3LL << 20);
  for (const char* bad : {"", "M", "1.5", "-1", "5X", "5MM", "99999999999G", "1..5M", "5 M"})
    EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(RelativeTimes, AreProtectedFromBeingOptions) {
  EXPECT_EQ(protect_relative_time("-2h"), "now-2h");
  EXPECT_EQ(protect_relative_time("-1h30m..-1h"), "now-1h30m..-1h");
  EXPECT_EQ(protect_relative_time("-90s.."), "now-90s..");
  for (const char* other : {"-n", "--", "-", "-2", "--since=-2h", "-0", "-2x", "2h", ""})
    EXPECT_EQ(protect_relative_time(other), other);
}

}  // namespace
}  // namespace cbx::cli

#include "base/time.h"

#include <gtest/gtest.h>

namespace cbx {
namespace {

TEST(Rfc3339, RoundTrips) {
  for (const char* t :
       {"1970-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z", "2026-11-20T08:01:00.033Z", "9999-12-31T23:59:59.999Z"})
    EXPECT_EQ(format_rfc3339(parse_rfc3339(t).value()), t);
}

TEST(Rfc3339, ReadsOffsetsFractionsAndLeapSeconds) {
  const auto same = [](const char* a, const char* b) { return parse_rfc3339(a).value() == parse_rfc3339(b).value(); };
  EXPECT_TRUE(same("2026-11-20T17:01:00+09:00", "2026-11-20T08:01:00Z"));
  EXPECT_TRUE(same("2026-11-20t08:01:00.0339999z", "2026-11-20T08:01:00.033Z"));
  EXPECT_TRUE(same("2026-11-20 08:01:00.5Z", "2026-11-20T08:01:00.500Z"));
  EXPECT_TRUE(same("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, LeapYearsAndTheEdgesOfClocks) {
  for (const char* t : {"2028-02-29T12:00:00.000Z", "2000-02-29T00:00:00.000Z", "2106-02-07T06:28:16.000Z",
                        "2262-04-11T23:47:16.855Z", "2262-04-12T00:00:00.000Z"})
    EXPECT_EQ(format_rfc3339(parse_rfc3339(t).value()), t);
  EXPECT_FALSE(parse_rfc3339("2100-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("2027-02-29T00:00:00Z"));
  EXPECT_EQ(parse_rfc3339("2028-03-01T00:00:00Z").value() - parse_rfc3339("2028-02-28T00:00:00Z").value(),
            std::chrono::hours{48});
  EXPECT_EQ(parse_rfc3339("2100-03-01T00:00:00Z").value() - parse_rfc3339("2100-02-28T00:00:00Z").value(),
            std::chrono::hours{24});
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* t :
       {"", "2026", "2026-11-20", "2026-11-20T08:01:00", "2026-11-20T08:01Z", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T08:01:61Z", "2026-11-20T08:01:00.Z",
        "2026-11-20T08:01:00+9", "1969-12-31T23:59:59Z", "2026-11-20T08:01:00Zx", "x2026-11-20T08:01:00Z",
        // Within the years in their own offset, but not as the UTC that records tell.
        "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"}) {
    const auto r = parse_rfc3339(t);
    ASSERT_FALSE(r) << t;
    EXPECT_EQ(r.error().code(), ErrorCode::data);
  }
}

// A machine without a battery starts its clock at the epoch: west of Greenwich that is still 1969.
TEST(LocalTime, OfTheEpochReadsBackInEveryOffset) {
  for (const int hours : {-18, -5, 0, 9, 18}) {
    const UtcOffset offset{std::chrono::hours{hours}};
    for (const WallMs t : {kEarliest, kLatest}) {
      const auto again = from_local(to_local(t, offset), offset);
      ASSERT_TRUE(again) << hours;
      EXPECT_EQ(*again, t);
    }
  }
  EXPECT_FALSE(from_local({1969, 12, 31, 23, 59, 59, 999}, UtcOffset{}));
  EXPECT_FALSE(from_local({10000, 1, 1, 0, 0, 0, 0}, UtcOffset{}));
}

TEST(UtcOffset, ParsesAndFormats) {
  EXPECT_EQ(UtcOffset::parse("+09:00")->minutes().count(), 540);
  EXPECT_EQ(UtcOffset::parse("-0330")->minutes().count(), -210);
  EXPECT_EQ(UtcOffset::parse("-03:30")->format(), "-03:30");
  EXPECT_EQ(UtcOffset::parse("Z")->format(), "+00:00");
  for (const char* bad : {"", "9", "+9:00", "+19:00", "+09:60", "+09:00x", "09:00"})
    EXPECT_FALSE(UtcOffset::parse(bad)) << bad;
}

TEST(UtcOffset, SystemStandardIgnoresDaylightSaving) {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();
  const bool have_zones = UtcOffset::system_standard().minutes().count() != 0;
  if (have_zones) {
    EXPECT_EQ(UtcOffset::system_standard().format(), "+01:00");
    ::setenv("TZ", "Australia/Sydney", 1);
    ::tzset();
    EXPECT_EQ(UtcOffset::system_standard().format(), "+10:00");
  }
  ::setenv("TZ", "AEST-10AEDT,M10.1.0,M4.1.0/3", 1);
  ::tzset();
  EXPECT_EQ(UtcOffset::system_standard().format(), "+10:00");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(LocalTime, GoesBothWaysAtDayBounds) {
  const UtcOffset seoul{std::chrono::minutes{540}};
  const WallMs t = parse_rfc3339("2026-11-20T15:00:00Z").value();
  EXPECT_EQ(format_day(t, seoul), "2026-11-21");
  EXPECT_EQ(format_day(t - Millis{1}, seoul), "2026-11-20");
  EXPECT_EQ(from_local(to_local(t, seoul), seoul).value(), t);
  // A clock without a battery begins in 1969 for half the world.
  const UtcOffset west{std::chrono::minutes{-300}};
  EXPECT_EQ(format_day(WallMs{}, west), "1969-12-31");
  EXPECT_EQ(from_local(to_local(WallMs{}, west), west).value(), WallMs{});
}

}  // namespace
}  // namespace cbx

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

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* t :
       {"", "2026", "2026-11-20", "2026-11-20T08:01:00", "2026-11-20T08:01Z", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T08:01:61Z", "2026-11-20T08:01:00.Z",
        "2026-11-20T08:01:00+9", "1969-12-31T23:59:59Z", "2026-11-20T08:01:00Zx", "x2026-11-20T08:01:00Z"}) {
    const auto r = parse_rfc3339(t);
    ASSERT_FALSE(r) << t;
    EXPECT_EQ(r.error().code(), ErrorCode::data);
  }
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
}

}  // namespace
}  // namespace cbx

#include "web/when.h"

#include <gtest/gtest.h>

#include "temp_dir.h"

namespace cbx::web {
namespace {

class When_ : public testing::Test {
 protected:
  When_() : store_(*store::Store::init(dir_.path(), UtcOffset::parse("+09:00").value(), std::nullopt)) {}
  Result<When> parse(std::string_view text) { return parse_when(text, store_, now_, std::chrono::hours(31 * 24)); }
  static WallMs at(const std::string& text) { return *parse_rfc3339(text); }

  const WallMs now_ = at("2026-11-20T15:30:00Z");  // half past midnight there
  test::TempDir dir_;
  store::Store store_;
};

TEST_F(When_, LiveDayOrRange) {
  ASSERT_TRUE(parse("live"));
  EXPECT_TRUE(parse("live")->live);
  const TimeRange day{at("2026-11-19T15:00:00Z"), at("2026-11-20T15:00:00Z")};
  EXPECT_EQ(parse("2026-11-20")->range, day) << "a day of the store's offset";
  const TimeRange range{at("2026-11-20T08:00:00Z"), at("2026-11-20T09:30:00Z")};
  EXPECT_EQ(parse("2026-11-20T08:00:00Z..2026-11-20T18:30:00+09:00")->range, range);
  EXPECT_EQ(parse("yesterday")->range, day);
  EXPECT_TRUE(parse("yesterday")->word);
  EXPECT_FALSE(parse("2026-11-20")->word);
  EXPECT_EQ(parse("today")->range.from, day.to);
  EXPECT_TRUE(parse("2026-11-01T00:00:00Z..2026-12-02T00:00:00Z")) << "31 days";
}

TEST_F(When_, AnythingElseIsRefusedWithTheFormsThatAreNot) {
  for (const char* text : {"", "Today", "tomorrow", "Live", "2026-11-31", "2026-1-1", "2026--1-01", "20261120",
                           "2026-11-20T08:00:00Z", "..", "2026-11-20T08:00:00Z..", "..2026-11-20T08:00:00Z",
                           "2026-11-20..2026-11-21", "0001-01-01T00:00:00Z..2026-11-20T08:00:00Z",
                           "2026-11-20T08:00:00Z...2026-11-20T09:00:00Z", "99999-11-20", "../2026-11-20"}) {
    const auto when = parse(text);
    ASSERT_FALSE(when) << text;
    EXPECT_EQ(when.error().code(), ErrorCode::usage);
    EXPECT_NE(when.error().message().find("31 days"), std::string::npos) << when.error().message();
    EXPECT_NE(when.error().message().find("is no time"), std::string::npos) << when.error().message();
  }
}

TEST_F(When_, WhatIsWrongWithARangeIsSaid) {
  const auto why = [&](const char* text) {
    const auto when = parse(text);
    EXPECT_FALSE(when) << text;
    return when ? "" : when.error().message();
  };
  EXPECT_NE(why("2026-11-20T09:00:00Z..2026-11-20T08:00:00Z").find("ends before it begins"), std::string::npos);
  EXPECT_NE(why("2026-11-20T09:00:00Z..2026-11-20T18:00:00+09:00").find("is empty"), std::string::npos);
  EXPECT_NE(why("2026-11-01T00:00:00Z..2026-12-02T00:00:00.001Z").find("longer than 31 days"), std::string::npos);
  const std::string future = nothing_recorded({now_ + Millis{1}, now_ + Millis{2}}, now_).message();
  EXPECT_NE(future.find("not come yet"), std::string::npos) << future;
  EXPECT_EQ(nothing_recorded({now_, now_ + Millis{2}}, now_).message(), "nothing is recorded of that time");
}

TEST(FileId, IsDigitsAlone) {
  EXPECT_EQ(parse_file_id("0")->time_since_epoch(), Millis{0});
  EXPECT_EQ(parse_file_id("1763625660033")->time_since_epoch(), Millis{1763625660033});
  EXPECT_TRUE(parse_file_id("253402300799999"));
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "01", "0x10", "253402300800000",
                           "18446744073709551616", "99999999999999999999999999", "hls", "1/2", "../1"})
    EXPECT_FALSE(parse_file_id(text)) << text;
}

TEST(FileStretch, IsTwoNumbersInOrder) {
  const auto s = parse_stretch("1000-2500.m4s");
  ASSERT_TRUE(s);
  EXPECT_EQ(s->from, 1000U);
  EXPECT_EQ(s->to, 2500U);
  for (const char* text :
       {"", ".m4s", "-.m4s", "1-.m4s", "-2.m4s", "1-2", "1-2.mp4", "2-1.m4s", "2-2.m4s", "1-2-3.m4s", "+1-2.m4s",
        "1--2.m4s", "01-2.m4s", "1-18446744073709551616.m4s", "1-9007199254740993.m4s", "1 -2.m4s", "1-2.m4s.m4s"})
    EXPECT_FALSE(parse_stretch(text)) << text;
}

}  // namespace
}  // namespace cbx::web

#include "web/query.h"

#include <gtest/gtest.h>

#include "web/metrics.h"

namespace cbx::web {
namespace {

WallMs at(const std::string& text) {
  return *parse_rfc3339(text);
}

class Queries : public testing::Test {
 protected:
  Result<TimeRange> range(std::vector<std::pair<std::string, std::string>> query,
                          std::optional<Millis> longest = std::nullopt) {
    request_.query = std::move(query);
    const auto checked = Query::check(request_, names_);
    if (!checked) return fail(checked.error());
    return checked->range(words_, otherwise_, longest);
  }
  const TimeWords words_{*UtcOffset::parse("+09:00"), at("2026-11-21T12:00:00Z")};
  const TimeRange otherwise_{at("2026-11-20T15:00:00Z"), words_.now};
  const std::vector<std::string> names_{"from", "to", "range", "limit", "cursor", "dry_run"};
  http::Request request_;
};

TEST_F(Queries, RangesAreSaidInSeveralWays) {
  EXPECT_EQ(*range({}), otherwise_);
  const TimeRange day{at("2026-11-19T15:00:00Z"), at("2026-11-20T15:00:00Z")};
  EXPECT_EQ(*range({{"range", "2026-11-20"}}), day);
  EXPECT_EQ(*range({{"from", "2026-11-20"}, {"to", "2026-11-20"}}), day);
  EXPECT_EQ(*range({{"from", "2026-11-19T15:00:00Z"}, {"to", "2026-11-21T00:00:00+09:00"}}), day);
  EXPECT_EQ(*range({{"from", "-2h"}}), (TimeRange{words_.now - std::chrono::hours(2), words_.now}));
  EXPECT_EQ(range({{"from", "2026-11-20"}, {"to", "now-10000h"}}).error().code(), ErrorCode::usage);
}

TEST_F(Queries, WrongOnesAreRefused) {
  using Query = std::vector<std::pair<std::string, std::string>>;
  for (const Query& wrong : std::vector<Query>{{{"form", "now"}},
                                               {{"from", "-2h"}, {"from", "-3h"}},
                                               {{"range", "today"}, {"to", "now"}},
                                               {{"from", "now"}, {"to", "-1h"}},
                                               {{"from", "now"}},
                                               {{"from", ""}},
                                               {{"from", "yesterdayish"}},
                                               {{"from", std::string(5000, '9')}},
                                               {{"from", "-99999999d"}},
                                               {{"to", "9999-99-99"}},
                                               {{"to", "2026-02-30"}},
                                               {{"range", "..\x01"}},
                                               {{"range", "2026-11-20.."}, {"from", "now"}}}) {
    const auto result = range(wrong);
    ASSERT_FALSE(result) << wrong[0].first << "=" << wrong[0].second;
    EXPECT_EQ(result.error().code(), ErrorCode::usage);
    EXPECT_LT(result.error().message().size(), 700u);
    EXPECT_EQ(result.error().message().find('\x01'), std::string::npos);
  }
  EXPECT_FALSE(range({{"range", "2026-11-01..2026-11-20"}}, std::chrono::days(7)));
  EXPECT_TRUE(range({{"range", "2026-11-14..2026-11-20"}}, std::chrono::days(7)));
}

TEST_F(Queries, LimitsAndFlags) {
  const auto with = [&](const std::string& name, const std::string& value) {
    request_.query = {{name, value}};
    return *Query::check(request_, names_);
  };
  EXPECT_EQ(*with("limit", "7").limit(100, 1000), 7u);
  EXPECT_EQ(*with("dry_run", "").limit(100, 1000), 100u);
  for (const char* wrong : {"0", "1001", "-1", "1e3", " 7", "", "18446744073709551617"})
    EXPECT_FALSE(with("limit", wrong).limit(100, 1000)) << wrong;
  for (const char* yes : {"", "1", "true"}) EXPECT_TRUE(*with("dry_run", yes).flag("dry_run")) << yes;
  for (const char* no : {"0", "false"}) EXPECT_FALSE(*with("dry_run", no).flag("dry_run")) << no;
  // A deletion that was meant to be tried first is not done because of a misspelt word.
  for (const char* wrong : {"yes", "TRUE", "2"}) EXPECT_FALSE(with("dry_run", wrong).flag("dry_run")) << wrong;
}

TEST(SegmentIds, AreWhatIsGivenOutAndNothingElse) {
  for (const WallMs t : {kEarliest, at("2026-11-20T08:00:00.033Z"), kLatest}) {
    EXPECT_EQ(parse_segment_id(segment_id(t)), t);
    EXPECT_EQ(parse_cursor(make_cursor(t)), t);
  }
  for (const char* wrong : {"", "-1", "+1", "01", " 1", "1 ", "1.0", "0x10", "253402300800000", "99999999999999999999",
                            "17-00-00.mp4", "..", "1/2"})
    EXPECT_FALSE(parse_segment_id(wrong)) << wrong;
  for (const char* wrong : {"", "c", "c-1", "cFF", "c0f", "x0", "ce677d21fdc00", "cffffffffffffffffff", "c1 "})
    EXPECT_FALSE(parse_cursor(wrong)) << wrong;
}

TEST(MetricsText, EscapesWhatStrangersName) {
  Metrics m;
  m.family("cbx_x", "gauge", "One\nline.");
  m.sample({{"device", "a\"b\\c\nd"}}, 1.5);
  m.sample({}, 12345678901234.0, "_count");
  EXPECT_EQ(m.text(),
            "# HELP cbx_x One\\nline.\n# TYPE cbx_x gauge\ncbx_x{device=\"a\\\"b\\\\c\\nd\"} 1.5\n"
            "cbx_x_count 12345678901234\n");
}

}  // namespace
}  // namespace cbx::web

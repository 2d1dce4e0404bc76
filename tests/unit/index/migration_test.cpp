// An index.db that an older cbx made: nothing of it is lost, and it takes what today's records say.
#include <fmt/format.h>

#include <fstream>

#include "fixture.h"

namespace cbx::index {
namespace {

using std::chrono::hours;

class MigrationTest : public IndexTest, public testing::WithParamInterface<int> {
 protected:
  MigrationTest() {
    std::ifstream in(fmt::format("{}/index/schema-{}.sql", CBX_TEST_DATA, GetParam()));
    const std::string sql{std::istreambuf_iterator<char>(in), {}};
    EXPECT_FALSE(sql.empty());
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(store_.index_path().c_str(), &db), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_close(db);
  }
  int64_t number(const char* sql) {
    sqlite3* db = nullptr;
    sqlite3_stmt* row = nullptr;
    EXPECT_EQ(sqlite3_open(store_.index_path().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(db, sql, -1, &row, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    EXPECT_EQ(sqlite3_step(row), SQLITE_ROW);
    const int64_t out = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return out;
  }
  std::vector<SegmentRecord> segments(Index& index) {
    std::vector<SegmentRecord> out;
    EXPECT_TRUE(index.segments("cam01", {t0_ - hours(1), t0_ + hours(2)}, true, [&](const SegmentRecord& s) {
      out.push_back(s);
      return true;
    }));
    return out;
  }

  const int version_ = GetParam();
  const WallMs t0_ = at("2026-11-20T08:00:00Z");
};
INSTANTIATE_TEST_SUITE_P(Schema, MigrationTest, testing::Values(1, 2, 3));

TEST_P(MigrationTest, EveryRowIsThereAfterwards) {
  Index index = open();
  EXPECT_EQ(number("PRAGMA user_version"), 4);
  EXPECT_EQ(number("SELECT count(*) FROM segment"), 3);
  const auto all = segments(index);
  // From the second schema on it was known whose file is missing.
  ASSERT_EQ(all.size(), version_ >= 2 ? 2U : 3U);
  const SegmentRecord& first = all.front();
  EXPECT_EQ(first.start, t0_);
  EXPECT_EQ(first.bytes, 30'000'000);
  EXPECT_EQ(first.sha256, std::string(64, 'a'));
  EXPECT_EQ(first.connection, "c1");
  EXPECT_EQ(first.pts, 90000);
  EXPECT_EQ(first.clock_offset_ms, 12);
  EXPECT_EQ(first.lost, 3);
  EXPECT_EQ(first.codecs + first.init, "") << "nobody knew";
  EXPECT_EQ(all.back().rotation, 90);
  EXPECT_EQ(all.back().source, "import");
  const auto pins = index.pins("cam01", {t0_, t0_ + hours(1)}, t0_ + hours(1));
  ASSERT_TRUE(pins && pins->size() == 1U);
  EXPECT_EQ(pins->front().reason, "claim 4711");
  EXPECT_EQ(pins->front().who, version_ >= 3 ? "kim" : "");
  EXPECT_TRUE(index.tombstone("cam01", t0_ - Millis{60'000})->has_value());
  EXPECT_EQ(index.events("cam01", {t0_, t0_ + hours(1)})->size(), 1U);
  EXPECT_EQ(index.gap_records("cam01", {t0_, t0_ + hours(1)})->size(), 1U);
  EXPECT_EQ(index.links("cam01", {t0_, t0_ + hours(1)})->size(), 1U);
  EXPECT_EQ(index.connections("cam01", {t0_, t0_ + hours(1)}, t0_ + hours(2))->size(), 1U);
  EXPECT_EQ(index.missing("cam01", {t0_, t0_ + hours(1)})->size(), version_ >= 2 ? 1U : 0U);
  const std::vector<std::string> targets{"s3://bucket"};
  EXPECT_EQ(index.pushed_to("cam01", t0_), version_ >= 3 ? targets : std::vector<std::string>{});
  EXPECT_EQ(*index.cursor("media/cam01/2026-11-20/records.jsonl"), 4711U) << "no journal is read twice";
  const auto found = index.check();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_TRUE(found->empty()) << found->front();
}

TEST_P(MigrationTest, TakesWhatTodaysRecordsSay) {
  Index index = open();
  // What playlists need of an old file is not there; a journal that is read again brings it.
  SegmentRecord told = segment("cam01", t0_);
  told.codecs = "avc1.64001f,mp4a.40.2";
  told.init = "0123456789abcdef";
  told.media_offset = 131'500;
  told.groups = {{15'000'000, 30'000}, {14'868'500, 30'000}};
  told.clock_offset_ms = 12;
  told.lost = 3;
  SegmentRecord next = told;
  next.start += Millis{180'000};
  next.path = store_.segment_path("cam01", next.start);
  ASSERT_TRUE(index.apply(std::vector<Record>{told, next}, true));
  std::vector<std::string> inits;
  std::vector<size_t> groups;
  ASSERT_TRUE(index.playable("cam01", {t0_, t0_ + hours(2)}, [&](const PlayableFile& f) {
    inits.emplace_back(f.init);
    groups.push_back(f.groups.size());
    return true;
  }));
  const std::string id = told.init;
  EXPECT_EQ(inits, version_ >= 2 ? (std::vector<std::string>{id, id, ""}) : (std::vector<std::string>{id, "", id, ""}));
  EXPECT_EQ(groups.front(), 2U);
  EXPECT_EQ(index.files_with_init("cam01", id, 8), (std::vector<WallMs>{next.start, told.start}));
  EXPECT_EQ(index.files_with_init("cam01", id, 1), (std::vector<WallMs>{next.start}));
  EXPECT_TRUE(index.files_with_init("cam02", id, 8)->empty());
}

// Two processes that find the old one at the same time migrate it once.
TEST_P(MigrationTest, OnceForAll) {
  Index one = open(), other = open();
  EXPECT_EQ(segments(one).size(), segments(other).size());
  EXPECT_EQ(number("SELECT count(*) FROM sqlite_schema WHERE name = 'playback'"), 1);
}

}  // namespace
}  // namespace cbx::index

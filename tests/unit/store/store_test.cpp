#include "store/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/journal.h"
#include "temp_dir.h"

namespace cbx::store {
namespace {

const UtcOffset kSeoul{std::chrono::minutes{9 * 60}};

WallMs at(std::string_view text) {
  return *parse_rfc3339(text);
}

struct StoreTest : ::testing::Test {
  test::TempDir dir;
  Store store = *Store::init(dir.path() + "/root", kSeoul, "cam.example.org");
};

TEST_F(StoreTest, NamesFilesInTheStoresOffset) {
  const WallMs t = at("2026-11-20T08:01:00.033Z");
  EXPECT_EQ(store.segment_path("cam01", t), "cam01/2026-11-20/17-01-00.033.mp4");
  EXPECT_EQ(store.part_path("cam01", t), "cam01/2026-11-20/.17-01-00.033.mp4.part");
  EXPECT_EQ(store.journal_path("cam01", t), "cam01/2026-11-20/records.jsonl");
  // Past midnight in Seoul is still yesterday in UTC.
  EXPECT_EQ(store.day_folder("cam01", at("2026-11-20T15:00:00Z")), "cam01/2026-11-21");
}

TEST_F(StoreTest, ParsesItsOwnNamesAndNothingElse) {
  const WallMs t = at("2026-02-28T23:59:59.999Z");
  const auto p = store.parse_path(store.segment_path("cam-1_a", t));
  ASSERT_TRUE(p);
  EXPECT_EQ(p->device, "cam-1_a");
  EXPECT_EQ(p->start, t);
  EXPECT_FALSE(p->part);
  EXPECT_TRUE(store.parse_path(store.part_path("cam-1_a", t))->part);
  for (const char* bad : {"", "/", "cam01", "cam01/2026-11-20", "cam01/2026-11-20/", "../2026-11-20/17-01-00.033.mp4",
                          "cam01/2026-13-20/17-01-00.033.mp4", "cam01/2026-02-30/17-01-00.033.mp4",
                          "cam01/2026-11-20/24-01-00.033.mp4", "cam01/2026-11-20/17:01:00.033.mp4",
                          "cam01/2026-11-20/17-01-00.033.mp4.part", "cam01/2026-11-20/.17-01-00.033.mp4",
                          "Cam01/2026-11-20/17-01-00.033.mp4", "cam01/2026-11-20/x/17-01-00.033.mp4"})
    EXPECT_FALSE(store.parse_path(bad)) << bad;
}

TEST_F(StoreTest, InitIsRepeatableAndTheOffsetIsFixed) {
  const auto again = Store::init(store.root(), std::nullopt, std::nullopt);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->config(), store.config());
  EXPECT_EQ(again->config().public_host, "cam.example.org");
  const auto moved = Store::init(store.root(), UtcOffset{}, std::nullopt);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code(), ErrorCode::config);
  EXPECT_EQ(Store::init(store.root(), std::nullopt, "10.0.0.9")->config().public_host, "10.0.0.9");
  EXPECT_FALSE(Store::init(store.root(), std::nullopt, "a b;c"));
}

TEST_F(StoreTest, OpeningNoStoreSaysWhatToDo) {
  const auto none = Store::open(dir.path() + "/nowhere");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::config);
  EXPECT_NE(none.error().message().find("cbx-index init"), std::string::npos);
  std::ofstream(store.root() + "/store.json") << R"({"version":99,"id":"x","utc_offset":"+09:00"})";
  EXPECT_EQ(Store::open(store.root()).error().code(), ErrorCode::config);
  // What is 1 only after it was cut to 32 bits, and what never was a version.
  for (const char* version : {"4294967297", "0", "-1"}) {
    std::ofstream(store.root() + "/store.json") << R"({"version":)" << version << R"(,"id":"x","utc_offset":"+09:00"})";
    ASSERT_FALSE(Store::open(store.root())) << version;
    EXPECT_EQ(Store::open(store.root()).error().code(), ErrorCode::config);
  }
}

// A clock that was never set, west of Greenwich: the folder is of 1969.
TEST(Names, OfTheEpochAreReadBack) {
  const cbx::test::TempDir west;
  const Store s = *Store::init(west.path(), UtcOffset{-std::chrono::hours{5}}, std::nullopt);
  EXPECT_EQ(s.segment_path("cam01", kEarliest), "cam01/1969-12-31/19-00-00.000.mp4");
  ASSERT_TRUE(s.parse_path(s.segment_path("cam01", kEarliest)));
  EXPECT_EQ(s.parse_path(s.segment_path("cam01", kEarliest))->start, kEarliest);
  EXPECT_TRUE(s.parse_path(s.part_path("cam01", kEarliest)));
}

EventRecord event(std::string_view time, std::string note = "") {
  EventRecord e;
  e.device = "cam01";
  e.time = at(time);
  e.kind = "mark";
  e.note = std::move(note);
  return e;
}

std::vector<Record> read_all(const Store& store, const std::string& path, int* bad = nullptr, uint64_t from = 0) {
  std::vector<Record> out;
  const auto end = read_journal(store, path, from, [&](uint64_t, Result<std::optional<Record>> r) {
    if (r && *r)
      out.push_back(**r);
    else if (bad)
      ++*bad;
  });
  EXPECT_TRUE(end);
  return out;
}

TEST_F(StoreTest, JournalKeepsRecordsAndClosesTornLines) {
  PosixFilesystem fs;
  const std::vector<Record> first{event("2026-11-20T08:00:00Z", "하나"), event("2026-11-20T08:00:01Z")};
  ASSERT_TRUE(append_journal(fs, store, first));
  const std::string path = store.journal_path("cam01", at("2026-11-20T08:00:00Z"));
  {
    std::ofstream torn(store.media_path() + "/" + path, std::ios::app);
    torn << R"({"v":1,"type":"event","dev)";
  }
  int bad = 0;
  EXPECT_EQ(read_all(store, path, &bad).size(), 2u);
  EXPECT_EQ(bad, 0) << "a torn last line is no line yet";
  const std::vector<Record> third{event("2026-11-20T08:00:02Z")};
  ASSERT_TRUE(append_journal(fs, store, third));
  const auto all = read_all(store, path, &bad);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(bad, 0) << "what a crash tore was never announced";
  EXPECT_EQ(std::get<EventRecord>(all[0]).note, "하나");
  EXPECT_EQ(std::get<EventRecord>(all[2]).time, at("2026-11-20T08:00:02Z"));
}

TEST_F(StoreTest, JournalIsReadFromAnOffset) {
  PosixFilesystem fs;
  const std::vector<Record> records{event("2026-11-20T08:00:00Z"), event("2026-11-20T08:00:01Z")};
  ASSERT_TRUE(append_journal(fs, store, records));
  const std::string path = store.journal_path("cam01", at("2026-11-20T08:00:00Z"));
  const uint64_t first_end = to_line(records[0]).size() + 1;
  EXPECT_EQ(read_all(store, path, nullptr, first_end).size(), 1u);
  const auto journals = list_journals(store);
  ASSERT_TRUE(journals);
  ASSERT_EQ(journals->size(), 1u);
  EXPECT_EQ((*journals)[0].day, "2026-11-20");
  EXPECT_EQ((*journals)[0].device, "cam01");
}

TEST_F(StoreTest, JournalSkipsALineThatIsTooLongToBeARecord) {
  PosixFilesystem fs;
  const std::vector<Record> records{event("2026-11-20T08:00:00Z")};
  ASSERT_TRUE(append_journal(fs, store, records));
  const std::string path = store.journal_path("cam01", at("2026-11-20T08:00:00Z"));
  {
    std::ofstream long_line(store.media_path() + "/" + path, std::ios::app);
    long_line << std::string(3 << 20, 'x') << "\n";
  }
  ASSERT_TRUE(append_journal(fs, store, records));
  int bad = 0;
  EXPECT_EQ(read_all(store, path, &bad).size(), 2u);
  EXPECT_EQ(bad, 1);
}

}  // namespace
}  // namespace cbx::store

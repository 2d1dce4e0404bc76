#include "verify/day.h"

#include <gtest/gtest.h>

#include <fstream>

#include "store/journal.h"
#include "temp_dir.h"
#include "verify/tree.h"

namespace cbx::verify {
namespace {

struct DayTest : ::testing::Test {
  cbx::test::TempDir dir;
  store::Store store = *store::Store::init(dir.path(), UtcOffset{std::chrono::minutes{540}}, std::nullopt);
  PosixFilesystem fs;
  SystemClock clock;
  segment::FileRecovery recovery{fs, store, clock, Millis{0}};
  const WallMs start = *parse_rfc3339("2026-11-20T08:01:00.033Z");
  Day day{"cam01", "2026-11-20", *day_of_name(store, "2026-11-20")};

  SegmentRecord segment(Millis after = Millis{0}) {
    SegmentRecord r;
    r.device = "cam01";
    r.start = start + after;
    r.duration_ms = 60'000;
    r.path = store.segment_path(r.device, r.start);
    r.bytes = 4;
    r.source = "live";
    return r;
  }
  DeleteRecord deleted(Millis after = Millis{0}) {
    return {"cam01", start, start + after, segment(after).path, "rm", false};
  }
  MissingRecord missing(WallMs time, bool found) {
    return {"cam01", time, start, segment().path, 60'000, "file", "", found};
  }
  void journal(const Record& record) { ASSERT_TRUE(store::append_journal(fs, store, {&record, 1})); }
  void raw(const std::string& text) { std::ofstream(store.media_path() + "/" + day.journal(), std::ios::app) << text; }
  void file(const SegmentRecord& r) { std::ofstream(store.media_path() + "/" + r.path) << "abcd"; }
  std::vector<std::string> kinds(const std::vector<Found>& found) {
    std::vector<std::string> out;
    for (const Found& f : found) out.push_back(f.finding.kind);
    return out;
  }
};

using Kinds = std::vector<std::string>;

TEST_F(DayTest, ADayIsNamedInTheStoresOffset) {
  EXPECT_EQ(format_rfc3339(day.range.from), "2026-11-19T15:00:00.000Z");
  EXPECT_FALSE(day_of_name(store, "2026-02-30"));
  EXPECT_FALSE(day_of_name(store, "2026-11-20x"));
}

TEST_F(DayTest, FilesAndRecordsThatAgreeAreNoFinding) {
  journal(segment());
  file(segment());
  const DayState state = look_at_files(recovery, day);
  EXPECT_EQ(kinds(state.found), Kinds{});
  EXPECT_EQ(state.sound.size(), 1u);
}

TEST_F(DayTest, TheTombstoneHoldsInAnyOrder) {
  journal(deleted());
  journal(segment());
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), Kinds{});
  file(segment());
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), Kinds{"undeleted"});
}

TEST_F(DayTest, ADeletionThatWasOnlyTriedIsNone) {
  DeleteRecord tried = deleted();
  tried.dry_run = true;
  journal(segment());
  journal(tried);
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), Kinds{"missing"});
}

TEST_F(DayTest, OfWhatWasSaidAboutAMissingFileTheLatestHolds) {
  journal(segment());
  journal(missing(start + Millis{2}, true));
  journal(missing(start + Millis{1}, false));
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), Kinds{"missing"});
  journal(missing(start + Millis{3}, false));
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), Kinds{});
  file(segment());
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), Kinds{"back"});
}

TEST_F(DayTest, RecordsInAForeignJournalDontCount) {
  SegmentRecord other = segment();
  other.device = "cam02";
  other.path = "cam02/2026-11-20/17-01-00.033.mp4";
  journal(segment());
  file(segment());
  raw(to_line(other) + "\n");
  other = segment(std::chrono::hours{24});
  raw(to_line(other) + "\n");
  other = segment();
  other.path = "cam01/2026-11-20/18-01-00.033.mp4";
  raw(to_line(other) + "\n");
  EXPECT_EQ(kinds(look_at_files(recovery, day).found), (Kinds{"bad_line", "bad_line", "bad_line"}));
}

TEST_F(DayTest, ALineIsNamedByItsNumber) {
  journal(segment());
  file(segment());
  raw("\nrot\n" + to_line(segment(Millis{1})).substr(0, 40) + "\n" + std::string(100, '\0') + "\n");
  const Journal journal = read_journal(store, day);
  ASSERT_EQ(journal.bad_lines.size(), 1u);
  EXPECT_EQ(journal.bad_lines[0].line, 3);
  EXPECT_FALSE(journal.torn);
}

TEST_F(DayTest, ARecordBehindZerosIsRead) {
  journal(segment());
  raw(std::string(100, '\0') + to_line(segment(Millis{1})) + "\n");
  EXPECT_EQ(read_journal(store, day).segments.size(), 2u);
}

TEST_F(DayTest, ALockedJournalIsNotCalledTorn) {
  journal(segment());
  raw("{\"v\":1");
  EXPECT_TRUE(read_journal(store, day).torn);
  auto writer = fs.open(store.media_path() + "/" + day.journal(), OpenMode::append);
  ASSERT_TRUE((*writer)->lock());
  EXPECT_FALSE(read_journal(store, day).torn);
}

TEST_F(DayTest, WhatTheIndexHasNotReadYetIsNoFinding) {
  journal(segment());
  auto index = *index::Index::open(store, index::Access::write);
  const Journal said = read_journal(store, day);
  EXPECT_EQ(kinds(*look_at_rows(index, day, said)), Kinds{});
  ASSERT_TRUE(index.apply_journal({}, day.journal(), said.end));
  EXPECT_EQ(kinds(*look_at_rows(index, day, said)), Kinds{"not_indexed"});
  const Record record = segment(Millis{1});
  ASSERT_TRUE(index.apply({&record, 1}));
  EXPECT_EQ(kinds(*look_at_rows(index, day, said)), (Kinds{"not_indexed", "stale_row"}));
}

TEST_F(DayTest, NamesThatAreNoUtf8ArePrinted) {
  const std::string line = to_line(Finding{"foreign", "cam01", "cam01/\xff\n", "x", false, start, 7});
  EXPECT_EQ(line.find('\n'), line.npos);
  EXPECT_NE(line.find("\"line\":7"), line.npos);
  EXPECT_TRUE(parse_record(line));
  EXPECT_FALSE(*parse_record(line)) << "readers of records pass over findings";
}

TEST(TornLine, IsABeginningOfARecordOrZeros) {
  const std::string whole =
      R"({"v":1,"type":"event","device":"cam01","note":"a } \" b","time":"2026-11-20T08:01:00.033Z"})";
  for (size_t n = 0; n < whole.size(); n++) EXPECT_TRUE(store::is_torn_line(whole.substr(0, n))) << n;
  EXPECT_FALSE(store::is_torn_line(whole));
  EXPECT_TRUE(store::is_torn_line(std::string(10, '\0')));
  EXPECT_TRUE(store::is_torn_line(std::string(10, '\0') + whole.substr(0, 30) + std::string(10, '\0')));
  EXPECT_FALSE(store::is_torn_line("garbage"));
  EXPECT_FALSE(store::is_torn_line(R"({"v":2,"type":"event")"));
}

}  // namespace
}  // namespace cbx::verify

#include "index/index.h"

#include <algorithm>

#include "fixture.h"
#include "index/catch_up.h"
#include "index/coverage.h"
#include "index/remove.h"

namespace cbx::index {
namespace {

TEST_F(IndexTest, GivesSegmentsBackAsTheyCame) {
  Index index = open();
  const auto first = segment("cam01", t0_ + Millis{33}), second = segment("cam01", t0_ + kMinute + Millis{33});
  EXPECT_EQ(apply(index, {second, first, first}).segments, 2);
  EXPECT_EQ(segments(index, kEver), (std::vector<SegmentRecord>{first, second}));
  EXPECT_EQ(*index.segment("cam01", first.start), first);
  EXPECT_EQ(*index.segment("cam01", first.start + Millis{1}), std::nullopt);
  EXPECT_EQ(*index.segment("cam02", first.start), std::nullopt);
  EXPECT_EQ(*index.devices(), std::vector<std::string>{"cam01"});
  // The same again, by either way, changes nothing.
  EXPECT_EQ(apply(index, {first, second}).segments, 0);
  EXPECT_EQ(apply(index, {first, second}, true).segments, 0);
  EXPECT_EQ(segments(index, kEver).size(), 2u);
}

TEST_F(IndexTest, KeepsWhatPlaylistsNeed) {
  Index index = open();
  SegmentRecord whole = segment("cam01", t0_);
  whole.codecs = "avc1.64001f,mp4a.40.2";
  whole.init = "0123456789abcdef";
  whole.media_offset = 131'072;
  whole.groups = {{3'000'000, 6006}, {1, 0}, {INT64_MAX / 2, 5994}, {17, 1}};
  SegmentRecord codecs = segment("cam01", t0_ + kMinute), init = segment("cam01", t0_ + 2 * kMinute);
  codecs.codecs = whole.codecs;
  init.init = whole.init;
  init.groups = {{1, 1}};
  SegmentRecord bare = segment("cam01", t0_ + 3 * kMinute);
  bare.connection.clear();
  bare.pts.reset();
  const std::vector<SegmentRecord> all{whole, codecs, init, bare};
  apply(index, {whole, codecs, init, bare});
  EXPECT_EQ(segments(index, kEver), all);
  EXPECT_EQ(index.day_rows("cam01", kEver)->segments, all);

  size_t n = 0;
  ASSERT_TRUE(index.playable("cam01", kEver, [&](const PlayableFile& f) {
    const SegmentRecord& r = all.at(n++);
    EXPECT_EQ(f.start, r.start);
    EXPECT_EQ(f.duration_ms, r.duration_ms);
    EXPECT_EQ(f.bytes, r.bytes);
    EXPECT_EQ(f.codecs, r.codecs);
    EXPECT_EQ(f.init, r.init);
    EXPECT_EQ(f.width, r.width);
    EXPECT_EQ(f.fps, r.fps);
    EXPECT_EQ(f.pts, r.pts);
    EXPECT_EQ(f.media_offset, r.media_offset);
    EXPECT_EQ(std::vector<SegmentGroup>(f.groups.begin(), f.groups.end()), r.groups);
    EXPECT_EQ(f.connection == 0, r.connection.empty());
    return true;
  }));
  EXPECT_EQ(n, 4u);

  // The journal is right; a record of before there were groups takes them away again.
  whole.groups.pop_back();
  codecs.codecs.clear();
  apply(index, {whole, codecs}, true);
  EXPECT_EQ(*index.segment("cam01", whole.start), whole);
  EXPECT_EQ(*index.segment("cam01", codecs.start), codecs);
  EXPECT_TRUE(index.check()->empty());
}

TEST_F(IndexTest, WhatPlaysIsWhatIsThere) {
  Index index = open();
  apply(index, {segment("cam01", t0_), segment("cam01", t0_ + kMinute), segment("cam01", t0_ + 2 * kMinute),
                segment("cam01", t0_ + 3 * kMinute), segment("cam02", t0_)});
  MissingRecord gone;
  gone.device = "cam01";
  gone.time = gone.start = t0_ + kMinute;
  gone.path = store_.segment_path("cam01", gone.start);
  apply(index, {gone});
  const auto starts = [&](TimeRange range, size_t most = SIZE_MAX) {
    std::vector<WallMs> out;
    EXPECT_TRUE(index.playable("cam01", range, [&](const PlayableFile& f) {
      out.push_back(f.start);
      return out.size() < most;
    }));
    return out;
  };
  EXPECT_EQ(starts(kEver), (std::vector<WallMs>{t0_, t0_ + 2 * kMinute, t0_ + 3 * kMinute}));
  EXPECT_EQ(starts({t0_ + Millis{59'999}, t0_ + 2 * kMinute + Millis{1}}),
            (std::vector<WallMs>{t0_, t0_ + 2 * kMinute}));
  EXPECT_EQ(starts({t0_ + kMinute, t0_ + 2 * kMinute}), std::vector<WallMs>{});
  EXPECT_EQ(starts(kEver, 1), std::vector<WallMs>{t0_});
  EXPECT_EQ(starts(kEver, 1), std::vector<WallMs>{t0_}) << "after one that was stopped";
}

// What was made by the third version, with a row in it.
TEST_F(IndexTest, AnIndexOfBeforeIsBroughtUpToDate) {
  const SegmentRecord r = segment("cam01", t0_);
  {
    Index index = open();
    apply(index, {r});
  }
  sqlite_exec(
      "ALTER TABLE segment_detail DROP COLUMN media_groups; ALTER TABLE segment_detail DROP COLUMN "
      "media_offset; ALTER TABLE segment_detail DROP COLUMN playback_id; DROP TABLE playback; "
      "PRAGMA user_version = 3");
  Index index = open();
  EXPECT_EQ(segments(index, kEver), std::vector<SegmentRecord>{r});
  SegmentRecord more = segment("cam01", t0_ + kMinute);
  more.codecs = "avc1.64001f";
  more.init = "0123456789abcdef";
  more.groups = {{5, 6}};
  apply(index, {more});
  EXPECT_EQ(segments(index, kEver), (std::vector<SegmentRecord>{r, more}));
}

TEST_F(IndexTest, RangeTakesWhatOverlaps) {
  Index index = open();
  apply(index, {segment("cam01", t0_), segment("cam01", t0_ + kMinute), segment("cam01", t0_ + 2 * kMinute)});
  EXPECT_EQ(segments(index, {t0_ + Millis{59'999}, t0_ + kMinute}).size(), 1u);
  EXPECT_EQ(segments(index, {t0_ + kMinute, t0_ + 2 * kMinute}).size(), 1u);
  EXPECT_EQ(segments(index, {t0_ + Millis{1}, t0_ + 3 * kMinute}).size(), 3u);
  EXPECT_EQ(segments(index, {t0_ + 3 * kMinute, t0_ + 4 * kMinute}).size(), 0u);
}

TEST_F(IndexTest, PagesThroughManyRows) {
  Index index = open();
  std::vector<Record> many;
  for (int i = 0; i < 4500; i++) many.push_back(segment("cam01", t0_ + i * Millis{1000}, 1000));
  apply(index, many);
  const auto all = segments(index, kEver);
  ASSERT_EQ(all.size(), 4500u);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.start < b.start; }));
  int seen = 0;
  ASSERT_TRUE(index.segments("cam01", kEver, false, [&](const auto&) { return ++seen < 10; }));
  EXPECT_EQ(seen, 10);
}

TEST_F(IndexTest, TombstoneStaysWhateverComesFirst) {
  Index index = open();
  const auto s = segment("cam01", t0_);
  const DeleteRecord gone{"cam01", t0_ + kMinute, t0_, s.path, "rm", false};
  apply(index, {gone});
  apply(index, {s}, true);
  EXPECT_TRUE(segments(index, kEver).empty());
  EXPECT_EQ((*index.tombstone("cam01", t0_))->reason, "rm");
  const auto other = segment("cam01", t0_ + kMinute);
  DeleteRecord dry{"cam01", t0_, other.start, other.path, "rm", true};
  apply(index, {other, dry});
  EXPECT_EQ(segments(index, kEver).size(), 1u);
}

TEST_F(IndexTest, JournalCorrectsThePipe) {
  Index index = open();
  auto s = segment("cam01", t0_);
  apply(index, {s});
  s.sha256 = std::string(64, 'b');
  s.bytes = 7;
  apply(index, {s});
  EXPECT_EQ((*index.segment("cam01", t0_))->sha256, std::string(64, 'a'));
  apply(index, {s}, true);
  EXPECT_EQ(**index.segment("cam01", t0_), s);
}

TEST_F(IndexTest, RefusesWhatLiesElsewhere) {
  Index index = open();
  auto s = segment("cam01", t0_);
  s.path = "cam01/2026-11-20/08-00-00.000.mp4";  // another store's offset
  EXPECT_EQ(apply(index, {s}).refused.size(), 1u);
  EXPECT_TRUE(segments(index, kEver).empty());
}

TEST_F(IndexTest, OneLinkRowAMinute) {
  Index index = open();
  auto a = link(t0_, 1000, "a"), b = link(t0_ + Millis{30'000}, 500, "b"), c = link(t0_ + kMinute, 7, "b");
  a.rtt_ms = 10, b.rtt_ms = 90;
  a.lost = 1, b.lost = 2;
  for (int again = 0; again < 3; again++) {
    apply(index, {a, b, c});
    EXPECT_EQ(index.links("cam01", {t0_, t0_ + kMinute})->front().bytes, 1500) << again;
  }
  const auto links = *index.links("cam01", {t0_, t0_ + 2 * kMinute});
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0].bytes, 1500);
  EXPECT_EQ(links[0].lost, 3);
  EXPECT_EQ(links[0].rtt_ms, 90);
  EXPECT_EQ(links[0].connections, 2);
  EXPECT_EQ(links[1].bytes, 7);
  EXPECT_EQ(links[1].connections, 1);
}

TEST_F(IndexTest, ConnectionsEndWithTheNextOneAtTheLatest) {
  Index index = open();
  apply(index, {opened(t0_, "a"), opened(t0_ + 10 * kMinute, "b"), closed(t0_ + 20 * kMinute, "b")});
  const auto all = *index.connections("cam01", {t0_, t0_ + 30 * kMinute}, t0_ + 60 * kMinute);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].span, (TimeRange{t0_, t0_ + 10 * kMinute}));
  EXPECT_EQ(all[1].span, (TimeRange{t0_ + 10 * kMinute, t0_ + 20 * kMinute}));
  EXPECT_TRUE(index.connections("cam01", {t0_ + 21 * kMinute, t0_ + 30 * kMinute}, t0_ + 60 * kMinute)->empty());
}

TEST_F(IndexTest, PinsAreWhatLaterUnpinsLeave) {
  const PinRecord pin{"cam01", t0_, t0_, t0_ + 10 * kMinute, "police", std::nullopt, false};
  const PinRecord unpin{"cam01", t0_ + kMinute, t0_ + 4 * kMinute, t0_ + 6 * kMinute, "", std::nullopt, true};
  PinRecord brief = pin;
  brief.time += Millis{1};
  brief.until = t0_ + kMinute;
  Index index = open();
  apply(index, {unpin, brief, pin});
  const auto pins = *index.pins("cam01", kEver, t0_ + 60 * kMinute);
  ASSERT_EQ(pins.size(), 2u);
  EXPECT_EQ(pins[0].range, (TimeRange{t0_, t0_ + 4 * kMinute}));
  EXPECT_EQ(pins[1].range, (TimeRange{t0_ + 6 * kMinute, t0_ + 10 * kMinute}));
  EXPECT_EQ(pins[0].reason, "police");
}

TEST_F(IndexTest, CatchesUpByCursors) {
  Index index = open();
  std::vector<std::string> complaints;
  const auto complain = [&](const std::string& m) { complaints.push_back(m); };
  journal(segment("cam01", t0_));
  journal(segment("cam01", t0_ + kMinute));
  EXPECT_EQ(catch_up(index, complain)->segments, 2);
  EXPECT_EQ(catch_up(index, complain)->records, 0);
  const std::string path = store_.media_path() + "/" + store_.journal_path("cam01", t0_);
  auto file = *fs_.open(path, OpenMode::append);
  ASSERT_TRUE(file->append(as_bytes("junk\n" + to_line(segment("cam01", t0_ + 2 * kMinute)) + "\n{\"torn")));
  EXPECT_EQ(catch_up(index, complain)->segments, 1);
  ASSERT_EQ(complaints.size(), 1u);
  // A journal made anew is read from its start; one that is gone is forgotten.
  ASSERT_TRUE(replace_file(path, to_line(segment("cam01", t0_ + 3 * kMinute)) + "\n", 0640));
  EXPECT_EQ(catch_up(index, complain)->segments, 1);
  ASSERT_TRUE(fs_.unlink(path));
  ASSERT_TRUE(catch_up(index, complain));
  EXPECT_TRUE(index.cursors()->empty());
}

TEST_F(IndexTest, IsMadeAgainFromTheJournals) {
  journal(segment("cam01", t0_));
  const auto gone = segment("cam01", t0_ + kMinute);
  journal(gone);
  journal(DeleteRecord{"cam01", t0_ + 2 * kMinute, gone.start, gone.path, "rm", false});
  for (int again = 0; again < 2; again++) {
    Index index = open();
    ASSERT_TRUE(catch_up(index, [](const auto&) {}));
    EXPECT_EQ(segments(index, kEver), std::vector<SegmentRecord>{segment("cam01", t0_)});
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(store_.index_path() + suffix);
  }
}

// Counts what reaches the disk, and fails where it is told.
class Watched final : public Filesystem {
 public:
  explicit Watched(std::vector<std::string>& log) : log_(log) {}
  Result<std::unique_ptr<File>> open(const std::string& p, OpenMode m) override {
    return note("open", p), real_.open(p, m);
  }
  Status make_dirs(const std::string& p) override { return real_.make_dirs(p); }
  Status rename_no_replace(const std::string& a, const std::string& b) override {
    return real_.rename_no_replace(a, b);
  }
  Status unlink(const std::string& p) override {
    note("unlink", p);
    if (fail_unlink) return fail(ErrorCode::io, "no", EIO);
    return real_.unlink(p);
  }
  Status remove_dir(const std::string& p) override { return real_.remove_dir(p); }
  Status sync_dir(const std::string& p) override { return note("sync", p), real_.sync_dir(p); }
  Status sync_all(const std::string& p) override { return real_.sync_all(p); }
  bool fail_unlink = false;

 private:
  void note(const std::string& what, const std::string& p) { log_.push_back(what + " " + p.substr(p.rfind('/') + 1)); }
  std::vector<std::string>& log_;
  PosixFilesystem real_;
};

TEST_F(IndexTest, DeletesInTheOrderThatACrashCannotHurt) {
  Index index = open();
  const auto s = segment("cam01", t0_);
  apply(index, {s});
  ASSERT_TRUE(fs_.make_dirs(store_.media_path() + "/" + store_.day_folder("cam01", t0_)));
  ASSERT_TRUE(replace_file(store_.media_path() + "/" + s.path, "x", 0640));
  std::vector<std::string> log;
  Watched fs(log);
  Removal removal;
  removal.reason = "rm";
  removal.now = t0_ + kMinute;
  removal.dry_run = true;
  int told = 0;
  removal.done = [&](const DeleteRecord& r) { told += r.dry_run ? 1 : 100; };
  ASSERT_TRUE(remove_segments(fs, index, {&s, 1}, removal));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(log.empty());

  removal.dry_run = false;
  fs.fail_unlink = true;
  EXPECT_FALSE(remove_segments(fs, index, {&s, 1}, removal));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(segments(index, kEver).empty());  // invisible, though the file is still there
  fs.fail_unlink = false;
  log.clear();
  ASSERT_TRUE(remove_segments(fs, index, {&s, 1}, removal));
  EXPECT_EQ(told, 101);
  EXPECT_FALSE(std::filesystem::exists(store_.media_path() + "/" + s.path));
  const std::vector<std::string> tail(log.end() - 2, log.end());
  EXPECT_EQ(log.front(), "open records.jsonl");
  EXPECT_EQ(tail, (std::vector<std::string>{"unlink 17-00-00.000.mp4", "sync 2026-11-20"}));
  // Once more is harmless.
  EXPECT_TRUE(remove_segments(fs, index, {&s, 1}, removal));
}

// What is said of a missing file holds in any order of arrival, and hides the segment as long as it does.
TEST_F(IndexTest, AMissingFileIsNotThereInWhateverOrderItIsSaid) {
  Index index = open();
  std::vector<size_t> order{0, 1, 2, 3};
  WallMs start = t0_;
  do {
    const auto missing = [&](Millis after, bool found) {
      return Record{
          MissingRecord{"cam01", t0_ + after, start, store_.segment_path("cam01", start), 60'000, "file", "", found}};
    };
    const std::vector<Record> said{segment("cam01", start), missing(Millis{1}, false), missing(Millis{2}, true),
                                   missing(Millis{3}, false)};
    for (const size_t i : order) apply(index, {said[i]});
    const TimeRange minute{start, start + kMinute};
    EXPECT_TRUE(segments(index, minute).empty());
    EXPECT_EQ(index.missing("cam01", minute)->size(), 1u);
    apply(index, {missing(Millis{4}, true)});
    EXPECT_EQ(segments(index, minute).size(), 1u);
    EXPECT_TRUE(index.missing("cam01", minute)->empty());
    start += kMinute;
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(IndexTest, AMissingFileIsAGapWithThatCause) {
  Index index = open();
  apply(index, {segment("cam01", t0_), segment("cam01", t0_ + kMinute), segment("cam01", t0_ + 2 * kMinute)});
  MissingRecord missing{"cam01", t0_,    t0_ + kMinute, store_.segment_path("cam01", t0_ + kMinute),
                        60'000,  "file", "why",         false};
  apply(index, {missing});
  const auto gaps = find_gaps(index, "cam01", {t0_, t0_ + 3 * kMinute}, t0_ + std::chrono::hours{24});
  ASSERT_EQ(gaps->size(), 1u);
  EXPECT_EQ((*gaps)[0].cause, "missing");
  EXPECT_EQ((*gaps)[0].detail, "why");
  DeleteRecord gone{"cam01", t0_, missing.start, missing.path, "age", false};
  apply(index, {gone});
  EXPECT_EQ((*find_gaps(index, "cam01", {t0_, t0_ + 3 * kMinute}, t0_ + std::chrono::hours{24}))[0].cause, "deleted");
}

}  // namespace
}  // namespace cbx::index

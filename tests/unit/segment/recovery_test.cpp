#include "segment/recovery.h"

#include <cstring>
#include <future>
#include <new>

#include "fixture.h"
#include "segment/session.h"

namespace cbx::segment::test {
namespace {

// What the journals say after everything queued is done; the closer goes on with a new one.
std::vector<SegmentRecord> journalled(const store::Store& store) {
  std::vector<SegmentRecord> out;
  const auto journals = store::list_journals(store).value();
  for (const auto& j : journals)
    EXPECT_TRUE(store::read_journal(store, j.path, 0, [&](uint64_t, Result<std::optional<Record>> r) {
      if (r && *r && std::holds_alternative<SegmentRecord>(**r)) out.push_back(std::get<SegmentRecord>(**r));
    }));
  return out;
}

TEST_F(RecorderTest, AFinishedFileThatNeverReachedTheJournalIsJournalled) {
  start();
  feed(900000, 100);
  recorder->end("close");
  recorder.reset();
  closer.reset();
  const auto before = journalled(store);
  ASSERT_EQ(before.size(), 3u);
  // The process was killed between the name of the second file and its line in the journal.
  const std::string journal = store.media_path() + "/" + store::list_journals(store).value()[0].path;
  std::string kept;
  {
    std::ifstream in(journal);
    for (std::string line; std::getline(in, line);)
      if (line.find(before[1].path) == std::string::npos) kept += line + "\n";
  }
  std::ofstream(journal, std::ios::trunc) << kept;
  ASSERT_EQ(journalled(store).size(), 2u);

  closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
  const Shared again{fs, store, clock, log, disk, *closer, std::chrono::seconds{60}};
  recover_device(again, "cam01");
  closer.reset();
  const auto after = journalled(store);
  ASSERT_EQ(after.size(), 3u);
  EXPECT_EQ(after[2].path, before[1].path);
  EXPECT_EQ(after[2].start, before[1].start);
  EXPECT_EQ(after[2].sha256, before[1].sha256);
  EXPECT_EQ(after[2].bytes, before[1].bytes);
  EXPECT_NEAR(after[2].fps, 30, 0.1);

  closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
  const Shared once_more{fs, store, clock, log, disk, *closer, std::chrono::seconds{60}};
  recover_device(once_more, "cam01");
  closer.reset();
  EXPECT_EQ(journalled(store).size(), 3u) << "once is enough";
}

TEST_F(RecorderTest, AFileThatItsWriterStillHoldsIsLeftToIt) {
  start();
  feed(900000, 20);
  recorder->end("close");
  recorder.reset();
  closer.reset();
  const auto before = journalled(store);
  ASSERT_EQ(before.size(), 1u);
  std::filesystem::remove(store.media_path() + "/" + store::list_journals(store).value()[0].path);
  PosixFilesystem real;
  auto held = real.open(store.media_path() + "/" + before[0].path, OpenMode::read_write);
  ASSERT_TRUE((*held)->lock());
  closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
  const Shared again{fs, store, clock, log, disk, *closer, std::chrono::seconds{60}};
  recover_device(again, "cam01");
  closer.reset();
  EXPECT_TRUE(journalled(store).empty());
}

TEST_F(RecorderTest, RecoveryOutlivesTheSessionThatAskedForIt) {
  start();
  recorder.reset();
  std::promise<void> go;
  const std::shared_future<void> gate = go.get_future().share();
  for (int i = 0; i < 8; i++) closer->run([gate] { gate.wait(); });
  alignas(Session) unsigned char room[sizeof(Session)];
  {
    Syncer syncer(fs, store.media_path(), disk);
    auto* session = new (room) Session(*shared, syncer);
    session->open_single({"cam01", "live", ""}, std::make_unique<LiveMapper>());
    session->end("close");
    session->~Session();
    std::memset(room, 0, sizeof room);
  }
  go.set_value();
  closer.reset();
}

TEST_F(RecorderTest, AnImportThatIsThereButInNoJournalIsJournalledTheSecondTime) {
  for (int run = 0; run < 2; run++) {
    const WallTime at = *parse_rfc3339("2026-11-20T08:00:30Z");
    recorder = std::make_unique<Recorder>(*shared, Origin{"cam01", "import", ""}, std::make_unique<FixedMapper>(at));
    recorder->on_layout(1, true);
    recorder->on_track(0, video_config());
    feed(0, 10, 30, false);
    recorder->end("close");
    closer->wait_for_room(0);
    ASSERT_EQ(journalled(store).size(), 1u);
    // Killed before this line.
    if (run == 0) std::filesystem::remove(store.media_path() + "/" + store::list_journals(store).value()[0].path);
  }
}

TEST_F(RecorderTest, WhatTheJournalDoesNotTakeBeforeTheEndCountsAsFailed) {
  std::filesystem::create_directories(store.media_path() + "/cam01/2026-11-20/records.jsonl");
  Closer::Counts counts;
  {
    Closer stubborn(fs, store, *announcer, clock, log, &counts);
    const Shared other{fs, store, clock, log, disk, stubborn, std::chrono::seconds{60}};
    recorder = std::make_unique<Recorder>(other, Origin{"cam01", "live", "c1"}, std::make_unique<LiveMapper>());
    recorder->on_layout(1, true);
    recorder->on_track(0, video_config());
    feed(900000, 5, 30, false);
    recorder->end("close");
    recorder.reset();
  }
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.finished, 0u);
}

}  // namespace
}  // namespace cbx::segment::test

// Deleting on a failing disk: running it again finishes it, and nothing is deleted without its tombstone.
#include <filesystem>
#include <fstream>

#include "fault_filesystem.h"
#include "fixture.h"
#include "index/remove.h"

namespace cbx::index {
namespace {

class RemoveFaults : public IndexTest, public testing::WithParamInterface<int> {};

TEST_P(RemoveFaults, EveryCallFailingOnceIsMendedByAnotherRun) {
  for (uint64_t call = 1;; call++) {
    test::FaultFilesystem fs;
    Index index = open();
    std::vector<Record> records;
    std::vector<SegmentRecord> all;
    for (int i = 0; i < 4; i++) {
      all.push_back(segment("cam01", t0_ + static_cast<int>(call) * 24 * 60 * kMinute + i * kMinute));
      records.emplace_back(all.back());
      journal(all.back());
      std::ofstream(store_.media_path() + "/" + all.back().path) << "x";
    }
    apply(index, records);
    fs.set({call, call, GetParam(), {}, "", call % 2 == 0});
    Removal removal;
    removal.reason = "rm";
    removal.now = t0_;
    const Status first = remove_segments(fs, index, all, removal);
    for (const auto& s : all) {
      if (std::filesystem::exists(store_.media_path() + "/" + s.path)) continue;
      int tombstones = 0;
      (void)store::read_journal(store_, store_.journal_path("cam01", s.start), 0, [&](uint64_t, auto r) {
        if (r && *r && std::holds_alternative<DeleteRecord>(**r))
          tombstones += std::get<DeleteRecord>(**r).path == s.path;
      });
      EXPECT_GE(tombstones, 1) << "call " << call;
    }
    const bool failed = fs.failed() > 0;
    fs.heal();
    if (!first) {
      EXPECT_TRUE(remove_segments(fs, index, all, removal)) << "call " << call;
    }
    for (const auto& s : all) EXPECT_FALSE(std::filesystem::exists(store_.media_path() + "/" + s.path));
    EXPECT_TRUE(segments(index, {all[0].start, all[3].start + kMinute}).empty()) << "call " << call;
    if (!failed) break;
    ASSERT_LT(call, 100u);
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, RemoveFaults, testing::Values(EIO, EROFS, ENOSPC));

}  // namespace
}  // namespace cbx::index

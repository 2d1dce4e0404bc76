// A journal on a failing disk: a record that was said to be written is there, and no line is glued to another.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "fault_filesystem.h"
#include "store/journal.h"
#include "temp_dir.h"

namespace cbx::store {
namespace {

using test::Call;
using test::FaultFilesystem;

struct JournalFaults : ::testing::TestWithParam<int> {
  test::TempDir dir;
  Store store = *Store::init(dir.path() + "/root", UtcOffset{}, std::nullopt);
  FaultFilesystem fs;
  int bad = 0;

  static EventRecord event(int n) {
    EventRecord e;
    e.device = "cam01";
    e.time = *parse_rfc3339("2026-11-20T08:00:00Z") + Millis{n};
    e.kind = "mark";
    e.note = std::string(200, 'x');
    return e;
  }
  Status append(int n) {
    const std::vector<Record> records{event(n)};
    return append_journal(fs, store, records);
  }
  // How often each event is in the journal.
  std::map<int64_t, int> events() {
    std::map<int64_t, int> out;
    bad = 0;
    (void)read_journal(store, "cam01/2026-11-20/records.jsonl", 0, [&](uint64_t, Result<std::optional<Record>> r) {
      if (r && *r)
        out[std::get<EventRecord>(**r).time.time_since_epoch().count() % 1000]++;
      else
        bad++;
    });
    return out;
  }
};

TEST_P(JournalFaults, EveryCallFailingOnce) {
  for (uint64_t call = 1;; call++) {
    std::filesystem::remove_all(store.media_path() + "/cam01");
    fs.set({call, call, GetParam(), {}, "", call % 2 == 0});
    for (int n = 0; n < 3; n++) {
      bool written = append(n).has_value();
      for (int tries = 0; !written && tries < 3; tries++) written = append(n).has_value();
      EXPECT_TRUE(written) << "call " << call;
    }
    const auto all = events();
    EXPECT_EQ(all.size(), 3u) << "call " << call;
    for (const auto& [n, times] : all) EXPECT_EQ(times, 1) << "call " << call;
    EXPECT_EQ(bad, 0) << "call " << call;
    if (fs.failed() == 0) break;  // past the last call
    ASSERT_LT(call, 100u);
  }
}

TEST_P(JournalFaults, HalfALineOnADiskThatStaysFullIsTakenBack) {
  ASSERT_TRUE(append(0));
  fs.set({1, UINT64_MAX, GetParam(), Call::append, "", true});
  for (int i = 0; i < 5; i++) EXPECT_FALSE(append(1));
  fs.heal();
  ASSERT_TRUE(append(1));
  EXPECT_EQ(events(), (std::map<int64_t, int>{{0, 1}, {1, 1}}));
  EXPECT_EQ(bad, 0);
}

TEST_P(JournalFaults, LinesWhoseSyncFailedAreWrittenAgainNotDoubled) {
  ASSERT_TRUE(append(0));
  fs.set({1, 1, GetParam(), Call::sync_data, "", false});
  EXPECT_TRUE(append(1));
  EXPECT_EQ(fs.failed(), 1u);
  EXPECT_EQ(events(), (std::map<int64_t, int>{{0, 1}, {1, 1}}));
}

INSTANTIATE_TEST_SUITE_P(Errors, JournalFaults, ::testing::Values(EIO, ENOSPC, EMFILE, EROFS));

}  // namespace
}  // namespace cbx::store

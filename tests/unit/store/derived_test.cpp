#include "store/derived.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "store/find.h"
#include "temp_dir.h"

namespace cbx::store {
namespace {

class DerivedTest : public testing::Test {
 protected:
  void touch(const std::string& path) {
    ASSERT_TRUE(fs_.make_dirs(path.substr(0, path.rfind('/'))));
    std::ofstream(path) << "x";
  }
  test::TempDir dir_;
  PosixFilesystem fs_;
  Store store_ = *Store::init(dir_.path(), UtcOffset::parse("+09:00").value(), std::nullopt);
  const WallMs t_ = *parse_rfc3339("2026-11-20T08:01:00.033Z");
};

TEST_F(DerivedTest, NamesSayWhoseTheyAre) {
  const std::string path = picture_path(store_, "cam01", t_, t_ + Millis{4000}, 320);
  EXPECT_EQ(path, "cam01/2026-11-20/17-01-00.033+4000-320.jpg");
  EXPECT_EQ(recording_of(store_, path), store_.segment_path("cam01", t_));
  for (const char* other : {"", "x", "cam01/2026-11-20/17-01-00.033.jpg", "cam01/2026-11-20/17-01-00.033+1-2.png",
                            "../2026-11-20/17-01-00.033+1-2.jpg", "cam01/17-01-00.033+1-2.jpg"})
    EXPECT_FALSE(recording_of(store_, other)) << other;
}

TEST_F(DerivedTest, GoWithTheirRecordingAlone) {
  const std::string base = derived_path(store_) + "/";
  const std::string mine = picture_path(store_, "cam01", t_, t_ + Millis{4000}, 320),
                    other = picture_path(store_, "cam01", t_ + Millis{1}, t_ + Millis{1}, 320),
                    temporary = "cam01/2026-11-20/.17-01-00.033+4000-64.jpg.12-0";
  for (const auto& path : {mine, other, temporary}) touch(base + path);
  const std::vector<std::string> names{store_.segment_name(t_)};
  ASSERT_TRUE(remove_derived(fs_, store_, store_.day_folder("cam01", t_), names));
  EXPECT_FALSE(std::filesystem::exists(base + mine));
  EXPECT_FALSE(std::filesystem::exists(base + temporary));
  EXPECT_TRUE(std::filesystem::exists(base + other));
  const std::vector<std::string> rest{store_.segment_name(t_ + Millis{1})};
  ASSERT_TRUE(remove_derived(fs_, store_, store_.day_folder("cam01", t_), rest));
  EXPECT_FALSE(std::filesystem::exists(base + "cam01/2026-11-20"));
  EXPECT_TRUE(remove_derived(fs_, store_, store_.day_folder("cam01", t_), rest));
}

TEST_F(DerivedTest, LastStarts) {
  const auto at = [&](int minutes) { return t_ + std::chrono::minutes(minutes); };
  EXPECT_TRUE(last_starts(store_, "cam01", at(0), 3).value().empty());
  for (const int minute : {-60 * 30, -1, 0, 1})
    touch(store_.media_path() + "/" + store_.segment_path("cam01", at(minute)));
  touch(store_.media_path() + "/" + store_.part_path("cam01", at(2)));
  touch(store_.media_path() + "/cam01/2026-11-20/records.jsonl");
  touch(store_.media_path() + "/cam01/2026-13-40/17-01-00.033.mp4");
  const auto starts = [&](WallMs before, size_t most) { return last_starts(store_, "cam01", before, most).value(); };
  EXPECT_EQ(starts(at(5), 2), (std::vector{at(2), at(1)}));
  EXPECT_EQ(starts(at(1), 10), (std::vector{at(1), at(0), at(-1), at(-60 * 30)}));
  EXPECT_EQ(starts(at(0) - Millis{1}, 1), (std::vector{at(-1)}));
  EXPECT_EQ(starts(at(-60 * 31), 3), std::vector<WallMs>{});
  EXPECT_FALSE(last_starts(store_, "../cam01", at(0), 1));
}

}  // namespace
}  // namespace cbx::store

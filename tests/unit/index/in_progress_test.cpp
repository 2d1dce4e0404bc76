// What is being recorded, and how seldom folders are read for it.
#include "index/in_progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "temp_dir.h"

namespace cbx::index {
namespace {

using namespace std::chrono_literals;

class InProgress : public testing::Test {
 protected:
  void file(const std::string& relative) {
    const std::string path = store_.media_path() + "/" + relative;
    std::filesystem::create_directories(path.substr(0, path.rfind('/')));
    std::ofstream(path) << "x";
  }
  // As if nothing had come to it for so long.
  void settle(Millis ago) {
    const timespec then{::time(nullptr) - std::chrono::duration_cast<std::chrono::seconds>(ago).count(), 0};
    const timespec times[2] = {then, then};
    const std::string folder = store_.media_path() + "/" + store_.day_folder("cam01", now_);
    ASSERT_EQ(::utimensat(AT_FDCWD, folder.c_str(), times, 0), 0);
  }
  size_t spans(FolderMemory& memory) {
    return recordings_in_progress(store_, "cam01", {now_ - 1min, now_ + 1min}, now_, &memory).size();
  }

  test::TempDir dir_;
  store::Store store_{*store::Store::init(dir_.path(), UtcOffset::parse("+09:00").value(), std::nullopt)};
  const WallMs now_ = *parse_rfc3339("2026-11-20T03:00:00Z");
  const WallMs start_ = now_ - 5min;
};

TEST_F(InProgress, AFolderIsReadAgainWhenItChanged) {
  FolderMemory memory;
  EXPECT_EQ(spans(memory), 0u) << "there is no such folder";
  file(store_.segment_path("cam01", start_));
  EXPECT_EQ(spans(memory), 1u);
  EXPECT_EQ(spans(memory), 1u);
  EXPECT_EQ(memory.reads(), 2u) << "it has changed just now: its time may stand still for another change";
  settle(10s);
  EXPECT_EQ(spans(memory), 1u);
  EXPECT_EQ(spans(memory), 1u);
  EXPECT_EQ(spans(memory), 1u);
  EXPECT_EQ(memory.reads(), 3u);
  // One that comes or goes changes the folder's time.
  file(store_.part_path("cam01", start_ + 1min));
  EXPECT_EQ(spans(memory), 2u);
  settle(8s);
  EXPECT_EQ(spans(memory), 2u);
  std::filesystem::remove(store_.media_path() + "/" + store_.segment_path("cam01", start_));
  EXPECT_EQ(spans(memory), 1u);
}

TEST_F(InProgress, AFileThatGrowsIsSeenToGrow) {
  FolderMemory memory;
  const std::string part = store_.media_path() + "/" + store_.part_path("cam01", start_);
  file(store_.part_path("cam01", start_));
  settle(10s);
  const auto end = [&](std::chrono::seconds written_ago) {
    const timespec then{
        std::chrono::duration_cast<std::chrono::seconds>((now_ - written_ago).time_since_epoch()).count(), 0};
    const timespec times[2] = {then, then};
    EXPECT_EQ(::utimensat(AT_FDCWD, part.c_str(), times, 0), 0);
    const auto found = recordings_in_progress(store_, "cam01", {now_ - 1min, now_ + 1min}, now_, &memory);
    return found.empty() ? Millis{-1} : now_ - found[0].to;
  };
  EXPECT_EQ(end(200s), 200s);
  EXPECT_EQ(end(100s), 100s);
  EXPECT_EQ(memory.reads(), 1u);
}

TEST_F(InProgress, OldFilesAreNotInProgress) {
  FolderMemory memory;
  file(store_.segment_path("cam01", now_ - 16min));
  EXPECT_EQ(spans(memory), 0u);
}

}  // namespace
}  // namespace cbx::index

#include "web/media_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recordings_fixture.h"

namespace cbx::web {
namespace {

namespace fsys = std::filesystem;

class MediaFileTest : public RecordingsTest {
 protected:
  Result<std::shared_ptr<const MediaFile>> open(WallMs start, const std::string& device = "cam01") {
    return open_media_file(store_, device, start);
  }
};

TEST_F(MediaFileTest, AFinishedOneIsWhole) {
  const SegmentRecord r = recorded("cam01", t0_);
  const auto file = open(t0_);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE((*file)->finished);
  EXPECT_EQ((*file)->path, r.path);
  EXPECT_EQ((*file)->bytes, static_cast<uint64_t>(r.bytes));
  EXPECT_EQ((*file)->fragments.end(), (*file)->bytes);
  EXPECT_EQ((*file)->tracks.size(), 2U);
  const std::string bytes = content(r.path);
  EXPECT_EQ(bytes.substr((*file)->init.offset + 4, 4), "ftyp");
  EXPECT_EQ(bytes.substr((*file)->fragments.offset + 4, 4), "moof");
  EXPECT_EQ((*file)->init.end(), (*file)->fragments.offset);
}

TEST_F(MediaFileTest, OneInWritingReachesToItsLastWholeFragment) {
  Writing w = begin("cam01", t0_);
  {
    const auto empty = open(t0_);
    ASSERT_TRUE(empty) << empty.error().message();
    EXPECT_FALSE((*empty)->finished);
    EXPECT_EQ((*empty)->fragments.bytes, 0U);
  }
  const auto before = open(t0_);
  go_on(w, 2);
  const auto more = grown(**before);
  ASSERT_TRUE(more);
  EXPECT_EQ(more->fragments.end(), w.writer->size());
  EXPECT_EQ(more->bytes, w.writer->size());
  ASSERT_TRUE(more->map);
  EXPECT_TRUE(more->map->at(0, more->bytes)) << "mapped before it was written";
  EXPECT_FALSE(grown(*more));

  // The beginning of the next fragment, as a write that is under way shows it.
  const Bytes torn = {0, 0, 0, 100, 'm', 'o', 'o', 'f', 0, 0, 0, 16};
  ASSERT_TRUE(w.file->write_at(w.writer->size(), torn));
  EXPECT_FALSE(grown(*more));
  const auto again = open(t0_);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->fragments.end(), w.writer->size());
}

TEST_F(MediaFileTest, AnotherNameIsNoInput) {
  recorded("cam01", t0_);
  EXPECT_EQ(open(t0_ + Millis{1}).error().code(), ErrorCode::no_input);
  EXPECT_EQ(open(t0_, "cam02").error().code(), ErrorCode::no_input);
}

TEST_F(MediaFileTest, SymbolicLinksAreNotFollowed) {
  const SegmentRecord r = recorded("cam01", t0_);
  const WallMs other = t0_ + std::chrono::minutes(1);
  fsys::create_symlink(media(r.path), media(store_.segment_path("cam01", other)));
  EXPECT_EQ(open(other).error().code(), ErrorCode::data) << "the file";
  fsys::create_directory_symlink(media("cam01"), media("cam02"));
  EXPECT_EQ(open(t0_, "cam02").error().code(), ErrorCode::data) << "the camera's folder";
  const WallMs next_day = t0_ + std::chrono::hours(24);
  fsys::create_directory_symlink(media(store_.day_folder("cam01", t0_)), media(store_.day_folder("cam01", next_day)));
  EXPECT_EQ(open(next_day).error().code(), ErrorCode::data) << "the day's folder";
}

TEST_F(MediaFileTest, TheMediaFolderItselfMayBeALink) {
  recorded("cam01", t0_);
  fsys::rename(store_.media_path(), dir_.path() + "/elsewhere");
  fsys::create_directory_symlink(dir_.path() + "/elsewhere", store_.media_path());
  EXPECT_TRUE(open(t0_));
}

TEST_F(MediaFileTest, NothingButRegularFiles) {
  recorded("cam01", t0_);
  const WallMs fifo = t0_ + std::chrono::minutes(1), folder = t0_ + std::chrono::minutes(2);
  ASSERT_EQ(::mkfifo(media(store_.segment_path("cam01", fifo)).c_str(), 0600), 0);
  fsys::create_directory(media(store_.segment_path("cam01", folder)));
  EXPECT_EQ(open(fifo).error().code(), ErrorCode::data) << "and nobody waits for its other end";
  EXPECT_EQ(open(folder).error().code(), ErrorCode::data);
}

TEST_F(MediaFileTest, AFileOfAnotherCameraOrNoRecordingIsRefused) {
  const SegmentRecord r = recorded("cam01", t0_);
  fsys::create_directories(media(store_.day_folder("cam02", t0_)));
  fsys::copy_file(media(r.path), media(store_.segment_path("cam02", t0_)));
  EXPECT_EQ(open(t0_, "cam02").error().code(), ErrorCode::data);
  const WallMs text = t0_ + std::chrono::minutes(1);
  std::ofstream(media(store_.segment_path("cam01", text))) << "no movie at all";
  EXPECT_EQ(open(text).error().code(), ErrorCode::data);
}

class FileCacheTest : public MediaFileTest {
 protected:
  FileCache cache_{store_, {}, clock_};
};

TEST_F(FileCacheTest, AnOpenFileIsGivenAgain) {
  recorded("cam01", t0_);
  const auto first = cache_.get("cam01", t0_), second = cache_.get("cam01", t0_);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
}

TEST_F(FileCacheTest, ADeletedOneIsNot) {
  const SegmentRecord r = recorded("cam01", t0_);
  const auto held = cache_.get("cam01", t0_);
  ASSERT_TRUE(held);
  fsys::remove(media(r.path));
  const auto again = cache_.get("cam01", t0_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::no_input);
  uint8_t byte = 0;
  EXPECT_EQ(::pread((*held)->fd->get(), &byte, 1, 0), 1) << "who is reading it reads to the end";
}

TEST_F(FileCacheTest, ADeletedOneIsClosedSoon) {
  const SegmentRecord r = recorded("cam01", t0_);
  ASSERT_TRUE(cache_.get("cam01", t0_));
  fsys::remove(media(r.path));
  for (int i = 0; i < 200 && cache_.size() > 0; i++) ::usleep(50'000);
  EXPECT_EQ(cache_.size(), 0U) << "it takes room on the disk as long as it is open";
}

TEST_F(FileCacheTest, AnIdleOneIsClosed) {
  recorded("cam01", t0_);
  ASSERT_TRUE(cache_.get("cam01", t0_));
  clock_.advance(std::chrono::seconds(6));
  for (int i = 0; i < 200 && cache_.size() > 0; i++) ::usleep(50'000);
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(FileCacheTest, OneInWritingGrowsAndBecomesFinished) {
  Writing w = begin("cam01", t0_);
  const auto young = cache_.get("cam01", t0_);
  ASSERT_TRUE(young);
  go_on(w, 2);
  const auto older = cache_.get("cam01", t0_);
  ASSERT_TRUE(older);
  EXPECT_GT((*older)->bytes, (*young)->bytes);
  EXPECT_FALSE((*cache_.get_finished("cam01", t0_))->finished);
  finish(w, "cam01", t0_);
  EXPECT_TRUE((*cache_.get_finished("cam01", t0_))->finished) << "at once, though it was open under its other name";
  EXPECT_TRUE((*cache_.get("cam01", t0_))->finished);
}

TEST_F(FileCacheTest, TheOldestGoWhenThereAreTooMany) {
  FileCache small(store_, {2, std::chrono::hours(1)}, clock_);
  for (int i = 0; i < 3; i++) {
    recorded("cam01", t0_ + std::chrono::minutes(i), 1);
    clock_.advance(Millis{1});
    ASSERT_TRUE(small.get("cam01", t0_ + std::chrono::minutes(i)));
  }
  EXPECT_EQ(small.size(), 2U);
}

}  // namespace
}  // namespace cbx::web

#include "mp4/key_frames.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace cbx::mp4 {
namespace {

using test::MemoryFile;

TEST(KeyFrames, AreTheSamplesThatTheWriterWasGiven) {
  MemoryFile file = test::recording(3);
  const auto keys = read_key_frames(file);
  ASSERT_TRUE(keys) << keys.error().message();
  EXPECT_FALSE(keys->finished);
  EXPECT_EQ(keys->config, test::video_config());
  ASSERT_EQ(keys->frames.size(), 3U);
  for (size_t i = 0; i < 3; i++) {
    const auto coded = read_key_frame(file, keys->frames[i]);
    ASSERT_TRUE(coded);
    EXPECT_EQ(*coded, test::video_sample(static_cast<int>(i) * 25).data);
  }
  const WallMs first = keys->frames[0].time;
  EXPECT_EQ(keys->frames[1].time - first, Millis{1080});
  EXPECT_GT(keys->end, keys->frames[2].time);
  EXPECT_EQ(key_frame_at(*keys, first - Millis{1}).time, first);
  EXPECT_EQ(key_frame_at(*keys, first).time, first);
  EXPECT_EQ(key_frame_at(*keys, first + Millis{1079}).time, first);
  EXPECT_EQ(key_frame_at(*keys, first + Millis{1080}).time, first + Millis{1080});
  EXPECT_EQ(key_frame_at(*keys, kLatest).time, keys->frames[2].time);
}

TEST(KeyFrames, UpToTheLastWholeFragment) {
  MemoryFile file = test::recording(3);
  const auto all = read_key_frames(file);
  ASSERT_TRUE(all);
  // The picture of the third second has begun to be written.
  ASSERT_TRUE(file.truncate(all->frames[2].offset + 1));
  const auto some = read_key_frames(file);
  ASSERT_TRUE(some);
  EXPECT_EQ(some->frames.size(), 2U);
  EXPECT_LT(some->end, all->end);
}

TEST(KeyFrames, OfWhatIsNone) {
  MemoryFile file;
  EXPECT_EQ(read_key_frames(file).error().code(), ErrorCode::data);
  MemoryFile recording = test::recording(1);
  const auto size = recording.size();
  ASSERT_TRUE(size);
  EXPECT_FALSE(read_key_frame(recording, {*size - 1, 10, {}}));
  EXPECT_FALSE(read_key_frame(recording, {0, 0, {}}));
  EXPECT_FALSE(read_key_frame(recording, {0, UINT32_MAX, {}}));
}

}  // namespace
}  // namespace cbx::mp4

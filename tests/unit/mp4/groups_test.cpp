#include "mp4/groups.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace cbx::mp4 {
namespace {

using namespace test;

// A file of half-second fragments of 100 bytes, and sound behind each with `sound`; a key frame each `gop_ms` (0: at no
// place but the beginning, none at all: -1).
FileMap file_of(int seconds, int gop_ms, bool sound, int64_t pts = 900000) {
  FileMap map;
  map.tracks = {video_config(), audio_config()};
  map.info.pts = pts;
  uint64_t at = 1000;
  for (int ms = 0; ms < seconds * 1000; ms += 500) {
    Fragment f;
    f.offset = at;
    f.size = 100;
    f.first_pts = pts + ms * 90;
    f.end_pts = f.first_pts + 45000;
    f.key = gop_ms > 0 ? ms % gop_ms == 0 : gop_ms == 0 && ms == 0;
    map.fragments.push_back(f);
    at += f.size;
    if (!sound) continue;
    f.track = 1;
    f.offset = at;
    f.size = 10;
    f.first_pts = f.first_pts * 48 / 90 - 300;
    f.end_pts = f.end_pts * 48 / 90 - 300;
    f.key = true;
    map.fragments.push_back(f);
    at += f.size;
  }
  return map;
}

std::vector<int64_t> durations(const std::vector<FileGroup>& groups) {
  std::vector<int64_t> out;
  for (const FileGroup& g : groups) out.push_back(g.duration_ms);
  return out;
}

using Durations = std::vector<int64_t>;

TEST(Groups, WholeGopsOfAboutSixSeconds) {
  for (const int gop : {1000, 2000, 3000, 6000})
    EXPECT_EQ(durations(groups_of(file_of(60, gop, true), 60'000)), Durations(10, 6000)) << gop;
  EXPECT_EQ(durations(groups_of(file_of(60, 4000, true), 60'000)),
            Durations({8000, 8000, 8000, 8000, 8000, 8000, 8000, 4000}));
  EXPECT_EQ(durations(groups_of(file_of(60, 10'000, true), 60'000)), Durations(6, 10'000));
  EXPECT_EQ(durations(groups_of(file_of(10, 1000, true), 10'040)), Durations({6000, 4040}));
}

TEST(Groups, TheFirstOnesOfAConnectionGrow) {
  const auto opening = [](int seconds, int gop) {
    FileMap map = file_of(seconds, gop, true);
    map.info.opens = true;
    return durations(groups_of(map, seconds * 1000));
  };
  EXPECT_EQ(opening(30, 1000), Durations({1000, 1000, 2000, 4000, 6000, 6000, 6000, 4000}));
  EXPECT_EQ(opening(30, 2000), Durations({2000, 2000, 4000, 6000, 6000, 6000, 4000}));
  EXPECT_EQ(opening(30, 500), Durations({500, 500, 1000, 2000, 4000, 5500, 5500, 5500, 5500}));
  EXPECT_EQ(opening(30, 10'000), Durations(3, 10'000));
}

TEST(Groups, PictureWithoutKeyFramesIsNeverCut) {
  EXPECT_EQ(durations(groups_of(file_of(60, 0, true), 60'000)), Durations{60'000});
  EXPECT_EQ(durations(groups_of(file_of(60, -1, true), 60'000)), Durations{60'000});
}

TEST(Groups, SoundAloneIsCutAnywhere) {
  FileMap map = file_of(20, 0, false);
  map.tracks = {audio_config()};
  for (Fragment& f : map.fragments) {
    f.first_pts = f.first_pts * 48 / 90;
    f.end_pts = f.end_pts * 48 / 90;
    f.key = true;
  }
  EXPECT_EQ(durations(groups_of(map, 20'000)), Durations({5500, 5500, 5500, 3500}));
}

TEST(Groups, BytesFollowEachOther) {
  const auto groups = groups_of(file_of(60, 1000, true), 60'000);
  uint64_t at = 1000;
  int64_t time = 0;
  for (const FileGroup& g : groups) {
    EXPECT_EQ(g.offset, at);
    EXPECT_EQ(g.at_ms, time);
    EXPECT_EQ(g.bytes, 12 * 110u);
    at += g.bytes;
    time += g.duration_ms;
  }
}

// Its key frames are a second apart, but begin a fragment each 12 s only.
TEST(Groups, ThoseOfARecordingBeginWithKeyFrames) {
  MemoryFile file = recording(20);
  const auto map = read_file_map(file);
  ASSERT_TRUE(map);
  // The first picture is shown 80 ms after its decoding time, where the fixture says that the presentation begins.
  FileMap real = *map;
  real.info.pts = real.fragments.front().first_pts;
  const auto groups = groups_of(real, 20'000);
  EXPECT_EQ(durations(groups), Durations({12'000, 8000}));
  for (const FileGroup& g : groups) {
    const auto first = std::find_if(real.fragments.begin(), real.fragments.end(),
                                    [&](const Fragment& f) { return f.offset == g.offset; });
    ASSERT_NE(first, real.fragments.end());
    EXPECT_TRUE(first->key && first->track == 0);
    EXPECT_EQ((first->first_pts - real.info.pts) / 90, g.at_ms);
  }
}

TEST(Groups, TheOpenGroupIsKnownAtEachFragment) {
  const FileMap map = file_of(13, 1000, true);
  GroupCutter cutter(map.tracks, map.info);
  EXPECT_FALSE(cutter.open());
  std::vector<FileGroup> done;
  for (const Fragment& f : map.fragments) {
    if (const auto g = cutter.add(f)) done.push_back(*g);
    ASSERT_TRUE(cutter.open());
    EXPECT_EQ(cutter.open()->offset + cutter.open()->bytes, f.offset + f.size);
    EXPECT_EQ(cutter.open()->at_ms, done.empty() ? 0 : done.back().end_ms());
    if (f.track == 0) {
      EXPECT_EQ(cutter.open()->end_ms(), (f.end_pts - map.info.pts) / 90);
    }
  }
  done.push_back(*cutter.open());
  EXPECT_EQ(done, groups_of(map, 13'000));
}

TEST(Groups, WhateverAFileTellsTheSumIsItsDuration) {
  for (const int64_t pts : {int64_t{0}, INT64_MAX, INT64_MIN}) {
    FileMap map = file_of(30, 1000, true);
    map.info.pts = pts;
    EXPECT_EQ(durations(groups_of(map, 30'000)), Durations(5, 6000)) << "a first instant that is none: " << pts;
  }
  FileMap map = file_of(30, 1000, true);
  map.fragments[20].first_pts = INT64_MAX;
  map.fragments[40].first_pts = INT64_MIN;
  for (const int64_t ms : {int64_t{0}, int64_t{1}, int64_t{30'000}, int64_t{90'000}}) {
    int64_t at = 0;
    for (const FileGroup& g : groups_of(map, ms)) {
      EXPECT_EQ(g.at_ms, at);
      EXPECT_GE(g.duration_ms, 0);
      at += g.duration_ms;
    }
    EXPECT_EQ(at, ms);
  }
  EXPECT_TRUE(groups_of(FileMap{}, 1000).empty());
}

}  // namespace
}  // namespace cbx::mp4

// One file, read while it grows byte by byte, shrinks, or turns out to be something else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "mp4/groups.h"
#include "playback/live_file.h"
#include "temp_dir.h"

namespace cbx::playback::test {
namespace {

using namespace std::chrono_literals;

codec::TrackConfig picture_config() {
  codec::TrackConfig t;
  t.codec = codec::Codec::h264;
  t.decoder_config = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 4, 0x68, 0xee, 0x3c, 0x80};
  t.video.width = 640;
  t.video.height = 360;
  return t;
}

codec::TrackConfig sound_config() {
  codec::TrackConfig t;
  t.codec = codec::Codec::aac;
  t.decoder_config = {0x11, 0x90};
  t.audio.sample_rate = 48000;
  t.audio.channels = 2;
  return t;
}

struct LiveFileTest : ::testing::Test {
  cbx::test::TempDir dir;
  const std::string whole = dir.path() + "/whole", path = dir.path() + "/part";
  PosixFilesystem disk;
  std::vector<uint64_t> flushes;  // where each ends; the first: where the head does
  mp4::FileMap map;
  Bytes bytes;
  Monotonic now{1h};

  // 25 pictures a second with B-frames, a key frame a second and a flush each half; the sound of each flush with it.
  void record(int seconds, bool with_sound = true) {
    auto file = disk.open(whole, OpenMode::create_new);
    ASSERT_TRUE(file);
    mp4::FileInfo info;
    info.device = "cam01";
    info.start = *parse_rfc3339("2026-11-20T08:01:00.033Z");
    info.source = "live";
    info.connection = "c1";
    info.pts = 900000 + 7200;
    std::vector<codec::TrackConfig> tracks{picture_config()};
    if (with_sound) tracks.push_back(sound_config());
    auto writer = mp4::HybridWriter::create(**file, tracks, info, 8192);
    ASSERT_TRUE(writer);
    flushes.push_back(writer->size());
    int64_t sound = 0;
    const Bytes frame(20, 7);
    for (int n = 0; n < seconds * 25; ++n) {
      if (n > 0 && (n % 25 == 0 || n % 25 == 13)) flush(*writer);
      const int32_t offsets[] = {7200, 14400, 3600, 3600};
      const Bytes picture(static_cast<size_t>(100 + n % 7), static_cast<uint8_t>(n));
      writer->add({0, 900000 + n * int64_t{3600}, n % 25 == 0 ? 7200 : offsets[n % 4], 3600, n % 25 == 0, picture});
      for (; with_sound && sound * 1024 <= n * int64_t{1920}; ++sound)
        writer->add({1, 907200 * int64_t{48000} / 90000 + sound * 1024, 0, 1024, true, frame});
    }
    flush(*writer);
    auto read = mp4::read_file_map(**file);
    ASSERT_TRUE(read);
    map = std::move(*read);
    const std::string text = *read_file(whole, 64 << 20);
    bytes.assign(text.begin(), text.end());
  }
  void flush(mp4::HybridWriter& writer) {
    ASSERT_TRUE(writer.flush());
    flushes.push_back(writer.size());
  }

  // The file as it is when so many bytes are written.
  void write(uint64_t size) {
    std::ofstream(path, std::ios::app).flush();
    std::filesystem::resize_file(path, std::min<uint64_t>(size, std::filesystem::file_size(path)));
    const uint64_t have = std::filesystem::file_size(path);
    std::ofstream out(path, std::ios::app | std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()) + have, static_cast<std::streamsize>(size - have));
  }
  std::unique_ptr<LiveFile> open() {
    auto file = LiveFile::open(path, map.info.start);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  static uint64_t end_of(const LiveFile& file) {
    if (file.groups().empty()) return 0;
    const Group& g = file.groups().back().group;
    return g.offset + g.bytes;
  }
  static size_t parts_of(const LiveFile& file) {
    size_t n = 0;
    for (const LiveGroup& g : file.groups()) n += g.parts.size();
    return n;
  }
};

TEST_F(LiveFileTest, WholeFlushesAreShownWhereverTheFileEnds) {
  record(3);
  write(0);
  auto file = open();
  for (uint64_t size = 0; size <= bytes.size(); size += size < flushes[0] + 500 ? 97 : 13) {
    write(size);
    ASSERT_TRUE(file->look(now));
    const auto flush = std::upper_bound(flushes.begin(), flushes.end(), size) - flushes.begin();
    const size_t whole_flushes = flush > 0 ? static_cast<size_t>(flush - 1) : 0;
    ASSERT_EQ(parts_of(*file), whole_flushes) << "at " << size;
    EXPECT_TRUE(whole_flushes == 0 || end_of(*file) == flushes[whole_flushes]) << "at " << size;
  }
}

TEST_F(LiveFileTest, GroupsAreThoseOfTheRecord) {
  record(20);
  write(0);
  auto file = open();
  for (const uint64_t size : flushes) {
    write(size);
    ASSERT_TRUE(file->look(now));
  }
  (void)file->finish();
  const auto recorded = mp4::groups_of(map, file->piece().duration_ms);
  ASSERT_EQ(file->groups().size(), recorded.size());
  for (size_t i = 0; i < recorded.size(); ++i) {
    const LiveGroup& g = file->groups()[i];
    EXPECT_EQ(g.group.offset, recorded[i].offset);
    EXPECT_EQ(g.group.bytes, recorded[i].bytes);
    EXPECT_EQ(g.group.at_ms, recorded[i].at_ms);
    EXPECT_EQ(g.group.duration_ms, recorded[i].duration_ms);
    ASSERT_EQ(g.parts.size(), i + 1 < recorded.size() ? 12u : 4u);
    EXPECT_TRUE(g.parts.front().independent);
    EXPECT_FALSE(g.parts[1].independent);
    EXPECT_EQ(g.parts[0].duration_ms, 520);
    EXPECT_EQ(g.parts[1].duration_ms, 480);
    EXPECT_EQ(g.parts.back().at_ms + g.parts.back().duration_ms, g.group.at_ms + g.group.duration_ms);
  }
  EXPECT_NEAR(file->piece().fps, 25, 0.01);
  EXPECT_EQ(file->piece().codecs, "avc1.64001f,mp4a.40.2");
  EXPECT_EQ(file->piece().duration_ms, 20000);
}

TEST_F(LiveFileTest, WhatIsTakenBackIsNotListedAndComesAgain) {
  record(10);
  write(flushes[16] + 100);
  auto file = open();
  ASSERT_TRUE(file->look(now));
  EXPECT_EQ(parts_of(*file), 16u);
  ASSERT_EQ(file->groups().size(), 2u);
  write(flushes[9]);
  auto changed = file->look(now);
  ASSERT_TRUE(changed && *changed);
  EXPECT_EQ(end_of(*file), flushes[9]);
  EXPECT_EQ(parts_of(*file), 9u);
  write(flushes[20]);
  ASSERT_TRUE(file->look(now));
  EXPECT_EQ(parts_of(*file), 20u);
  EXPECT_EQ(file->groups()[0].group.bytes, mp4::groups_of(map, 10000)[0].bytes);
}

TEST_F(LiveFileTest, TakenBackToItsHeadItShowsNothing) {
  record(2);
  write(flushes[2]);
  auto file = open();
  ASSERT_TRUE(file->look(now));
  write(flushes[0]);
  auto changed = file->look(now);
  ASSERT_TRUE(changed && *changed);
  EXPECT_FALSE(file->begun());
}

TEST_F(LiveFileTest, AFlushThatStaysTornShowsItsWholeFragmentsInTheEnd) {
  record(2);
  const mp4::Fragment& sound = map.fragments[3];  // the second of its flush
  ASSERT_EQ(sound.track, 1);
  write(sound.offset + 5);
  auto file = open();
  ASSERT_TRUE(file->look(now));
  EXPECT_EQ(end_of(*file), flushes[1]);
  ASSERT_TRUE(file->look(now + 2s));
  EXPECT_EQ(end_of(*file), sound.offset);
}

TEST_F(LiveFileTest, RubbishBehindTheFragmentsIsFoundOut) {
  record(2);
  write(flushes[2]);
  std::ofstream(path, std::ios::app) << "this is no box at all";
  auto file = open();
  ASSERT_TRUE(file->look(now)) << "it may be a box one day";
  EXPECT_EQ(end_of(*file), flushes[2]);
  const auto later = file->look(now + 10s);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code(), ErrorCode::data);
}

TEST_F(LiveFileTest, AnotherKindOfFileIsFoundOut) {
  record(1);
  std::ofstream(path) << std::string(5000, 'x');
  auto file = open();
  EXPECT_TRUE(file->look(now));
  EXPECT_FALSE(file->look(now + 10s));
  EXPECT_FALSE(file->located());
}

TEST_F(LiveFileTest, TheMoovOfAFileBeingFinishedIsNoRubbish) {
  record(2);
  write(flushes.back());
  std::ofstream(path, std::ios::app | std::ios::binary) << std::string("\0\0\1\0moov", 8) << std::string(300, 'm');
  auto file = open();
  ASSERT_TRUE(file->look(now));
  ASSERT_TRUE(file->look(now + 10s));
  EXPECT_EQ(end_of(*file), flushes.back());
}

// Damaged in any byte of a moof, a file never shows a byte that it hasn't got.
TEST_F(LiveFileTest, DamagedFragmentsHarmNobody) {
  record(2);
  const uint64_t begin = flushes[1], end = std::min<uint64_t>(begin + 700, bytes.size());
  for (uint64_t at = begin; at < end; ++at) {
    const uint8_t before = bytes[at];
    bytes[at] = static_cast<uint8_t>(before ^ 0x81);
    std::filesystem::remove(path);
    write(0);
    write(bytes.size());
    auto file = open();
    for (const auto later : {0s, 2s, 10s}) {
      if (!file->look(now + later)) break;
      ASSERT_LE(end_of(*file), bytes.size());
      for (const LiveGroup& g : file->groups())
        for (const Part& p : g.parts) ASSERT_LE(p.offset + p.bytes, bytes.size());
    }
    bytes[at] = before;
  }
}

TEST_F(LiveFileTest, AnUnlinkedFileSaysSo) {
  record(1);
  write(flushes[1]);
  auto file = open();
  ASSERT_TRUE(file->look(now));
  EXPECT_FALSE(file->unlinked());
  std::filesystem::remove(path);
  ASSERT_TRUE(file->look(now));
  EXPECT_TRUE(file->unlinked());
}

}  // namespace
}  // namespace cbx::playback::test

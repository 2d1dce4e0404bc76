#include <gtest/gtest.h>

#include <random>

#include "fixture.h"
#include "mp4/fragment.h"
#include "mp4/hybrid_writer.h"

namespace cbx::mp4 {
namespace {

using namespace test;

// The finished form of recording(seconds, reserve).
Bytes finished(int seconds, uint64_t reserve) {
  MemoryFile file;
  auto w = HybridWriter::create(file, {video_config(), audio_config()}, file_info(), reserve);
  EXPECT_TRUE(w);
  record(*w, seconds);
  EXPECT_TRUE(w->finish());
  return file.bytes;
}

// salvage() either refuses and changes nothing, or makes a file that plays what was recorded.
void expect_sound(const Bytes& damaged, bool exact) {
  MemoryFile file(damaged);
  const auto s = salvage(file);
  if (!s) {
    EXPECT_EQ(s.error().code(), ErrorCode::data);
    EXPECT_EQ(file.bytes, damaged);
    return;
  }
  if (s->was_finished) {
    EXPECT_EQ(file.bytes, damaged);
    return;
  }
  EXPECT_EQ(s->finished.bytes, file.bytes.size());
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  if (exact) {
    EXPECT_TRUE(holds_recorded(file.bytes, *plain));
  }
  // A second time there is nothing to do.
  const auto again = salvage(file);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->was_finished);
}

TEST(Salvage, MakesWhatFinishWouldHaveMade) {
  for (const uint64_t reserve : {uint64_t{8192}, uint64_t{100}}) {
    MemoryFile file = recording(3, reserve);
    const auto s = salvage(file);
    ASSERT_TRUE(s) << s.error().message();
    EXPECT_EQ(s->info, file_info());
    EXPECT_EQ(s->codecs, (std::vector{codec::Codec::h264, codec::Codec::aac}));
    EXPECT_EQ(s->video.width, 640);
    EXPECT_EQ(s->cut_bytes, 0u);
    EXPECT_FALSE(s->was_finished);
    EXPECT_EQ(file.bytes, finished(3, reserve));
  }
}

TEST(Salvage, AFileCutAnywhereLosesTheLastFragmentOnly) {
  const MemoryFile whole = recording(2);
  MemoryFile reader(whole.bytes);
  const auto map = read_file_map(reader);
  ASSERT_TRUE(map);
  const auto& fragments = map->fragments;
  const uint64_t from = fragments[fragments.size() - 4].offset;
  for (uint64_t cut = from; cut < whole.bytes.size(); ++cut) {
    MemoryFile file(Bytes(whole.bytes.begin(), whole.bytes.begin() + static_cast<ptrdiff_t>(cut)));
    const auto s = salvage(file);
    ASSERT_TRUE(s) << cut;
    uint64_t kept = 0;
    for (const Fragment& f : fragments) {
      if (f.offset + f.size <= cut) kept = f.offset + f.size;
    }
    EXPECT_EQ(s->cut_bytes, cut - kept);
    const auto plain = read_plain(file.bytes);
    ASSERT_TRUE(plain) << cut;
    ASSERT_TRUE(holds_recorded(file.bytes, *plain)) << cut;
  }
}

TEST(Salvage, CutsAtAnyByteAreSoundOrRefused) {
  const MemoryFile whole = recording(2, 2048);
  for (uint64_t cut = 0; cut < whole.bytes.size(); cut += 3)
    expect_sound(Bytes(whole.bytes.begin(), whole.bytes.begin() + static_cast<ptrdiff_t>(cut)), true);
  // A finished file that was cut later (a copy that broke off) is brought back as well.
  for (const uint64_t reserve : {uint64_t{4096}, uint64_t{100}}) {
    const Bytes done = finished(2, reserve);
    for (uint64_t cut = 0; cut < done.size(); cut += 7)
      expect_sound(Bytes(done.begin(), done.begin() + static_cast<ptrdiff_t>(cut)), true);
  }
}

TEST(Salvage, DamagedBytesAreSoundOrRefused) {
  const MemoryFile whole = recording(2, 2048);
  const Bytes done = finished(2, 4096);
  std::mt19937 random(7);
  for (int i = 0; i < 6000; ++i) {
    Bytes bad = i % 3 == 0 ? done : whole.bytes;
    const int hits = 1 + static_cast<int>(random() % 6);
    for (int k = 0; k < hits; ++k) bad[random() % bad.size()] = static_cast<uint8_t>(random());
    if (i % 2) bad.resize(random() % bad.size());
    expect_sound(bad, false);
  }
}

TEST(Salvage, ZerosAtTheEndAreCut) {
  MemoryFile file = recording(2);
  MemoryFile reader(file.bytes);
  const auto map = read_file_map(reader);
  ASSERT_TRUE(map);
  // The length is on the disk, the last blocks are not.
  const Fragment& half = map->fragments[map->fragments.size() - 4];
  ASSERT_EQ(half.track, 0);
  const uint64_t from = half.offset + half.size - 300;
  std::fill(file.bytes.begin() + static_cast<ptrdiff_t>(from), file.bytes.end(), uint8_t{0});
  const auto s = salvage(file);
  ASSERT_TRUE(s);
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  EXPECT_TRUE(holds_recorded(file.bytes, *plain));
  EXPECT_EQ(plain->tracks[0].samples.size(), 36u);
}

TEST(Salvage, BrokenNalUnitsFromTheCameraAreNoReasonToRefuse) {
  MemoryFile file;
  auto w = HybridWriter::create(file, {video_config()}, file_info(), 8192);
  ASSERT_TRUE(w);
  for (int n = 0; n < 40; ++n) {
    TestSample s = video_sample(n);
    write_be32(s.data.data(), 0xffffff);
    s.writer.data = s.data;
    w->add(s.writer);
    ASSERT_TRUE(w->flush());
  }
  const auto s = salvage(file);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->finished.samples, 40u);
}

// Plays a log of writes over `state`, each up to each of its bytes, and salvages every state on the way: `want` comes
// of it.
void expect_crash_safe(Bytes state, const std::vector<MemoryFile::Write>& log, const Bytes& want) {
  size_t states = 0;
  for (const MemoryFile::Write& write : log) {
    if (write.truncate) state.resize(write.offset);
    for (size_t n = 0; n <= write.data.size(); ++n) {
      if (n > 0) {
        const uint64_t at = write.offset + n - 1;
        if (at >= state.size()) state.resize(at + 1);
        state[at] = write.data[n - 1];
      }
      MemoryFile crashed(state);
      const auto s = salvage(crashed);
      ASSERT_TRUE(s) << "write at " << write.offset << " byte " << n << ": " << s.error().message();
      ASSERT_EQ(crashed.bytes, want) << "write at " << write.offset << " byte " << n;
      ++states;
    }
  }
  EXPECT_EQ(state, want);
  EXPECT_GT(states, 500u);
}

void expect_finish_crash_safe(uint64_t reserve) {
  MemoryFile file;
  auto w = HybridWriter::create(file, {video_config(), audio_config()}, file_info(), reserve);
  ASSERT_TRUE(w);
  record(*w, 1);
  const Bytes before = file.bytes;
  file.log.clear();
  std::vector<std::string> steps;
  ASSERT_TRUE(w->finish([&](std::string_view step) { steps.emplace_back(step); }));
  EXPECT_EQ(steps, (std::vector<std::string>{"moov", "sync", "commit"}));
  expect_crash_safe(before, file.log, file.bytes);
}

TEST(Salvage, FinishIsCrashSafeAtEveryByteInsideTheReserve) {
  expect_finish_crash_safe(4096);
}
TEST(Salvage, FinishIsCrashSafeAtEveryByteBehindTheFragments) {
  expect_finish_crash_safe(700);
}

TEST(Salvage, SalvageOfACutFinishedFileIsCrashSafeAtEveryByte) {
  Bytes cut = finished(2, 4096);
  cut.resize(cut.size() - 2500);
  MemoryFile file(cut);
  ASSERT_TRUE(salvage(file));
  expect_crash_safe(cut, file.log, file.bytes);
}

TEST(Salvage, ClaimedSamplesAreBoundedByTheirBytes) {
  // Four thousand million samples of no size, told in thirty bytes.
  MemoryFile file = recording(1);
  MemoryFile reader(file.bytes);
  const auto map = read_file_map(reader);
  ASSERT_TRUE(map);
  Bytes head;
  append_fragment_head(head, 99, 0, 90000000, std::vector<FragmentSample>(2, {8, 3600, 0, true}), 16);
  const size_t trun = as_string(head).find("trun");
  write_be32(head.data() + trun + 8, 0xffffffff);
  head.resize(head.size() + 16, 1);
  const uint64_t before = file.bytes.size();
  file.bytes.insert(file.bytes.end(), head.begin(), head.end());
  const auto s = salvage(file);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->cut_bytes, head.size());
  EXPECT_EQ(s->finished.bytes, before);
}

TEST(Salvage, SamplesMustFillTheirMdat) {
  MemoryFile file = recording(1);
  Bytes head;
  append_fragment_head(head, 99, 1, 90000000, {{8, 1024, 0, true}}, 12);
  head.resize(head.size() + 12, 1);
  const uint64_t before = file.bytes.size();
  file.bytes.insert(file.bytes.end(), head.begin(), head.end());
  const auto s = salvage(file);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->finished.bytes, before);
}

TEST(Salvage, ForeignFilesAreRefused) {
  for (const Bytes& content : {Bytes{}, Bytes(100000, 0), init_segment(std::vector{video_config()})}) {
    MemoryFile file(content);
    const auto s = salvage(file);
    ASSERT_FALSE(s);
    EXPECT_EQ(s.error().code(), ErrorCode::data);
    EXPECT_FALSE(read_file_info(file));
    EXPECT_FALSE(read_file_map(file));
    EXPECT_EQ(file.bytes, content);
  }
}

TEST(Salvage, TellsMp2FromMp3) {
  MemoryFile file;
  codec::TrackConfig t = audio_config();
  t.codec = codec::Codec::mp2;
  t.decoder_config.clear();
  auto w = HybridWriter::create(file, {t}, file_info(), 4096);
  ASSERT_TRUE(w);
  const Bytes data(20, 7);
  w->add({0, 0, 0, 1152, true, data});
  ASSERT_TRUE(w->flush());
  const auto s = salvage(file);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->codecs, std::vector{codec::Codec::mp2});
}

TEST(FileInfo, IsReadBackWhileRecordingAndWhenFinished) {
  MemoryFile file = recording(1);
  auto info = read_file_info(file);
  ASSERT_TRUE(info);
  EXPECT_EQ(*info, file_info());
  MemoryFile done(finished(1, 4096));
  info = read_file_info(done);
  ASSERT_TRUE(info);
  EXPECT_EQ(*info, file_info());
}

TEST(FileInfo, AForeignDeviceNameIsRefused) {
  MemoryFile file;
  FileInfo info = file_info();
  info.device = "../../etc";
  auto w = HybridWriter::create(file, {video_config()}, info, 4096);
  ASSERT_TRUE(w);
  EXPECT_FALSE(read_file_info(file));
}

}  // namespace
}  // namespace cbx::mp4

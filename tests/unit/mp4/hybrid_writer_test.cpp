#include "mp4/hybrid_writer.h"

#include <gtest/gtest.h>

#include "fixture.h"
#include "mp4/moov.h"

namespace cbx::mp4 {
namespace {

using namespace test;

HybridWriter make(MemoryFile& file, uint64_t reserve = 8192) {
  auto w = HybridWriter::create(file, {video_config(), audio_config()}, file_info(), reserve);
  EXPECT_TRUE(w);
  return std::move(*w);
}

TEST(HybridWriter, FinishedFileIsAnOrdinaryFaststartMp4) {
  MemoryFile file;
  HybridWriter w = make(file);
  record(w, 3);
  const auto done = w.finish();
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(done->bytes, file.bytes.size());
  EXPECT_EQ(done->samples, 75u + 140u);
  EXPECT_EQ(done->video_samples, 75u);
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->boxes, (std::vector<std::string>{"ftyp", "moov", "free", "mdat"}));
  ASSERT_EQ(plain->tracks.size(), 2u);
  EXPECT_EQ(plain->tracks[0].samples.size(), 75u);
  EXPECT_EQ(plain->tracks[1].samples.size(), 140u);
  EXPECT_EQ(plain->tracks[0].format, "avc1");
  EXPECT_EQ(plain->tracks[1].format, "mp4a");
  EXPECT_TRUE(holds_recorded(file.bytes, *plain));
  // 2026-11-20T08:01:00Z, from 1904.
  EXPECT_EQ(plain->creation, 2082844800u + 1795161660u);
}

TEST(HybridWriter, EditListsKeepSoundAndPictureTogether) {
  MemoryFile file;
  HybridWriter w = make(file);
  record(w, 1);
  const auto done = w.finish();
  ASSERT_TRUE(done);
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->movie_timescale, 90000u);
  // The picture is presented from 7200 ticks after its first DTS on (samples 0 and 2 make 7200 the least), which is
  // 500 ticks of 48 kHz = 937.5 of 90 kHz after the sound.
  const auto& video = plain->tracks[0].edits;
  ASSERT_EQ(video.size(), 2u);
  EXPECT_EQ(video[0].second, -1);
  EXPECT_NEAR(static_cast<double>(video[0].first), 937.5, 1.0);
  EXPECT_EQ(video[1].second, 7200);
  const auto& audio = plain->tracks[1].edits;
  ASSERT_EQ(audio.size(), 1u);
  EXPECT_EQ(audio[0].second, 0);
  EXPECT_EQ(done->duration_ms, w.duration_ms());
}

TEST(HybridWriter, PicturesPresentedBeforeTheirDecodingTimeAreMoved) {
  MemoryFile file;
  auto w = HybridWriter::create(file, {video_config()}, file_info(), 8192);
  ASSERT_TRUE(w);
  for (int n = 0; n < 8; ++n) {
    TestSample s = video_sample(n);
    s.writer.composition_offset -= 14400;
    s.writer.data = s.data;
    w->add(s.writer);
  }
  ASSERT_TRUE(w->finish());
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  const PlainTrack& t = plain->tracks[0];
  EXPECT_EQ(t.edits.back().second, 0);
  int64_t first = INT64_MAX;
  for (const PlainSample& s : t.samples) first = std::min(first, s.dts + s.cto);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(t.ctts_version, 1);
}

TEST(HybridWriter, HiddenFragmentsAreWholeAndAbsolute) {
  MemoryFile file;
  HybridWriter w = make(file);
  record(w, 2);
  const auto before = read_file_map(file);
  ASSERT_TRUE(before);
  EXPECT_FALSE(before->finished);
  ASSERT_TRUE(w.finish());
  const auto map = read_file_map(file);
  ASSERT_TRUE(map);
  EXPECT_TRUE(map->finished);
  EXPECT_EQ(map->info, file_info());
  EXPECT_EQ(map->fragments.size(), before->fragments.size());
  EXPECT_EQ(map->fragments.size(), 10u);
  const Bytes init = init_segment(std::vector{video_config(), audio_config()});
  ASSERT_EQ(map->init_size, init.size());
  EXPECT_TRUE(std::equal(init.begin(), init.end(), file.bytes.begin() + static_cast<ptrdiff_t>(map->init_offset)));
  EXPECT_EQ(map->fragments[0].tfdt, 900000);
  EXPECT_EQ(map->fragments[0].duration, 12 * 3600);
  EXPECT_TRUE(map->fragments[0].key);
  EXPECT_FALSE(map->fragments[2].key);
  EXPECT_EQ(map->fragments[2].tfdt, 900000 + 12 * 3600);
  uint64_t at = map->init_offset + map->init_size;
  for (const Fragment& f : map->fragments) {
    EXPECT_EQ(f.offset, at);
    EXPECT_EQ(as_string(ByteSpan(file.bytes).subspan(at + 4, 4)), "moof");
    at += f.size;
  }
  EXPECT_EQ(at, file.bytes.size());
}

TEST(HybridWriter, EveryReserveGivesAPlayableFile) {
  MemoryFile probe;
  HybridWriter w = make(probe);
  record(w, 1);
  const auto done = w.finish();
  ASSERT_TRUE(done);
  const uint64_t exact = done->moov_bytes + 16;
  bool inside = false, behind = false;
  for (uint64_t reserve = exact - 20; reserve <= exact + 20; ++reserve) {
    MemoryFile file;
    HybridWriter writer = make(file, reserve);
    record(writer, 1);
    const auto finished = writer.finish();
    ASSERT_TRUE(finished);
    EXPECT_EQ(finished->bytes, file.bytes.size());
    const auto plain = read_plain(file.bytes);
    ASSERT_TRUE(plain) << reserve - exact;
    EXPECT_TRUE(holds_recorded(file.bytes, *plain));
    (plain->boxes[1] == "moov" ? inside : behind) = true;
    EXPECT_EQ(plain->boxes[1] == "moov", reserve == exact || reserve >= exact + 8) << reserve - exact;
    const auto again = salvage(file);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->was_finished);
    EXPECT_EQ(again->finished.moov_bytes, done->moov_bytes);
  }
  EXPECT_TRUE(inside && behind);
}

TEST(HybridWriter, AFailedWriteIsTakenBackAndTriedAgain) {
  MemoryFile good = recording(2);
  MemoryFile file;
  HybridWriter w = make(file);
  int audio = 0;
  for (int n = 0; n < 50; ++n) {
    if (n % 12 == 0 && n > 0) {
      const uint64_t before = file.bytes.size();
      file.room = before + 100;
      const auto failed = w.flush();
      ASSERT_FALSE(failed);
      EXPECT_EQ(failed.error().os_error(), ENOSPC);
      EXPECT_EQ(file.bytes.size(), before);
      EXPECT_EQ(w.size(), before);
      EXPECT_GT(w.pending_bytes(), 0u);
      file.room.reset();
      ASSERT_TRUE(w.flush());
      EXPECT_EQ(w.pending_bytes(), 0u);
    }
    TestSample v = video_sample(n);
    v.writer.data = v.data;
    w.add(v.writer);
    while ((audio + 1) * 1024 <= (n + 1) * 1920) {
      TestSample a = audio_sample(audio++);
      a.writer.data = a.data;
      w.add(a.writer);
    }
  }
  ASSERT_TRUE(w.flush());
  EXPECT_EQ(file.bytes, good.bytes);
}

TEST(HybridWriter, DroppedSamplesLeaveAHoleThatTheLastSampleCovers) {
  MemoryFile file;
  auto w = HybridWriter::create(file, {video_config()}, file_info(), 8192);
  ASSERT_TRUE(w);
  for (int n = 0; n < 30; ++n) {
    TestSample s = video_sample(n);
    s.writer.data = s.data;
    w->add(s.writer);
    if (n == 9) {
      ASSERT_TRUE(w->flush());
    }
    if (n == 19) w->drop_pending();
  }
  ASSERT_TRUE(w->finish());
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  const auto& samples = plain->tracks[0].samples;
  ASSERT_EQ(samples.size(), 20u);
  EXPECT_EQ(samples[9].dts, 9 * 3600);
  EXPECT_EQ(samples[10].dts, 20 * 3600);
}

TEST(HybridWriter, SilentTracksAreLeftOut) {
  MemoryFile file;
  HybridWriter w = make(file);
  TestSample v = video_sample(0);
  v.writer.data = v.data;
  w.add(v.writer);
  ASSERT_TRUE(w.finish());
  const auto plain = read_plain(file.bytes);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->tracks.size(), 1u);
}

TEST(HybridWriter, NothingIsNoFile) {
  MemoryFile file;
  HybridWriter w = make(file);
  const auto done = w.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::data);
}

TEST(FinalMoov, OffsetsPast4GiBAreWide) {
  SampleTable table(true, 90000);
  table.add_fragment(uint64_t{5} << 30, 0, {{100, 3600, 0, true}});
  const Bytes moov = final_moov({video_config()}, {table}, WallMs{});
  EXPECT_NE(as_string(moov).find("co64"), std::string_view::npos);
  EXPECT_EQ(as_string(moov).find("stco"), std::string_view::npos);
}

TEST(SampleTable, RunsStaySmall) {
  SampleTable table(false, 48000);
  for (int i = 0; i < 60; ++i)
    table.add_fragment(1, i * int64_t{1024 * 47}, std::vector<FragmentSample>(47, {300, 1024, 0, true}));
  EXPECT_EQ(table.durations().size(), 1u);
  EXPECT_EQ(table.offsets().size(), 1u);
  EXPECT_TRUE(table.sync_samples().empty());
  EXPECT_FALSE(table.can_follow(100));
  EXPECT_FALSE(table.can_follow(int64_t{1} << 40));
}

}  // namespace
}  // namespace cbx::mp4

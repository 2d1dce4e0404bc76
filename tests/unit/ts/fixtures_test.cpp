// Streams made by ffmpeg (tests/data/make.sh): what comes out is what ffprobe -show_packets lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder.h"

namespace cbx::ts::test {
namespace {

using codec::Codec;
using testing::ElementsAre;
using testing::SizeIs;

struct AudioCase {
  const char* file;
  int track;
  Codec codec;
  int sample_rate, samples_per_frame;
  size_t frames;
  int64_t first;
  Bytes decoder_config;
};

class AudioFixture : public testing::TestWithParam<AudioCase> {};

TEST_P(AudioFixture, EveryFrameComesWithItsTime) {
  const AudioCase& c = GetParam();
  Recorder r;
  const Stats stats = demux(read_data(c.file), r);
  const auto frames = r.of(c.track);
  ASSERT_THAT(frames, SizeIs(c.frames));
  for (size_t i = 0; i < frames.size(); ++i) {
    // ffmpeg rounds each frame's time to the tick on its own.
    EXPECT_NEAR(frames[i].pts, c.first + static_cast<int64_t>(i) * c.samples_per_frame * 90000 / c.sample_rate, 1) << i;
    EXPECT_EQ(frames[i].dts, frames[i].pts);
    EXPECT_EQ(frames[i].duration, c.samples_per_frame);
    EXPECT_TRUE(frames[i].key);
  }
  const auto config = std::ranges::find(r.tracks, c.track, [](const auto& t) { return t.first; })->second;
  EXPECT_EQ(config.codec, c.codec);
  EXPECT_EQ(config.audio.sample_rate, c.sample_rate);
  EXPECT_EQ(config.audio.channels, 1);
  EXPECT_EQ(config.audio.samples_per_frame, c.samples_per_frame);
  EXPECT_EQ(config.decoder_config, c.decoder_config);
  EXPECT_EQ(stats.damaged_samples, 0u);
  EXPECT_EQ(stats.skipped_bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    All, AudioFixture,
    testing::Values(AudioCase{"h264_aac.ts", 1, Codec::aac, 48000, 1024, 95, 131280, {0x11, 0x88}},
                    AudioCase{"h265_latm.ts", 1, Codec::aac, 48000, 1024, 95, 131280, {0x11, 0x88}},
                    AudioCase{"h264_ac3.m2ts", 1, Codec::ac3, 48000, 1536, 32, 130800, {0x10, 0x08, 0x20}},
                    AudioCase{"mp2.ts", 0, Codec::mp2, 48000, 1152, 84, 126000, {}},
                    AudioCase{"mp3.ts", 0, Codec::mp3, 48000, 1152, 85, 126000, {}},
                    AudioCase{"mp3_lsf.ts", 0, Codec::mp3, 22050, 576, 79, 126000, {}},
                    AudioCase{"ac3.ts", 0, Codec::ac3, 48000, 1536, 63, 126000, {0x10, 0x08, 0x60}},
                    AudioCase{"eac3.ts", 0, Codec::eac3, 48000, 1536, 63, 126000, {0x01, 0x80, 0x20, 0x02, 0x00}},
                    AudioCase{
                        "opus.ts", 0, Codec::opus, 48000, 960, 101, 126000, {0, 1, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0}}),
    [](const auto& info) {
      std::string name = info.param.file;
      std::ranges::replace(name, '.', '_');
      return name;
    });

TEST(Fixture, H264WithBPictures) {
  Recorder r;
  demux(read_data("h264_aac.ts"), r);
  EXPECT_THAT(r.layouts, ElementsAre(std::pair(2, true)));
  const auto video = r.of(0);
  ASSERT_THAT(video, SizeIs(50));
  for (size_t i = 0; i < video.size(); ++i) EXPECT_EQ(video[i].dts, 126000 + static_cast<int64_t>(i) * 3600);
  EXPECT_EQ(video[0].pts, 133200);
  EXPECT_EQ(video[1].pts, 144000);
  EXPECT_EQ(video[2].pts, 136800);
  EXPECT_EQ(std::ranges::count_if(video, [](const auto& s) { return s.key; }), 2);
  EXPECT_TRUE(video[0].key);
  EXPECT_TRUE(video[25].key);
  const auto& config = r.tracks.at(0).second;
  EXPECT_EQ(config.codec, Codec::h264);
  EXPECT_EQ(config.video.width, 96);
  EXPECT_EQ(config.video.height, 64);
  EXPECT_EQ(config.video.frame_rate_num, 25);
  EXPECT_EQ(config.video.frame_rate_den, 1);
  // One configuration each: the parameter sets that every key frame repeats are no change.
  EXPECT_THAT(r.tracks, SizeIs(2));
}

TEST(Fixture, H265) {
  Recorder r;
  demux(read_data("h265_latm.ts"), r);
  const auto video = r.of(0);
  ASSERT_THAT(video, SizeIs(50));
  EXPECT_EQ(video[0].pts, 133200);
  EXPECT_EQ(video[0].dts, 126000);
  EXPECT_EQ(video[49].dts, 126000 + 49 * 3600);
  EXPECT_TRUE(video[0].key);
  const auto& config = r.tracks.at(0).second;
  EXPECT_EQ(config.codec, Codec::h265);
  EXPECT_EQ(config.video.width, 96);
  EXPECT_EQ(config.video.height, 64);
  EXPECT_EQ(config.video.frame_rate_num, 25);
}

TEST(Fixture, WidePacketsAreToldByTheirContent) {
  Recorder r;
  const Stats stats = demux(read_data("h264_ac3.m2ts"), r);
  EXPECT_EQ(r.of(0).size(), 27u);
  EXPECT_EQ(stats.packets, 96u);
}

TEST(Fixture, Mpeg2VideoIsRefusedByName) {
  Recorder r;
  demux(read_data("mpeg2.ts"), r);
  EXPECT_TRUE(r.samples.empty());
  EXPECT_EQ(r.count(Notice::Kind::unsupported, "MPEG-2 video"), 1u);
}

TEST(Fixture, ChunkingChangesNothing) {
  for (const char* file : {"h264_aac.ts", "h264_ac3.m2ts", "eac3.ts", "opus.ts", "h265_latm.ts"}) {
    const Bytes data = read_data(file);
    Recorder whole;
    demux(data, whole, data.size());
    for (const size_t chunk : {1u, 7u, 187u, 188u, 189u, 192u, 1000u}) {
      Recorder r;
      demux(data, r, chunk);
      ASSERT_EQ(r.samples.size(), whole.samples.size()) << file << " " << chunk;
      for (size_t i = 0; i < r.samples.size(); ++i) {
        ASSERT_EQ(r.samples[i].bytes, whole.samples[i].bytes);
        ASSERT_EQ(r.samples[i].dts, whole.samples[i].dts);
      }
    }
  }
}

}  // namespace
}  // namespace cbx::ts::test

#include "mp4/codecs.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace cbx::mp4 {
namespace {

using namespace test;
using codec::Codec;
using codec::TrackConfig;

TrackConfig track(Codec codec, Bytes config = {}, int sample_rate = 48000) {
  TrackConfig t;
  t.codec = codec;
  t.decoder_config = std::move(config);
  t.audio.sample_rate = sample_rate;
  return t;
}

TEST(Codecs, AvcIsNamedByProfileConstraintsAndLevel) {
  // The avcC that libavformat makes of tests/data/h264_aac.ts (High, level 1.0), and of x264's constrained baseline.
  EXPECT_EQ(codecs_string(track(Codec::h264, {0x01, 0x64, 0x00, 0x0a, 0xff, 0xe1, 0x00, 0x18, 0x67})), "avc1.64000a");
  EXPECT_EQ(codecs_string(track(Codec::h264, {0x01, 0x42, 0xc0, 0x28, 0xff, 0xe1, 0x00, 0x19, 0x67})), "avc1.42c028");
  EXPECT_EQ(codecs_string(track(Codec::h264, {0x01, 0x42})), "avc1");
}

TEST(Codecs, HevcIsNamedByProfileCompatibilityTierLevelAndConstraints) {
  // The hvcC of tests/data/h265_latm.ts (Main, level 1.0), and of x265's Main 10 of 1080p (level 4).
  EXPECT_EQ(codecs_string(track(Codec::h265, {0x01, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0x1e, 0xf0, 0, 0xfc})),
            "hvc1.1.6.L30.90");
  EXPECT_EQ(codecs_string(track(Codec::h265, {0x01, 0x02, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0x78, 0xf0, 0, 0xfc})),
            "hvc1.2.4.L120.90");
  // The example of ISO/IEC 14496-15, E.3, and each field at its most.
  EXPECT_EQ(codecs_string(track(Codec::h265, {0x01, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93})), "hvc1.1.6.L93.B0");
  EXPECT_EQ(codecs_string(track(Codec::h265, {0x01, 0xe4, 0x80, 0, 0, 0x01, 0x80, 0, 0x07, 0, 0, 0, 186})),
            "hvc1.C4.80000001.H186.80.0.7");
  EXPECT_EQ(codecs_string(track(Codec::h265, {0x01, 0x01, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 93})), "hvc1.1.6.L93");
  EXPECT_EQ(codecs_string(track(Codec::h265, {0x01, 0x01, 0x60})), "hvc1");
}

TEST(Codecs, AacIsNamedByItsObjectTypeHeAacToo) {
  EXPECT_EQ(codecs_string(track(Codec::aac, {0x11, 0x90})), "mp4a.40.2");
  // Explicit SBR (object type 5), PS (29), and SBR told behind an LC config, as ffmpeg and Apple write them.
  EXPECT_EQ(codecs_string(track(Codec::aac, {0x2b, 0x11, 0x88, 0x00})), "mp4a.40.5");
  EXPECT_EQ(codecs_string(track(Codec::aac, {0xeb, 0x09, 0x88, 0x00})), "mp4a.40.29");
  EXPECT_EQ(codecs_string(track(Codec::aac, {0x13, 0x10, 0x56, 0xe5, 0x98})), "mp4a.40.5");
  EXPECT_EQ(codecs_string(track(Codec::aac, {0xff})), "mp4a");
}

TEST(Codecs, OtherSoundIsNamedAsItsSampleEntrySays) {
  EXPECT_EQ(codecs_string(track(Codec::mp3)), "mp4a.6B");
  EXPECT_EQ(codecs_string(track(Codec::mp2)), "mp4a.6B");
  EXPECT_EQ(codecs_string(track(Codec::mp3, {}, 22050)), "mp4a.69");
  EXPECT_EQ(codecs_string(track(Codec::ac3)), "ac-3");
  EXPECT_EQ(codecs_string(track(Codec::eac3)), "ec-3");
  EXPECT_EQ(codecs_string(track(Codec::opus)), "opus");
}

TEST(Codecs, VideoComesFirst) {
  EXPECT_EQ(codecs_string(std::vector{audio_config(), video_config()}), "avc1.64001f,mp4a.40.2");
  EXPECT_EQ(codecs_string(std::vector{audio_config()}), "mp4a.40.2");
}

TEST(Codecs, AFileIsDescribedAsItsBytesAre) {
  MemoryFile file = recording(13);
  const auto told = describe(file, 13'000);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->codecs, "avc1.64001f,mp4a.40.2");
  const auto map = read_file_map(file);
  ASSERT_TRUE(map);
  EXPECT_EQ(told->media_offset, map->fragments.front().offset);
  // The first half of sha256sum of the hidden ftyp and moov: as openssl has it of these very bytes.
  const Bytes init = init_segment(std::vector{video_config(), audio_config()});
  EXPECT_EQ(init, Bytes(file.bytes.begin() + static_cast<ptrdiff_t>(map->init_offset),
                        file.bytes.begin() + static_cast<ptrdiff_t>(map->init_offset + map->init_size)));
  EXPECT_EQ(told->init, init_id(init));
  EXPECT_EQ(init_id(as_bytes("abc")), "ba7816bf8f01cfea");  // FIPS 180-2, B.1
  uint64_t at = told->media_offset;
  for (const FileGroup& g : told->groups) {
    EXPECT_EQ(g.offset, at);
    at += g.bytes;
  }
  EXPECT_EQ(at, file.bytes.size());

  MemoryFile other(Bytes(1000, 7));
  EXPECT_FALSE(describe(other, 1000));
}

}  // namespace
}  // namespace cbx::mp4

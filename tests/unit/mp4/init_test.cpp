#include <gtest/gtest.h>

#include "fixture.h"
#include "mp4/box.h"
#include "mp4/moov.h"
#include "mp4/sample_entry.h"

namespace cbx::mp4 {
namespace {

using namespace test;
using codec::Codec;
using codec::TrackConfig;

// The configurations that a written init tells again.
std::optional<std::vector<TrackConfig>> round_trip(const std::vector<TrackConfig>& tracks) {
  const Bytes init = init_segment(tracks);
  const auto moov = find_box(init, "moov");
  return moov ? parse_init_moov(*moov) : std::nullopt;
}

TEST(Init, TellsEveryCodec) {
  for (const Codec c : {Codec::h264, Codec::h265}) {
    TrackConfig t = video_config();
    t.codec = c;
    t.video.par_num = 4;
    t.video.par_den = 3;
    t.video.colour_primaries = 1;
    t.video.transfer = 13;
    t.video.matrix = 6;
    t.video.full_range = true;
    const auto read = round_trip({t});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->front(), t);
  }
  for (const Codec c : {Codec::aac, Codec::mp3, Codec::ac3, Codec::eac3, Codec::opus}) {
    TrackConfig t = audio_config();
    t.codec = c;
    if (c == Codec::mp3) t.decoder_config.clear();
    for (const int rate : {16000, 44100, 48000, 96000}) {
      t.audio.sample_rate = rate;
      t.video.frame_rate_num = 0;
      const auto read = round_trip({t});
      ASSERT_TRUE(read) << codec::codec_name(c);
      EXPECT_EQ(read->front(), t) << codec::codec_name(c);
    }
  }
}

TEST(Init, MpegAudioIsNamedByItsSampleRate) {
  TrackConfig t = audio_config();
  t.codec = Codec::mp2;
  t.decoder_config.clear();
  const auto object = [&](int rate) {
    t.audio.sample_rate = rate;
    const Bytes init = init_segment(std::vector{t});
    const size_t esds = as_string(init).find("esds");
    return init[esds + 8 + 5 + 3 + 5];
  };
  EXPECT_EQ(object(48000), 0x6b);
  EXPECT_EQ(object(32000), 0x6b);
  EXPECT_EQ(object(24000), 0x69);
}

TEST(Init, MatricesTellEveryOrientationApart) {
  for (const int rotation : {0, 90, 180, 270}) {
    for (const bool flip : {false, true}) {
      TrackConfig t = video_config();
      t.video.rotation = rotation;
      t.video.hflip = flip;
      const auto read = round_trip({t});
      ASSERT_TRUE(read);
      EXPECT_EQ(read->front().video, t.video) << rotation << flip;
    }
  }
}

TEST(Init, MatrixTurnsClockwiseIntoTheDisplay) {
  codec::VideoInfo v = video_config().video;
  v.rotation = 90;
  const auto m = display_matrix(v);
  // The top left corner (0, 0) goes to the top right one of a display 360 wide.
  EXPECT_EQ(m[6] >> 16, 360);
  EXPECT_EQ(m[7], 0);
  EXPECT_EQ(m[1], 0x10000);
  EXPECT_EQ(m[3], -0x10000);
}

TEST(Init, OneTrackAloneKeepsItsId) {
  const std::vector tracks{video_config(), audio_config()};
  EXPECT_EQ(init_segment_of(std::vector{video_config()}, 0), init_segment(std::vector{video_config()}));
  const Bytes init = init_segment_of(tracks, 1);
  const auto trak = find_box(*find_box(init, "moov"), "trak");
  ASSERT_TRUE(trak);
  EXPECT_EQ(read_be32(find_box(*trak, "tkhd")->data() + 12), 2u);
  EXPECT_EQ(as_string(init).find("avc1"), std::string_view::npos);
}

TEST(Init, BytesAreAFunctionOfTheConfigurations) {
  EXPECT_EQ(init_segment(std::vector{video_config(), audio_config()}),
            init_segment(std::vector{video_config(), audio_config()}));
}

TEST(Init, DamagedBoxesAreRefusedNotRead) {
  const Bytes init = init_segment(std::vector{video_config(), audio_config()});
  const auto moov = *find_box(init, "moov");
  for (size_t n = 0; n < moov.size(); ++n) EXPECT_FALSE(parse_init_moov(moov.first(n)));
  uint32_t seed = 1;
  for (int i = 0; i < 3000; ++i) {
    Bytes bad(moov.begin(), moov.end());
    for (int k = 0; k < 4; ++k) {
      seed = seed * 1664525 + 1013904223;
      bad[(seed >> 8) % bad.size()] = static_cast<uint8_t>(seed);
    }
    (void)parse_init_moov(bad);
  }
}

}  // namespace
}  // namespace cbx::mp4

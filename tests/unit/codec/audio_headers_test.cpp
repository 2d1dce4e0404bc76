#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/ac3.h"
#include "codec/decoder_config.h"
#include "codec/latm.h"
#include "codec/mpeg_audio.h"
#include "codec/opus.h"

namespace cbx::codec {
namespace {

TEST(Aac, AdtsHeader) {
  const Bytes frame = {0xff, 0xf1, 0x50, 0x80, 0x03, 0x9f, 0xfc};
  const auto h = aac::parse_adts(frame);
  ASSERT_TRUE(h);
  EXPECT_EQ(h->object_type, 2);
  EXPECT_EQ(aac::sample_rate(h->rate_index), 44100);
  EXPECT_EQ(h->channel_config, 2);
  EXPECT_EQ(h->frame_size, 28);
  EXPECT_EQ(aac::asc_from_adts(*h, {}).value(), (Bytes{0x12, 0x10}));
  EXPECT_FALSE(aac::parse_adts(ByteSpan(frame).first(6)));
}

TEST(Aac, ConfigurationsWithAndWithoutSbr) {
  const auto info = [](const Bytes& asc) { return audio_info_from_asc(asc).value_or(AudioInfo{}); };
  EXPECT_EQ(info({0x11, 0x90}), (AudioInfo{48000, 2, 1024, 0}));
  EXPECT_EQ(info({0x11, 0x94}), (AudioInfo{48000, 2, 960, 0}));
  // Explicit SBR (24 kHz core), backward compatible SBR, and parametric stereo.
  EXPECT_EQ(info({0x2b, 0x11, 0x88, 0x00}), (AudioInfo{48000, 2, 2048, 0}));
  EXPECT_EQ(info({0x13, 0x10, 0x56, 0xe5, 0x98}), (AudioInfo{48000, 2, 2048, 0}));
  EXPECT_EQ(info({0xeb, 0x09, 0x88, 0x00}), (AudioInfo{48000, 2, 2048, 0}));
  EXPECT_FALSE(audio_info_from_asc(Bytes{0x11}));
  EXPECT_FALSE(audio_info_from_asc({}));
}

TEST(Aac, ChannelsToldByAProgramConfigElement) {
  // One front pair, one LFE; a comment of two bytes.
  BitWriter w;
  w.put(5, 3);
  for (const auto& [value, bits] : {std::pair(0u, 4),
                                    {1u, 2},
                                    {3u, 4},
                                    {1u, 4},
                                    {0u, 4},
                                    {0u, 4},
                                    {1u, 2},
                                    {0u, 3},
                                    {0u, 4},
                                    {0u, 1},
                                    {0u, 1},
                                    {0u, 1},
                                    {1u, 1},
                                    {0u, 4},
                                    {0u, 4}})
    w.put(value, bits);
  Bytes block = w.take();
  for (const int b : {2, 0x68, 0x69, 0xaa}) block.push_back(static_cast<uint8_t>(b));
  aac::AdtsHeader h;
  h.rate_index = 3;
  const auto asc = aac::asc_from_adts(h, block);
  ASSERT_TRUE(asc);
  EXPECT_EQ(audio_info_from_asc(*asc).value(), (AudioInfo{48000, 3, 1024, 0}));
  EXPECT_EQ(asc->back(), 0x69);
  EXPECT_FALSE(aac::asc_from_adts(h, Bytes{0x00, 0x11}));
}

// An AudioMuxElement; version 1 tells the length of its configuration.
Bytes mux_element(bool with_config, bool version1, ByteSpan payload, unsigned programs = 0) {
  BitWriter w;
  w.put(with_config ? 0 : 1, 1);
  if (with_config) {
    w.put(version1, 1);
    if (version1) {
      w.put(0, 1);
      w.put(0, 2);
      w.put(0xff, 8);
    }
    w.put(1, 1);
    w.put(0, 6);
    w.put(programs, 4);
    w.put(0, 3);
    if (version1) {
      w.put(0, 2);
      w.put(16, 8);
    }
    w.put(0x1190, 16);
    w.put(0, 3);
    w.put(0xff, 8);
    w.put(0, 2);
  }
  w.put(static_cast<uint32_t>(payload.size()), 8);
  for (const uint8_t b : payload) w.put(b, 8);
  return w.take();
}

TEST(Latm, ConfigurationsAndPayloads) {
  const Bytes payload = {1, 2, 3, 0xfe, 0xff};
  for (const bool version1 : {false, true}) {
    latm::Parser parser;
    EXPECT_EQ(parser.parse(mux_element(false, version1, payload)), latm::Parser::State::no_config);
    ASSERT_EQ(parser.parse(mux_element(true, version1, payload)), latm::Parser::State::ok);
    EXPECT_EQ(parser.asc(), (Bytes{0x11, 0x90}));
    ASSERT_EQ(parser.payloads().size(), 1u);
    EXPECT_THAT(parser.payloads()[0], testing::ElementsAreArray(payload));
    ASSERT_EQ(parser.parse(mux_element(false, version1, payload)), latm::Parser::State::ok);
    EXPECT_THAT(parser.payloads()[0], testing::ElementsAreArray(payload));
    EXPECT_EQ(parser.parse(mux_element(true, version1, payload, 1)), latm::Parser::State::unsupported);
    EXPECT_EQ(parser.parse({}), latm::Parser::State::damaged);
  }
}

TEST(MpegAudio, Headers) {
  const auto mp3 = mpeg_audio::parse_header(Bytes{0xff, 0xfb, 0x90, 0x64});
  ASSERT_TRUE(mp3);
  EXPECT_EQ(mp3->codec(), Codec::mp3);
  EXPECT_EQ(mp3->sample_rate, 44100);
  EXPECT_EQ(mp3->bit_rate, 128000);
  EXPECT_EQ(mp3->frame_size, 417u);
  EXPECT_EQ(mp3->samples, 1152);
  const auto low = mpeg_audio::parse_header(Bytes{0xff, 0xf3, 0x80, 0xc4});
  ASSERT_TRUE(low);
  EXPECT_EQ(low->sample_rate, 22050);
  EXPECT_EQ(low->samples, 576);
  EXPECT_EQ(low->channels, 1);
  EXPECT_EQ(low->frame_size, 208u);
  const auto mp2 = mpeg_audio::parse_header(Bytes{0xff, 0xfd, 0x84, 0x00});
  ASSERT_TRUE(mp2);
  EXPECT_EQ(mp2->codec(), Codec::mp2);
  EXPECT_EQ(mp2->frame_size, 384u);
  EXPECT_FALSE(mpeg_audio::parse_header(Bytes{0xff, 0xff, 0x84, 0x00}));  // layer I
  EXPECT_FALSE(mpeg_audio::parse_header(Bytes{0xff, 0xfb, 0xf0, 0x00}));
}

TEST(Ac3, FrameSizesAndConfiguration) {
  // 48 kHz, 384 kbit/s, 3/2 with LFE.
  Bytes frame = {0x0b, 0x77, 0, 0, 0x1c, 0x40, 0xe1, 0x00};
  frame.resize(16);
  const auto h = ac3::parse_header(frame);
  ASSERT_TRUE(h);
  EXPECT_EQ(h->frame_size, 1536u);
  EXPECT_EQ(h->bit_rate, 384000);
  EXPECT_EQ(h->channels(), 6);
  EXPECT_EQ(ac3::build_dac3(*h), (Bytes{0x10, 0x3d, 0xc0}));
  // 44.1 kHz frames alternate: 1392 and 1394 bytes at 320 kbit/s.
  frame[4] = 0x40 | 26;
  EXPECT_EQ(ac3::parse_header(frame)->frame_size, 1392u);
  frame[4] = 0x40 | 27;
  EXPECT_EQ(ac3::parse_header(frame)->frame_size, 1394u);
  frame[4] = 0xc0;
  EXPECT_FALSE(ac3::parse_header(frame));
}

TEST(Opus, DurationsAndConfigurations) {
  EXPECT_EQ(opus::packet_samples(Bytes{0xfc}), 960);      // CELT 20 ms
  EXPECT_EQ(opus::packet_samples(Bytes{0xe1}), 240);      // two of 2.5 ms
  EXPECT_EQ(opus::packet_samples(Bytes{0x18}), 2880);     // SILK 60 ms
  EXPECT_EQ(opus::packet_samples(Bytes{0x1b, 2}), 5760);  // two of them
  EXPECT_EQ(opus::packet_samples(Bytes{0x1b, 3}), 0);     // over 120 ms
  EXPECT_EQ(opus::packet_samples({}), 0);
  const auto control = opus::parse_control_header(Bytes{0x7f, 0xf0, 0xff, 0x10, 0x01, 0x38, 0xfc});
  EXPECT_TRUE(control.valid);
  EXPECT_FALSE(control.need_more);
  EXPECT_EQ(control.header.payload_size, 271u);
  EXPECT_EQ(control.header.header_size, 6u);
  EXPECT_TRUE(opus::parse_control_header(Bytes{0x7f, 0xe0, 0xff}).need_more);
  EXPECT_FALSE(opus::parse_control_header(Bytes{0x7e, 0xe0, 0x05}).valid);
  EXPECT_EQ(opus::build_dops(6).value(), (Bytes{0, 6, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5}));
  EXPECT_FALSE(opus::build_dops(0x81));
}

}  // namespace
}  // namespace cbx::codec

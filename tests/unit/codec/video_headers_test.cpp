#include <gtest/gtest.h>

#include <random>

#include "codec/decoder_config.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/start_code.h"

namespace cbx::codec {
namespace {

const Bytes kSps = {0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x46, 0x26, 0xc0, 0x44, 0x00, 0x00,
                    0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58};
const Bytes kPps = {0x68, 0xef, 0xbc, 0xb0};
const Bytes kHevcVps = {0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00,
                        0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0x95, 0x98, 0x09};
const Bytes kHevcSps = {0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00,
                        0x00, 0x03, 0x00, 0x1e, 0xa0, 0x30, 0x81, 0x05, 0x96, 0x56, 0x69, 0x24, 0xca, 0xf0,
                        0x16, 0x80, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x0c, 0x84};
const Bytes kHevcPps = {0x44, 0x01, 0xc1, 0x72, 0xb4, 0x22, 0x40};

TEST(StartCode, FindsWhatTheNaiveSearchFinds) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    Bytes data(random() % 200);
    for (uint8_t& b : data) b = static_cast<uint8_t>(random() % 3 == 0 ? random() : random() % 2);
    for (size_t begin = 0; begin <= data.size(); begin += 1 + random() % 40) {
      const uint8_t* from = data.data() + begin;
      const uint8_t* end = data.data() + data.size();
      const uint8_t* naive = from;
      while (naive < end && !(end - naive >= 3 && naive[0] == 0 && naive[1] == 0 && naive[2] == 1)) ++naive;
      ASSERT_EQ(find_start_code(from, end), naive);
      ASSERT_EQ(find_start_code_scalar(from, end), naive);
    }
  }
}

TEST(BitReader, SkipsEmulationPreventionAndStopsAtTheEnd) {
  const Bytes data = {0x00, 0x00, 0x03, 0x01, 0xff};
  BitReader bits(data, BitReader::Escaped::yes);
  EXPECT_EQ(bits.read(32), 0x000001ffu);
  EXPECT_FALSE(bits.overrun());
  EXPECT_EQ(bits.read(8), 0u);
  EXPECT_TRUE(bits.overrun());
}

TEST(BitReader, ExpGolomb) {
  const Bytes data = {0b10100110, 0b01000010, 0b10000000};  // 0, 1, 2, 3, 4
  BitReader bits(data);
  for (uint32_t i = 0; i < 5; ++i) EXPECT_EQ(bits.ue(), i);
  const Bytes zeros(20);
  BitReader endless(zeros);
  endless.ue();
  EXPECT_TRUE(endless.overrun());
}

TEST(H264, SpsOfX264) {
  const auto sps = h264::parse_sps(kSps);
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->profile_idc, 100);
  EXPECT_EQ(sps->video.width, 96);
  EXPECT_EQ(sps->video.height, 64);
  EXPECT_EQ(sps->video.frame_rate_num, 25);
  EXPECT_EQ(sps->video.frame_rate_den, 1);
  EXPECT_EQ(sps->max_reorder, 2);
}

// An SPS of the fields given, with everything optional.
Bytes make_sps(uint32_t width_mbs, uint32_t height_mbs, uint32_t crop_bottom, bool interlaced) {
  BitWriter w;
  const auto ue = [&](uint32_t v) {
    int bits = 0;
    while ((v + 1) >> (bits + 1)) ++bits;
    w.put(0, bits);
    w.put(v + 1, bits + 1);
  };
  for (const uint32_t b : {0x67u, 77u, 0u, 40u}) w.put(b, 8);
  ue(3);  // id
  ue(0);
  ue(2);  // pic_order_cnt_type
  ue(1);
  w.put(0, 1);
  ue(width_mbs - 1);
  ue(height_mbs / (interlaced ? 2 : 1) - 1);
  w.put(interlaced ? 0 : 1, 1);
  if (interlaced) w.put(0, 1);
  w.put(1, 1);
  w.put(1, 1);  // cropping
  for (const uint32_t c : {0u, 0u, 0u, crop_bottom}) ue(c);
  w.put(1, 1);    // VUI
  w.put(1, 1);    // aspect ratio
  w.put(255, 8);  // extended: 64:45
  w.put(64, 16);
  w.put(45, 16);
  w.put(0, 1);
  w.put(1, 1);  // video signal: full range, BT.709
  w.put(5, 3);
  w.put(1, 1);
  w.put(1, 1);
  for (const uint32_t c : {1u, 13u, 6u}) w.put(c, 8);
  w.put(0, 1);
  w.put(1, 1);  // timing: 29.97
  w.put(0, 16);
  w.put(1001, 16);
  w.put(0, 16);
  w.put(60000, 16);
  w.put(1, 1);
  w.put(0, 5);
  w.put(1, 1);
  Bytes rbsp = w.take(), nal;
  unsigned zeros = 0;
  for (const uint8_t b : rbsp) {
    if (zeros >= 2 && b <= 3) {
      nal.push_back(3);
      zeros = 0;
    }
    nal.push_back(b);
    zeros = b == 0 ? zeros + 1 : 0;
  }
  return nal;
}

TEST(H264, CroppingAspectColourAndTiming) {
  for (const bool interlaced : {false, true}) {
    const auto sps = h264::parse_sps(make_sps(120, 68, interlaced ? 2 : 4, interlaced));
    ASSERT_TRUE(sps);
    EXPECT_EQ(sps->id, 3u);
    EXPECT_EQ(sps->video.width, 1920);
    EXPECT_EQ(sps->video.height, 1080);
    EXPECT_EQ(sps->video.par_num, 64);
    EXPECT_EQ(sps->video.par_den, 45);
    EXPECT_TRUE(sps->video.full_range);
    EXPECT_EQ(sps->video.colour_primaries, 1);
    EXPECT_EQ(sps->video.transfer, 13);
    EXPECT_EQ(sps->video.matrix, 6);
    EXPECT_EQ(sps->video.frame_rate_num, 30000);
    EXPECT_EQ(sps->video.frame_rate_den, 1001);
  }
}

TEST(H264, AvccGoesThereAndBack) {
  const Bytes avcc = h264::build_avcc({{0, {kSps}}}, {{0, {kPps}}});
  Bytes expected = {1, 0x64, 0x00, 0x0a, 0xff, 0xe1, 0, 24};
  expected.insert(expected.end(), kSps.begin(), kSps.end());
  const Bytes tail = {1, 0, 4, 0x68, 0xef, 0xbc, 0xb0, 0xfd, 0xf8, 0xf8, 0};
  expected.insert(expected.end(), tail.begin(), tail.end());
  EXPECT_EQ(avcc, expected);
  const auto info = video_info_from_avcc(avcc);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->width, 96);
  EXPECT_EQ(nal_length_size_from_avcc(avcc).value(), 4);
  for (size_t size = 0; size < 20; ++size) EXPECT_FALSE(video_info_from_avcc(ByteSpan(avcc).first(size)));
}

TEST(H265, HvccGoesThereAndBack) {
  const auto sps = h265::parse_sps(kHevcSps);
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->video.width, 96);
  EXPECT_EQ(sps->video.height, 64);
  EXPECT_EQ(sps->video.frame_rate_num, 25);
  EXPECT_EQ(sps->video.frame_rate_den, 1);
  EXPECT_EQ(sps->bit_depth_luma, 8);
  EXPECT_EQ(sps->max_reorder, 2);
  EXPECT_EQ(h265::parse_vps(kHevcVps).value(), 0u);
  EXPECT_EQ(h265::parse_pps(kHevcPps)->sps_id, 0u);
  const Bytes hvcc = h265::build_hvcc({{0, {kHevcVps}}}, {{0, {kHevcSps}}}, {{0, {kHevcPps}}}, *sps);
  // As ffmpeg writes it for the same stream.
  const Bytes head = {1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0x1e, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3};
  EXPECT_EQ(Bytes(hvcc.begin(), hvcc.begin() + 23), head);
  const auto info = video_info_from_hvcc(hvcc);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->width, 96);
  EXPECT_FALSE(video_info_from_hvcc(ByteSpan(hvcc).first(60)));
}

TEST(ParameterSets, DamageIsSurvived) {
  std::mt19937 random(2);
  for (int round = 0; round < 20000; ++round) {
    for (const Bytes* good : {&kSps, &kHevcSps, &kPps, &kHevcPps}) {
      Bytes bad = *good;
      for (int i = 0; i < 3; ++i) bad[1 + random() % (bad.size() - 1)] = static_cast<uint8_t>(random());
      bad.resize(1 + random() % bad.size());
      const auto avc = h264::parse_sps(bad);
      ASSERT_TRUE(!avc || avc->video.width > 0);
      const auto hevc = h265::parse_sps(bad);
      ASSERT_TRUE(!hevc || hevc->video.height > 0);
      (void)h264::parse_pps(bad);
      (void)h265::parse_pps(bad);
      (void)h264::parse_sei(bad);
    }
  }
}

// Exp-Golomb numbers up to 2^32 - 2 where small ones belong.  Found by fuzzing.
TEST(ParameterSets, LargeNumbersAreRefusedNotWrapped) {
  const auto ue = [](BitWriter& w, uint32_t value) {
    int bits = 0;
    while ((uint64_t{value} + 1) >> (bits + 1)) ++bits;
    w.put(0, bits);
    w.put(1, 1);
    w.put(static_cast<uint32_t>(uint64_t{value} + 1 - (uint64_t{1} << bits)), bits);
  };
  const auto nal = [](std::initializer_list<uint8_t> head, BitWriter& w) {
    Bytes out(head);
    unsigned zeros = 0;
    for (const uint8_t b : w.take()) {
      if (zeros >= 2 && b <= 3) {
        out.push_back(3);
        zeros = 0;
      }
      out.push_back(b);
      zeros = b == 0 ? zeros + 1 : 0;
    }
    out.insert(out.end(), 16, 0xff);
    return out;
  };
  for (const uint32_t large : {0x7fffffffu, 0xfffffffeu}) {
    for (int field = 0; field < 4; ++field) {
      BitWriter w;
      ue(w, 0);  // id
      ue(w, field == 0 ? large : 1);
      ue(w, field == 1 ? large : 0);
      ue(w, field == 2 ? large : 0);
      w.put(0, 2);
      ue(w, field == 3 ? large : 0);  // log2_max_frame_num_minus4
      EXPECT_FALSE(h264::parse_sps(nal({0x67, 100, 0, 10}, w))) << field;
    }
    // A delta of a scaling list: the sum is taken modulo 256.
    BitWriter lists;
    for (const uint32_t v : {0u, 1u, 0u, 0u}) ue(lists, v);
    lists.put(0b011, 3);
    ue(lists, large);
    (void)h264::parse_sps(nal({0x67, 100, 0, 10}, lists));
    BitWriter w;
    for (int i = 0; i < 12; ++i) w.put(0, 8);
    ue(w, 0);
    ue(w, large);  // chroma_format_idc
    ue(w, 640);
    ue(w, 480);
    w.put(0, 1);
    for (int i = 0; i < 3; ++i) ue(w, 0);
    EXPECT_FALSE(h265::parse_sps(nal({0x42, 0x01, 0x01}, w)));
  }
}

TEST(Orientation, FlipsComeBeforeTheTurn) {
  const auto orientation = [](unsigned h, unsigned v, unsigned turn) {
    BitWriter w;
    w.put(0, 1);
    w.put(h, 1);
    w.put(v, 1);
    w.put(turn, 16);
    w.put(0, 13);
    const Bytes bytes = w.take();
    BitReader bits(bytes);
    return read_display_orientation(bits);
  };
  EXPECT_EQ(orientation(0, 0, 0x4000), (Orientation{270, false}));  // anticlockwise there, clockwise here
  EXPECT_EQ(orientation(0, 0, 0xc000), (Orientation{90, false}));
  EXPECT_EQ(orientation(1, 1, 0), (Orientation{180, false}));
  EXPECT_EQ(orientation(1, 0, 0), (Orientation{0, true}));
  EXPECT_EQ(orientation(0, 1, 0), (Orientation{180, true}));
  EXPECT_EQ(orientation(1, 0, 0x4000), (Orientation{90, true}));
}

}  // namespace
}  // namespace cbx::codec

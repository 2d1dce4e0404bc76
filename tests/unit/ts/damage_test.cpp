// Whatever comes in: no crash, no hang, no broken contract, bounded memory, and afterwards it works again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "recorder.h"
#include "ts_builder.h"

namespace cbx::ts::test {
namespace {

constexpr const char* kFiles[] = {"h264_aac.ts", "h264_ac3.m2ts", "h265_latm.ts", "mp2.ts",   "mp3.ts",
                                  "ac3.ts",      "eac3.ts",       "opus.ts",      "mpeg2.ts", "mp3_lsf.ts"};

// NAL unit lengths of every video sample must add up: a writer relies on it.
void expect_sound(const Recorder& r) {
  EXPECT_FALSE(r.broken);
  for (const auto& s : r.samples) {
    ASSERT_FALSE(s.bytes.empty());
    const bool video = std::ranges::any_of(
        r.tracks, [&](const auto& t) { return t.first == s.track && codec::is_video(t.second.codec); });
    if (!video || r.layouts.size() > 1) continue;
    size_t at = 0;
    while (at < s.bytes.size()) {
      ASSERT_LE(at + 4, s.bytes.size());
      at += 4 + read_be32(&s.bytes[at]);
    }
    ASSERT_EQ(at, s.bytes.size());
  }
}

class Damage : public testing::TestWithParam<const char*> {};

TEST_P(Damage, BitErrors) {
  const Bytes good = read_data(GetParam());
  std::mt19937 random(7);
  for (const size_t errors : {1u, 10u, 100u, 2000u}) {
    for (int round = 0; round < 10; ++round) {
      Bytes data = good;
      for (size_t i = 0; i < errors; ++i) data[random() % data.size()] ^= static_cast<uint8_t>(1u << random() % 8);
      Recorder r;
      demux(data, r, 1 + random() % 2000);
      expect_sound(r);
    }
  }
}

TEST_P(Damage, LostPackets) {
  const Bytes good = read_data(GetParam());
  const size_t stride = std::string_view(GetParam()).ends_with("m2ts") ? 192 : 188;
  std::mt19937 random(8);
  for (const unsigned percent : {1u, 5u, 30u}) {
    for (int round = 0; round < 5; ++round) {
      Bytes data;
      for (size_t at = 0; at < good.size(); at += stride)
        if (random() % 100 >= percent)
          data.insert(data.end(), good.begin() + static_cast<ptrdiff_t>(at),
                      good.begin() + static_cast<ptrdiff_t>(at + stride));
      Recorder r;
      demux(data, r);
      expect_sound(r);
    }
  }
}

TEST_P(Damage, CutAnywhere) {
  const Bytes good = read_data(GetParam());
  for (size_t size = 0; size < good.size(); size += 97) {
    Recorder from_front, from_back;
    demux(ByteSpan(good).first(size), from_front);
    demux(ByteSpan(good).subspan(size), from_back);
    expect_sound(from_front);
    expect_sound(from_back);
  }
}

TEST_P(Damage, MovedBytes) {
  const Bytes good = read_data(GetParam());
  std::mt19937 random(9);
  for (int round = 0; round < 20; ++round) {
    Bytes data = good;
    for (int i = 0; i < 10; ++i) {
      const auto at = static_cast<ptrdiff_t>(random() % data.size());
      if (i % 2) {
        data.erase(data.begin() + at,
                   data.begin() + at +
                       static_cast<ptrdiff_t>(std::min<size_t>(random() % 300, data.size() - static_cast<size_t>(at))));
      } else {
        data.insert(data.begin() + at, random() % 300, static_cast<uint8_t>(random()));
      }
    }
    Recorder r;
    demux(data, r);
    expect_sound(r);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Damage, testing::ValuesIn(kFiles), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '.', '_');
  return name;
});

TEST(Hostile, RandomBytesInPackets) {
  std::mt19937 random(10);
  Recorder r;
  Demuxer d(r);
  for (int i = 0; i < 20000; ++i) {
    TsBuilder b;
    if (i % 50 == 0) b.tables();
    Bytes noise(184);
    for (uint8_t& c : noise) c = static_cast<uint8_t>(random() % (i % 3 == 0 ? 4 : 256));
    if (i % 7 == 0) std::copy_n(std::begin({0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5}), 9, noise.begin());
    b.packet(i % 2 ? kVideoPid : kAudioPid, i % 7 == 0, noise);
    d.push(b.out, {});
  }
  d.flush();
  EXPECT_FALSE(r.broken);
}

TEST(Hostile, HostileStartCodes) {
  // Nothing but start codes, and one byte NAL units: neither time nor memory may run away.
  for (const Bytes& pattern :
       {Bytes{0, 0, 1}, Bytes{0, 0, 1, 0x41}, Bytes{0, 0, 1, 0x65, 0x88}, Bytes{0}, Bytes{0, 0, 1, 6, 47}}) {
    TsBuilder b;
    Bytes data;
    while (data.size() < 1 << 20) data = std::move(data) + pattern;
    b.tables().video(0, {}, key_unit()).video(3600, {}, data).video(7200, {}, key_unit()).video(10800, {}, key_unit());
    Recorder r;
    demux(b.out, r);
    expect_sound(r);
    ASSERT_FALSE(r.samples.empty());
    EXPECT_EQ(r.samples.back().bytes, lengths({idr()}));
  }
}

TEST(Hostile, BackwardsAndWildTimeStamps) {
  TsBuilder b;
  b.tables();
  std::mt19937_64 random(11);
  for (int i = 0; i < 200; ++i) {
    const uint64_t t = 90000u + 3600u * static_cast<unsigned>(i);
    const uint64_t wild = i % 10 == 9 ? random() & ((uint64_t{1} << 33) - 1) : t;
    b.video(wild, {}, i % 25 == 0 ? key_unit() : annexb({kAud, p_slice()}));
    b.audio(t, adts());
  }
  Recorder r;
  demux(b.out, r);
  expect_sound(r);
  EXPECT_EQ(r.of(0).size(), 200u);
  // The honest ones are where they were, whatever came between.
  const auto pts = r.pts(0);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(r.pts(1).at(static_cast<size_t>(i)), 90000 + 3600 * i);
    if (i % 10 == 9) continue;
    EXPECT_EQ(pts.at(static_cast<size_t>(i)), 90000 + 3600 * i);
  }
}

}  // namespace
}  // namespace cbx::ts::test

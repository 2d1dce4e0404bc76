#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder.h"
#include "ts_builder.h"

namespace cbx::ts::test {
namespace {

using codec::Codec;
using testing::ElementsAre;
using testing::SizeIs;

TsBuilder audio_only(uint8_t type, const Bytes& descriptors = {}) {
  TsBuilder b;
  b.pat({{1, kPmtPid}}).pmt(1, kPmtPid, {{type, kAudioPid, descriptors}});
  return b;
}

TEST(Audio, EachFrameInAPesIsTimeStamped) {
  TsBuilder b = audio_only(0x0f);
  b.audio(90000, adts(50) + adts(60) + adts(70)).audio(90000 + 3 * 1920, adts(80));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.pts(0), ElementsAre(90000, 91920, 93840, 95760));
  EXPECT_THAT(r.samples[1].bytes, SizeIs(60));
  EXPECT_EQ(r.samples[1].duration, 1024);
}

TEST(Audio, AFrameMaySpanPesPackets) {
  const Bytes frames = adts(300) + adts(300) + adts(300) + adts(300);
  for (size_t cut = 1; cut < 614; ++cut) {
    TsBuilder b = audio_only(0x0f);
    b.audio(90000, Bytes(frames.begin(), frames.begin() + static_cast<ptrdiff_t>(cut)));
    // The time stamp of a packet is the one of the first frame that begins in it.
    const uint64_t next = 90000 + 1920 * ((cut + 306) / 307);
    b.audio(next, Bytes(frames.begin() + static_cast<ptrdiff_t>(cut), frames.end()));
    Recorder r;
    demux(b.out, r);
    ASSERT_THAT(r.pts(0), ElementsAre(90000, 91920, 93840, 95760)) << cut;
    ASSERT_EQ(r.count(Notice::Kind::damaged), 0u);
  }
}

TEST(Audio, EveryFrameKeepsItsBytes) {
  // Each frame of its own bytes and size, many of them cut by packets.
  std::vector<Bytes> frames;
  TsBuilder b = audio_only(0x0f);
  for (unsigned i = 0; i < 64; ++i) {
    Bytes together;
    for (unsigned k = 0; k < 5; ++k) {
      const auto n = static_cast<unsigned>(frames.size());
      frames.push_back(Bytes(120 + n * 37 % 150, static_cast<uint8_t>(n % 250)));
      together = together + adts(frames.back().size(), frames.back().front());
    }
    b.audio(90000 + i * 5 * 1920, together);
  }
  for (const size_t chunk : {size_t{188}, size_t{1316}, b.out.size()}) {
    Recorder r;
    demux(b.out, r, chunk);
    ASSERT_THAT(r.samples, SizeIs(frames.size()));
    for (size_t i = 0; i < frames.size(); ++i) ASSERT_EQ(r.samples[i].bytes, frames[i]) << i << " by " << chunk;
  }
}

TEST(Audio, PesWithoutTimeStampGoesOnCounting) {
  TsBuilder b = audio_only(0x0f);
  b.audio(90000, adts()).audio({}, adts()).audio({}, adts());
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.pts(0), ElementsAre(90000, 91920, 93840));
}

TEST(Audio, ALostPacketCostsItsFramesAndNotTheTimeOfTheOthers) {
  TsBuilder b = audio_only(0x0f);
  Bytes frames;
  for (int i = 0; i < 20; ++i) frames = frames + adts(177);  // each one packet long
  b.audio(90000, frames).audio(90000 + 20 * 1920, adts(177) + adts(177));
  b.out.erase(b.out.begin() + 188 * 7, b.out.begin() + 188 * 9);
  Recorder r;
  const Stats stats = demux(b.out, r);
  EXPECT_EQ(stats.lost_packets, 2u);
  EXPECT_EQ(stats.damaged_samples, 1u);
  const auto pts = r.pts(0);
  ASSERT_GE(pts.size(), 18u);
  EXPECT_EQ(pts[pts.size() - 3], 90000 + 19 * 1920);
  EXPECT_EQ(pts.back(), 90000 + 21 * 1920);
}

TEST(Audio, ConfigurationChangesOnlyWhenTwoFramesAgree) {
  TsBuilder b = audio_only(0x0f);
  b.audio(90000, adts() + adts());
  b.audio(93840, adts(50, 0x21, 4, 2) + adts(50) + adts(50));  // one odd header: damage
  b.audio(99600, adts(50, 0x21, 4, 1) + adts(50, 0x21, 4, 1));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.tracks, SizeIs(2));
  EXPECT_EQ(r.tracks[0].second.audio.sample_rate, 48000);
  EXPECT_EQ(r.tracks[1].second.audio.sample_rate, 44100);
  EXPECT_EQ(r.tracks[1].second.audio.channels, 1);
  EXPECT_THAT(r.pts(0), ElementsAre(90000, 91920, 95760, 97680, 99600, 99600 + 2090));
}

TEST(Audio, RubbishBetweenFramesIsPassedOver) {
  TsBuilder b = audio_only(0x0f);
  b.audio(90000, adts() + Bytes(300, 0xff) + adts() + adts());
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.samples, SizeIs(2));
  EXPECT_EQ(r.samples.back().bytes, Bytes(50, 0x21));
}

TEST(Audio, EAc3SubstreamsAreOneSample) {
  // E-AC-3, 48 kHz, 64 bytes a frame: an independent 5.1 substream and a dependent one that adds Lrs/Rrs (7.1).
  const auto frame = [](unsigned type, unsigned acmod, unsigned lfe, unsigned map) {
    codec::BitWriter w;
    w.put(0x0b77, 16);
    w.put(type, 2);
    w.put(0, 3);
    w.put(31, 11);
    w.put(0, 2);
    w.put(3, 2);
    w.put(acmod, 3);
    w.put(lfe, 1);
    w.put(16, 5);
    w.put(27, 5);
    w.put(0, 1);
    if (type == 1) w.put(0x10000 | map, 17);
    Bytes f = w.take();
    f.resize(64, 0x11);
    return f;
  };
  const Bytes unit = frame(0, 7, 1, 0) + frame(1, 2, 0, 0x0200);
  TsBuilder b = audio_only(0x87);
  b.audio(90000, unit + unit + unit);
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(3));
  EXPECT_EQ(r.samples[0].bytes, unit);
  EXPECT_THAT(r.pts(0), ElementsAre(90000, 92880, 95760));
  const auto& config = r.tracks.at(0).second;
  EXPECT_EQ(config.codec, Codec::eac3);
  EXPECT_EQ(config.audio.channels, 8);
  // data_rate 32 (16 each), one independent: fscod 0, bsid 16, acmod 7, lfe, one dependent, chan_loc bit 1.
  EXPECT_EQ(config.decoder_config, (Bytes{0x01, 0x00, 0x20, 0x0f, 0x02, 0x02}));
}

TEST(Audio, KindsAreToldByDescriptors) {
  const Bytes registration_ac3 = {5, 4, 'A', 'C', '-', '3'};
  Bytes ac3 = {0x0b, 0x77, 0, 0, 0x00, 0x40, 0x40, 0x00};
  ac3.resize(128, 0x12);  // 48 kHz, 32 kbit/s: 128 bytes
  for (const Bytes& descriptors : {registration_ac3, Bytes{0x6a, 1, 0}}) {
    TsBuilder b = audio_only(0x06, descriptors);
    b.audio(90000, ac3 + ac3);
    Recorder r;
    demux(b.out, r);
    ASSERT_THAT(r.samples, SizeIs(2));
    EXPECT_EQ(r.tracks.at(0).second.codec, Codec::ac3);
  }
}

}  // namespace
}  // namespace cbx::ts::test

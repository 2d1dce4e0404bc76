#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/h264.h"
#include "recorder.h"
#include "ts_builder.h"

namespace cbx::ts::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(Video, StartCodesBecomeLengthsAndHelpersGo) {
  for (const int zeros : {2, 3, 5}) {
    TsBuilder b;
    const Bytes sei = {0x06, 0x05, 0x01, 0x44, 0x80}, filler = {0x0c, 0xff, 0x80};
    b.tables().video(90000, {}, annexb({kAud, kSps, kPps, sei, idr(3000), slice(5, 7, 500, 5), filler}, zeros));
    b.video(93600, {}, annexb({kAud, p_slice(900)}, zeros));
    Recorder r;
    demux(b.out, r);
    ASSERT_THAT(r.samples, SizeIs(2));
    EXPECT_EQ(r.samples[0].bytes, lengths({sei, idr(3000), slice(5, 7, 500, 5)})) << zeros;
    EXPECT_EQ(r.samples[1].bytes, lengths({p_slice(900)})) << zeros;
    EXPECT_TRUE(r.samples[0].key);
    EXPECT_FALSE(r.samples[1].key);
    EXPECT_FALSE(r.broken);
  }
}

TEST(Video, ManySlicesWithShortStartCodesOutgrowTheRoomInFront) {
  std::vector<Bytes> nals;
  for (uint32_t i = 0; i < 1000; ++i) nals.push_back(slice(5, 7, 20, i));
  TsBuilder b;
  b.tables().video(0, {}, key_unit()).video(3600, {}, annexb(nals, 2)).video(7200, {}, annexb({p_slice()}, 2));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(3));
  EXPECT_EQ(r.samples[1].bytes, lengths(nals));
}

TEST(Video, SeveralUnitsInOnePes) {
  TsBuilder b;
  b.tables().video(90000, {}, key_unit() + annexb({kAud, p_slice(60)}) + annexb({p_slice(70)}));
  b.video(90000 + 3 * 3600, {}, annexb({p_slice(80)}));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.dts(0), ElementsAre(90000, 93600, 97200, 100800));
  EXPECT_EQ(r.samples[2].bytes, lengths({p_slice(70)}));
}

TEST(Video, AUnitMaySpanPesPackets) {
  const Bytes unit = key_unit(1000);
  TsBuilder b;
  b.tables().video(90000, {}, Bytes(unit.begin(), unit.begin() + 300));
  b.video(91000, {}, Bytes(unit.begin() + 300, unit.end()) + annexb({kAud, p_slice()}));
  b.pes(kVideoPid, {}, annexb({kAud, p_slice(50)}));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(3));
  EXPECT_EQ(r.samples[0].bytes, lengths({idr(1000)}));
  // The time stamp is the one of the first unit that begins in the packet; a packet without one: by the frame rate.
  EXPECT_THAT(r.dts(0), ElementsAre(90000, 91000, 94600));
}

TEST(Video, AStartCodeMayBeCutAnywhere) {
  const Bytes all = key_unit(400) + annexb({kAud, p_slice(400)}) + annexb({kAud, p_slice(60)});
  for (size_t cut = 1; cut < all.size(); ++cut) {
    TsBuilder b;
    b.tables().video(90000, {}, Bytes(all.begin(), all.begin() + static_cast<ptrdiff_t>(cut)));
    b.pes(kVideoPid, {}, Bytes(all.begin() + static_cast<ptrdiff_t>(cut), all.end()));
    Recorder r;
    demux(b.out, r);
    ASSERT_THAT(r.samples, SizeIs(3)) << cut;
    ASSERT_EQ(r.samples[0].bytes, lengths({idr(400)})) << cut;
    ASSERT_EQ(r.samples[1].bytes, lengths({p_slice(400)})) << cut;
    ASSERT_EQ(r.samples[2].bytes, lengths({p_slice(60)})) << cut;
  }
}

TEST(Video, ParameterSetsThatChangeAtAKeyFrameMakeANewConfiguration) {
  Bytes pps2 = kPps;
  pps2[3] = 0xb4;
  TsBuilder b;
  b.tables().video(0, {}, key_unit()).video(3600, {}, annexb({kAud, kSps, pps2, idr()}));
  b.video(7200, {}, annexb({kAud, kSps, pps2, idr()}));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.tracks, SizeIs(2));
  EXPECT_EQ(r.tracks[1].second.decoder_config, codec::h264::build_avcc({{0, {kSps}}}, {{0, {pps2}}}));
  for (const auto& s : r.samples) EXPECT_EQ(s.bytes, lengths({idr()}));
}

TEST(Video, ParameterSetsThatChangeInAGroupStayInTheSample) {
  Bytes pps2 = kPps;
  pps2[3] = 0xb4;
  TsBuilder b;
  b.tables().video(0, {}, key_unit());
  b.video(3600, {}, annexb({kAud, kPps, p_slice()}));   // known: goes
  b.video(7200, {}, annexb({kAud, pps2, p_slice()}));   // other: stays
  b.video(10800, {}, annexb({kAud, kPps, p_slice()}));  // and back: stays, a decoder needs it
  b.video(14400, {}, key_unit());
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(5));
  EXPECT_EQ(r.samples[1].bytes, lengths({p_slice()}));
  EXPECT_EQ(r.samples[2].bytes, lengths({pps2, p_slice()}));
  EXPECT_EQ(r.samples[3].bytes, lengths({kPps, p_slice()}));
  EXPECT_THAT(r.tracks, SizeIs(1));
}

TEST(Video, RecoveryPointNeedsAnIntraPictureAndAnExactMatch) {
  const Bytes exact = {0x06, 0x06, 0x01, 0xc4, 0x80};  // recovery_frame_cnt 0, exact_match_flag 1
  const Bytes later = {0x06, 0x06, 0x01, 0x48, 0x80};  // recovery_frame_cnt 1
  TsBuilder b;
  b.tables().video(0, {}, key_unit());
  b.video(3600, {}, annexb({kAud, exact, slice(1, 7)}));
  b.video(7200, {}, annexb({kAud, exact, p_slice()}));
  b.video(10800, {}, annexb({kAud, later, slice(1, 7)}));
  b.video(14400, {}, annexb({kAud, exact, slice(1, 7), slice(1, 5, 40, 3)}));
  Recorder r;
  demux(b.out, r);
  std::vector<bool> points;
  for (const auto& s : r.samples) points.push_back(s.recovery_point);
  EXPECT_THAT(points, ElementsAre(false, true, false, false, false));
}

TEST(Video, TurnedPicturesKeepTheirOrientation) {
  // display_orientation: not cancelled, no flips, 90 degrees anticlockwise (0x4000), repetition 1.
  codec::BitWriter w;
  for (const auto& [value, bits] : {std::pair(0u, 1), {0u, 1}, {0u, 1}, {0x4000u, 16}, {2u, 3}, {0u, 2}})
    w.put(value, bits);
  const Bytes body = w.take();
  const Bytes sei = Bytes{0x06, 47, static_cast<uint8_t>(body.size())} + body + Bytes{0x80};
  TsBuilder b;
  b.tables().video(0, {}, annexb({kAud, kSps, kPps, sei, idr()})).video(3600, {}, annexb({p_slice()}));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.tracks, SizeIs(1));
  EXPECT_EQ(r.tracks[0].second.video.rotation, 270);
}

TEST(Video, JoinedInTheMiddleItBeginsWhereParameterSetsAre) {
  TsBuilder b;
  b.tables().video(0, {}, annexb({kAud, p_slice()})).video(3600, {}, annexb({kAud, p_slice()}));
  b.video(7200, {}, key_unit()).video(10800, {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.dts(0), ElementsAre(7200, 10800));
  EXPECT_FALSE(r.broken);
}

TEST(Video, WithoutDtsReorderedPicturesStillDecodeInOrder) {
  TsBuilder b;
  b.tables().video(90000, {}, key_unit());
  // I0 P3 B1 B2 P6 B4 B5 …
  for (int group = 0; group < 10; ++group)
    for (const int order : {3, 1, 2})
      b.video(90000 + 3600u * static_cast<unsigned>(group * 3 + order), {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r);
  const auto video = r.of(0);
  ASSERT_THAT(video, SizeIs(31));
  for (size_t i = 1; i < video.size(); ++i) EXPECT_GT(video[i].dts, video[i - 1].dts) << i;
  for (size_t i = 6; i < video.size(); ++i) EXPECT_LE(video[i].dts, video[i].pts) << i;
}

TEST(Video, AUnitOverTheLimitIsDroppedAndTheNextOneIsFine) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit()).video(3600, {}, annexb({kAud, p_slice(9 << 20)}));
  b.video(7200, {}, key_unit()).video(10800, {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.dts(0), ElementsAre(0, 7200, 10800));
}

TEST(Video, ALargeUnitUnderTheLimitIsWhole) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit(7 << 20)).video(3600, {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(2));
  EXPECT_EQ(r.samples[0].bytes, lengths({idr(7 << 20)}));
}

TEST(Video, ArrivalIsThatOfThePesPacket) {
  TsBuilder b;
  for (int i = 0; i < 8; ++i) b.null_packet();  // to find sync in
  b.tables().video(0, {}, key_unit(2000)).video(3600, {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r, 188);
  ASSERT_THAT(r.samples, SizeIs(2));
  EXPECT_EQ(r.samples[0].arrival, WallTime(Micros(10 * 188)));
}

}  // namespace
}  // namespace cbx::ts::test

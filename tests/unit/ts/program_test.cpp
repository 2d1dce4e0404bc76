// Packets, tables and time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder.h"
#include "ts/timeline.h"
#include "ts_builder.h"

namespace cbx::ts::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kWrap = uint64_t{1} << 33;

TEST(Timeline, UnrollsOverTheWrap) {
  Timeline t;
  EXPECT_EQ(t.dts(kWrap - 3000), static_cast<int64_t>(kWrap) - 3000);
  EXPECT_EQ(t.dts(600), static_cast<int64_t>(kWrap) + 600);
  EXPECT_EQ(t.dts(kWrap - 10), static_cast<int64_t>(kWrap) - 10);
  EXPECT_EQ(t.pts(4200, t.dts(600)), static_cast<int64_t>(kWrap) + 4200);
}

TEST(Timeline, IsNeverNegative) {
  Timeline t;
  EXPECT_EQ(t.dts(100), 100);
  EXPECT_EQ(t.dts(kWrap - 100), static_cast<int64_t>(kWrap) - 100);
  EXPECT_EQ(t.dts(3700), static_cast<int64_t>(kWrap) + 3700);
}

TEST(Timeline, OneWildStampDoesNotCarryItAway) {
  Timeline t;
  t.dts(90000);
  EXPECT_GT(t.dts((kWrap >> 1) - 1), 90000);
  EXPECT_EQ(t.dts(kWrap / 2 + 90000 + 3600 + kWrap / 2 - kWrap), 93600);
  EXPECT_EQ(t.dts(97200), 97200);
}

TEST(Demuxer, BothTracksWrapOnOneLine) {
  TsBuilder b;
  b.tables();
  for (uint64_t i = 0; i < 6; ++i) {
    const uint64_t dts = (kWrap - 3 * 3600 + i * 3600) % kWrap;
    b.video((dts + 7200) % kWrap, dts, i == 0 ? key_unit() : annexb({kAud, p_slice()}));
    b.audio((dts + 100) % kWrap, adts());
  }
  Recorder r;
  demux(b.out, r);
  const auto first = static_cast<int64_t>(kWrap) - 3 * 3600;
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(r.of(0).at(i).dts, first + static_cast<int64_t>(i) * 3600);
    EXPECT_EQ(r.of(0).at(i).pts, first + static_cast<int64_t>(i) * 3600 + 7200);
    EXPECT_EQ(r.of(1).at(i).pts, first + static_cast<int64_t>(i) * 3600 + 100);
  }
}

TEST(Demuxer, FindsSyncAgainAfterRubbish) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit(2000));
  Bytes data = Bytes(1001, 0x46) + b.out;
  const size_t middle = data.size();
  TsBuilder more;
  more.counters = b.counters;
  more.video(3600, {}, annexb({kAud, p_slice(2000)})).video(7200, {}, annexb({kAud, p_slice(2000)}));
  data = data + Bytes(333, 0x55) + more.out;
  ASSERT_GT(data.size(), middle);
  for (const size_t chunk : {1u, 100u, 1316u, 100000u}) {
    Recorder r;
    const Stats stats = demux(data, r, chunk);
    EXPECT_THAT(r.dts(0), ElementsAre(0, 3600, 7200)) << chunk;
    EXPECT_EQ(stats.skipped_bytes, 1001u + 333u);
    EXPECT_EQ(r.count(Notice::Kind::damaged, "skipped"), 1u);
  }
}

TEST(Demuxer, ARepeatedPacketCountsOnce) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit(500)).repeat_packet().video(3600, {}, annexb({kAud, p_slice()}));
  Recorder r;
  const Stats stats = demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(2));
  EXPECT_EQ(r.samples[0].bytes, lengths({idr(500)}));
  EXPECT_EQ(stats.lost_packets, 0u);
}

TEST(Demuxer, LossIsCountedAndMarksTheSample) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit(2000)).video(3600, {}, annexb({kAud, p_slice()}));
  b.out.erase(b.out.begin() + 188 * 5, b.out.begin() + 188 * 8);
  Recorder r;
  const Stats stats = demux(b.out, r);
  EXPECT_EQ(stats.lost_packets, 3u);
  ASSERT_THAT(r.samples, SizeIs(2));
  EXPECT_TRUE(r.samples[0].damaged);
  EXPECT_FALSE(r.samples[1].damaged);
}

TEST(Demuxer, AnnouncedDiscontinuityIsNoLoss) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit(40));
  b.counters[kVideoPid] += 5;
  const Bytes pes = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0x1c, 0x21};
  b.packet(kVideoPid, true, pes + annexb({kAud, p_slice()}), 0x80);
  Recorder r;
  const Stats stats = demux(b.out, r);
  EXPECT_EQ(stats.lost_packets, 0u);
  EXPECT_THAT(r.samples, SizeIs(2));
}

TEST(Demuxer, MarkedPacketsAreNotUsed) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit(2000)).video(3600, {}, annexb({kAud, p_slice()}));
  b.out[188 * 5 + 1] |= 0x80;
  Recorder r;
  const Stats stats = demux(b.out, r);
  EXPECT_EQ(stats.error_packets, 1u);
  EXPECT_TRUE(r.samples.at(0).damaged);
}

TEST(Demuxer, MarkLossDamagesWhatIsBeingAssembled) {
  TsBuilder a, b;
  a.tables().video(0, {}, key_unit(2000));
  b.counters = a.counters;
  b.video(3600, {}, annexb({kAud, p_slice()}));
  Recorder r;
  Demuxer d(r);
  d.push(a.out, {});
  d.mark_loss();
  d.push(b.out, {});
  d.flush();
  EXPECT_TRUE(r.samples.at(0).damaged);
  EXPECT_FALSE(r.samples.at(1).damaged);
}

TEST(Demuxer, PmtMaySpanPackets) {
  Bytes info;
  for (int i = 0; i < 4; ++i) info = info + Bytes{0xfe, 200} + Bytes(200, 1);
  TsBuilder b;
  b.pat({{1, kPmtPid}}).pmt(1, kPmtPid, {{0x1b, kVideoPid}}, 0, info).video(0, {}, key_unit());
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.samples, SizeIs(1));
}

TEST(Demuxer, DamagedSectionsAreCountedAndNotBelieved) {
  TsBuilder b;
  b.pat({{1, kPmtPid}});
  b.pmt(1, kPmtPid, {{0x1b, kVideoPid}});
  b.out[188 + 20] ^= 1;
  b.video(0, {}, key_unit());
  Recorder r;
  const Stats stats = demux(b.out, r);
  EXPECT_EQ(stats.crc_errors, 1u);
  EXPECT_THAT(r.layouts, IsEmpty());
}

TEST(Demuxer, ChangedPmtFinishesTheOldLayoutFirst) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit()).audio(0, adts() + adts());
  b.pmt(1, kPmtPid, {{0x1b, 0x200}}, 1);
  b.pes(0x200, {.pts = 3600}, key_unit(77));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.layouts, ElementsAre(std::pair(2, true), std::pair(1, true)));
  EXPECT_EQ(r.count(Notice::Kind::changed), 1u);
  EXPECT_EQ(r.of(0).size(), 2u);
  EXPECT_EQ(r.of(1).size(), 2u);
  EXPECT_EQ(r.samples.back().bytes, lengths({idr(77)}));
  EXPECT_FALSE(r.broken);
}

TEST(Demuxer, AudioThatGoesLeavesTheVideoAlone) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit()).audio(0, adts() + adts()).video(3600, {}, annexb({kAud, p_slice()}));
  b.pmt(1, kPmtPid, {{0x1b, kVideoPid}}, 1).video(7200, {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.dts(0), ElementsAre(0, 3600, 7200));
  ASSERT_THAT(r.tracks, SizeIs(3));  // video, audio; video again in the new layout
  EXPECT_EQ(r.tracks[2].first, 0);
}

TEST(Demuxer, FollowsTheFirstProgramWithVideo) {
  TsBuilder b;
  b.pat({{1, 0x1001}, {2, 0x1002}, {3, 0x1003}});
  b.pmt(3, 0x1003, {{0x1b, 0x300}});
  b.pmt(2, 0x1002, {{0x0f, 0x201}, {0x1b, 0x200}});
  b.pmt(1, 0x1001, {{0x02, 0x102}, {0x0f, 0x101}});
  b.pes(0x300, {.pts = 0}, key_unit(50)).pes(0x200, {.pts = 0}, key_unit(60));
  Recorder r;
  demux(b.out, r);
  ASSERT_THAT(r.samples, SizeIs(1));
  EXPECT_EQ(r.samples[0].bytes, lengths({idr(60)}));
  EXPECT_THAT(r.layouts, ElementsAre(std::pair(2, true)));
  EXPECT_EQ(r.count(Notice::Kind::left_out, "2 other programs"), 1u);
}

TEST(Demuxer, AProgramWhosePmtNeverComesIsNotWaitedForLong) {
  TsBuilder b;
  b.pat({{1, 0x1001}, {2, 0x1002}});
  for (int i = 0; i < 5; ++i) b.pmt(2, 0x1002, {{0x1b, 0x200}});
  b.pes(0x200, {.pts = 0}, key_unit(60));
  Recorder r;
  demux(b.out, r);
  EXPECT_THAT(r.samples, SizeIs(1));
}

TEST(Demuxer, WithoutPatThePmtIsFound) {
  TsBuilder b;
  for (uint64_t i = 0; i < 400; ++i) {
    b.pmt(1, kPmtPid, {{0x1b, kVideoPid}});
    b.video(i * 3600, {}, key_unit(1000));
  }
  Recorder r;
  demux(b.out, r);
  EXPECT_GT(r.samples.size(), 100u);
  EXPECT_THAT(r.layouts, SizeIs(1));
}

TEST(Demuxer, DataStreamsAreLeftOutWithOneNoticeEach) {
  TsBuilder b;
  const std::vector<StreamEntry> streams = {{0x1b, kVideoPid},
                                            {0x06, 0x110, {5, 4, 'K', 'L', 'V', 'A'}},
                                            {0x86, 0x111},
                                            {0x06, 0x112, {0x59, 0}},
                                            {0x06, 0x113, {0x56, 0}},
                                            {0x0f, 0x114},
                                            {0x0f, 0x115}};
  b.pat({{1, kPmtPid}});
  for (uint8_t version = 0; version < 4; ++version) b.pmt(1, kPmtPid, streams, version);
  Recorder r;
  demux(b.out, r);
  for (const char* name : {"KLV", "SCTE-35", "DVB subtitles", "teletext", "AAC audio' on PID 0x115"})
    EXPECT_EQ(r.count(Notice::Kind::left_out, name), 1u) << name;
  EXPECT_THAT(r.notices, SizeIs(5));
  EXPECT_THAT(r.layouts, ElementsAre(std::pair(2, true)));
}

TEST(Demuxer, ScrambledVideoIsUnsupported) {
  for (const bool in_pes : {false, true}) {
    TsBuilder b;
    b.tables();
    if (in_pes) {
      b.pes(kVideoPid, {.pts = 0, .scrambled = true}, key_unit());
    } else {
      b.packet(kVideoPid, true, Bytes(184, 0x77), 0, 2);
    }
    b.audio(0, adts() + adts());
    Recorder r;
    demux(b.out, r);
    EXPECT_EQ(r.count(Notice::Kind::unsupported, "scrambled"), 1u);
    EXPECT_THAT(r.samples, IsEmpty());
  }
}

TEST(Demuxer, ScrambledAudioIsLeftOut) {
  TsBuilder b;
  b.tables().video(0, {}, key_unit()).packet(kAudioPid, true, Bytes(184, 0x77), 0, 2);
  b.video(3600, {}, annexb({kAud, p_slice()}));
  Recorder r;
  demux(b.out, r);
  EXPECT_EQ(r.count(Notice::Kind::left_out, "scrambled"), 1u);
  EXPECT_THAT(r.layouts, ElementsAre(std::pair(2, true), std::pair(1, true)));
  EXPECT_THAT(r.dts(0), ElementsAre(0, 3600));
}

TEST(Demuxer, PesHeadersMayBeCutByPackets) {
  TsBuilder b;
  b.tables();
  Bytes pes = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0x1c, 0x21};
  pes = pes + key_unit(300);
  for (size_t cut = 1; cut < 20; ++cut) {
    TsBuilder c = b;
    c.packet(kVideoPid, true, ByteSpan(pes).first(cut));
    c.payload(kVideoPid, Bytes(pes.begin() + static_cast<ptrdiff_t>(cut), pes.end()));
    // payload() begins a unit; this one goes on.
    c.out[188 * 3 + 1] &= 0xbf;
    Recorder r;
    demux(c.out, r);
    ASSERT_THAT(r.samples, SizeIs(1)) << cut;
    ASSERT_EQ(r.samples[0].bytes, lengths({idr(300)})) << cut;
    ASSERT_EQ(r.samples[0].pts, 3600) << cut;
  }
}

}  // namespace
}  // namespace cbx::ts::test

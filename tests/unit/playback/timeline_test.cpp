#include "playback/timeline.h"

#include <filesystem>
#include <fstream>

#include "../mp4/memory_file.h"
#include "fixture.h"
#include "mp4/codecs.h"
#include "playback/descriptions.h"
#include "playback/playlist.h"

namespace cbx::playback {
namespace {

class TimelineTest : public PlaybackTest {
 protected:
  std::vector<bool> continuity() {
    std::vector<bool> out;
    for (const Piece& p : hour().pieces) out.push_back(p.continues);
    return out;
  }
};

using Continuity = std::vector<bool>;

TEST_F(TimelineTest, TellsFilesAsTheirRecordsDo) {
  add(minute(0));
  const Timeline t = hour();
  ASSERT_EQ(t.pieces.size(), 1u);
  const Piece& p = t.pieces[0];
  EXPECT_EQ(p.start, t0_);
  EXPECT_EQ(p.codecs, "avc1.64001f,mp4a.40.2");
  EXPECT_EQ(p.init, "0123456789abcdef");
  EXPECT_EQ(p.pts, 900'000);
  EXPECT_EQ(p.width, 1280);
  EXPECT_EQ(p.fps, 30);
  ASSERT_EQ(p.groups.size(), 10u);
  EXPECT_EQ(p.groups[0], (Group{100'000, 3'000'000, 0, 6000}));
  EXPECT_EQ(p.groups[9], (Group{100'000 + 9 * 3'000'000, 3'000'000, 54'000, 6000}));
  EXPECT_TRUE(timeline({t0_ + Millis{60'000}, t0_ + Millis{90'000}}).pieces.empty());
  EXPECT_TRUE(read_timeline(index_, "nobody", {t0_, t0_ + Millis{1}})->pieces.empty());
}

TEST_F(TimelineTest, FilesOfAStreamContinueEachOther) {
  for (int n = 0; n < 4; n++) add(minute(n));
  EXPECT_EQ(continuity(), Continuity({false, true, true, true}));
}

TEST_F(TimelineTest, RoundingAndSlewAreNoBreaks) {
  add(minute(0));
  SegmentRecord r = minute(1);
  r.start += Millis{31};  // 500 ppm of a minute, and one
  *r.pts -= 40 * 90;
  add(r);
  r = minute(2);
  r.start -= Millis{30};
  *r.pts += 99 * 90;
  add(r);
  EXPECT_EQ(continuity(), Continuity({false, true, false})) << "-40 and +99: 139 ms off";
  r = minute(3);
  *r.pts += 150 * 90;
  add(r);
  EXPECT_EQ(continuity(), Continuity({false, true, false, true}));
}

TEST_F(TimelineTest, BreaksWhereTheStreamOrItsConfigurationDoes) {
  add(minute(0));
  SegmentRecord r = minute(1);
  r.connection = "c2";  // though its clock goes on
  add(r);
  r = minute(2);
  r.connection = "c2";
  r.init = "fedcba9876543210";
  add(r);
  r = minute(3);  // minute 3 of "c1", whose last was minute 0
  add(r);
  r = minute(4);
  *r.pts += 90'000;
  add(r);
  r = minute(5);
  *r.pts += 90'000;
  r.start += Millis{3000};  // the camera's clock was set
  add(r);
  EXPECT_EQ(continuity(), Continuity({false, false, false, false, false, false}));
}

TEST_F(TimelineTest, ImportsContinueByTheirTimes) {
  for (int n = 0; n < 3; n++) {
    SegmentRecord r = minute(n);
    r.source = "import";
    r.connection.clear();
    if (n == 2) r.pts = 0;  // of another file
    add(r);
  }
  EXPECT_EQ(continuity(), Continuity({false, true, false}));
}

TEST_F(TimelineTest, OnlyGroupsInTheRange) {
  for (int n = 0; n < 3; n++) add(minute(n));
  const Timeline t = timeline({t0_ + Millis{54'000}, t0_ + Millis{126'001}});
  ASSERT_EQ(t.pieces.size(), 3u);
  ASSERT_EQ(t.pieces[0].groups.size(), 1u);
  EXPECT_EQ(t.pieces[0].groups[0].at_ms, 54'000);
  EXPECT_EQ(t.pieces[1].groups.size(), 10u);
  EXPECT_TRUE(t.pieces[1].continues && t.pieces[2].continues);
  ASSERT_EQ(t.pieces[2].groups.size(), 2u) << "the one that begins a millisecond before the end, too";
  // Only the first group of the third file.
  EXPECT_EQ(timeline({t0_ + Millis{120'000}, t0_ + Millis{120'001}}).pieces.at(0).groups.size(), 1u);
}

TEST_F(TimelineTest, NothingIsShownTwice) {
  add(minute(0));
  SegmentRecord r = minute(0);  // the same again, moved by a millisecond
  r.start += Millis{1};
  add(r);
  r = minute(0);  // a publisher that was there for some seconds
  r.start += Millis{20'000};
  r.duration_ms = 6000;
  r.groups.resize(1);
  r.connection = "c2";
  add(r);
  add(minute(1));
  const Timeline t = hour();
  ASSERT_EQ(t.pieces.size(), 2u);
  EXPECT_EQ(t.pieces[0].start, t0_);
  EXPECT_TRUE(t.pieces[1].continues);
}

TEST_F(TimelineTest, OverlapsShrinkToAGroup) {
  add(minute(0));
  SegmentRecord r = minute(1);  // began 25 s before the other ended
  r.connection = "c2";
  r.start -= Millis{25'000};
  add(r);
  const Timeline t = hour();
  ASSERT_EQ(t.pieces.size(), 2u);
  EXPECT_EQ(t.pieces[0].groups.size(), 10u);
  ASSERT_EQ(t.pieces[1].groups.size(), 6u);
  EXPECT_EQ(t.pieces[1].groups[0].at_ms, 24'000);
  EXPECT_NE(hls_media(t).find("#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:" +
                              format_rfc3339(t.pieces[1].start + Millis{24'000})),
            std::string::npos);
}

TEST_F(TimelineTest, AFileWithoutGroupsInItsRecordIsRead) {
  // Written as a recorder does, 13 key frames a second apart.
  test::MemoryFile file;
  codec::TrackConfig video;
  video.decoder_config = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 4, 0x68, 0xee, 0x3c, 0x80};
  video.video.width = 1280;
  video.video.height = 720;
  mp4::FileInfo info;
  info.device = "cam01";
  info.start = t0_;
  info.source = "live";
  info.pts = 900'000;
  auto writer = mp4::HybridWriter::create(file, {video}, info, 4096);
  ASSERT_TRUE(writer);
  const Bytes picture = {0, 0, 0, 4, 0x65, 1, 2, 3};
  for (int n = 0; n < 13; n++) {
    writer->add({0, 900'000 + int64_t{n} * 90'000, 0, 90'000, true, picture});
    ASSERT_TRUE(writer->flush());
  }
  ASSERT_TRUE(writer->finish());

  SegmentRecord r = minute(0);
  r.duration_ms = 13'000;
  r.bytes = static_cast<int64_t>(file.bytes.size());
  r.codecs.clear();
  r.init.clear();
  r.media_offset = 0;
  r.groups.clear();
  add(r);
  add(minute(1));
  ASSERT_EQ(hour().pieces.size(), 1u) << "its file is not there";
  const std::string path = store_.media_path() + "/" + store_.segment_path("cam01", t0_);
  std::filesystem::create_directories(path.substr(0, path.find_last_of('/')));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.bytes.data()), static_cast<std::streamsize>(file.bytes.size()));
  const TimeRange range{t0_, t0_ + Millis{3'600'000}};
  Descriptions known;
  const auto too_much = read_timeline(index_, "cam01", range, known, 0);
  ASSERT_TRUE(too_much);
  EXPECT_FALSE(*too_much) << "is for somebody who has the time";
  ASSERT_TRUE(*read_timeline(index_, "cam01", range, known, 1));
  const Timeline t = hour();
  ASSERT_EQ(t.pieces.size(), 2u);
  EXPECT_EQ(t.pieces[0].codecs, "avc1.64001f");
  EXPECT_EQ(t.pieces[0].init.size(), 16u);
  ASSERT_EQ(t.pieces[0].groups.size(), 3u);
  EXPECT_EQ(t.pieces[0].groups[1].at_ms, 6000);
  EXPECT_EQ(t.pieces[0].groups[2].duration_ms, 1000);
  EXPECT_EQ(t.pieces[0].groups[2].offset + t.pieces[0].groups[2].bytes, file.bytes.size());

  // Once is enough.
  std::filesystem::rename(path, path + ".real");
  const auto again = read_timeline(index_, "cam01", range, known, 0);
  ASSERT_TRUE(again && *again);
  ASSERT_EQ((*again)->pieces.size(), 2u);
  EXPECT_EQ((*again)->pieces[0].groups, t.pieces[0].groups);

  // Nothing is opened through a link.
  std::filesystem::create_symlink(path + ".real", path);
  EXPECT_EQ(hour().pieces.size(), 1u);
}

class TrackTime : public TimelineTest {
 protected:
  // Start of the file and place of the group, or nothing.
  std::optional<std::pair<WallMs, int64_t>> find(int64_t time, WallMs run) {
    const auto found = resolve_dash_time(index_, "cam01", run, time);
    EXPECT_TRUE(found) << found.error().message();
    if (!found || !*found) return std::nullopt;
    return std::pair((*found)->piece.start, (*found)->group.at_ms);
  }
};

TEST_F(TrackTime, LeadsToItsGroup) {
  for (int n = 0; n < 60; n++) add(minute(n));
  const Timeline t = hour();
  for (const Piece& p : t.pieces)
    for (const Group& g : p.groups) {
      EXPECT_EQ(find(track_time(p, g), t0_), std::pair(p.start, g.at_ms));
      EXPECT_EQ(find(track_time(p, g), p.start), std::pair(p.start, g.at_ms)) << "of the run that begins there";
    }
  EXPECT_EQ(find(10'000, t0_), std::pair(t0_, int64_t{0}));
  for (const int64_t none :
       {int64_t{0}, int64_t{9999}, int64_t{10'001}, int64_t{10'000 + 3'600'000}, int64_t{-1}, INT64_MAX, INT64_MIN})
    EXPECT_FALSE(find(none, t0_)) << none;
  EXPECT_FALSE(find(10'000, t0_ + Millis{60'000})) << "before its run";
  EXPECT_FALSE(find(10'000, t0_ + Millis{1})) << "of a run that is none";
  EXPECT_FALSE(find(10'000, WallMs{Millis{INT64_MAX}}));
}

TEST_F(TrackTime, ADayOfSlewIsNoHindrance) {
  // 500 ppm fast, and each file's time is rounded down.
  for (int n = 0; n < 1440; n += n < 3 ? 1 : 60) {
    SegmentRecord r = minute(n);
    r.start = t0_ + Millis{60'030} * n;
    *r.pts += 45;
    add(r);
  }
  SegmentRecord r = minute(1439);
  r.start = t0_ + Millis{60'030} * 1439;
  add(r);
  EXPECT_EQ(find(10'000 + 1439 * 60'000 + 6000, t0_), std::pair(r.start, int64_t{6000}));
  EXPECT_EQ(find(10'000 + 60 * 60'000, t0_), std::nullopt) << "minute 60 was not recorded";
  EXPECT_EQ(find(10'000 + 63 * 60'000, t0_), std::pair(t0_ + Millis{60'030} * 63, int64_t{0}));
}

TEST_F(TrackTime, GoesOnWhereTheFirstFileWasDeleted) {
  for (int n = 2; n < 10; n++) add(minute(n));
  EXPECT_EQ(find(10'000 + 120'000, t0_), std::pair(t0_ + Millis{120'000}, int64_t{0}));
  EXPECT_EQ(find(10'000 + 546'000, t0_), std::pair(t0_ + Millis{540'000}, int64_t{6000}));
  EXPECT_FALSE(find(10'000, t0_)) << "deleted, too";
  EXPECT_FALSE(find(10'000 + 120'000, t0_ - Millis{60'000})) << "the clock of this stream began after that";
}

TEST_F(TrackTime, AnotherStreamIsNotLedTo) {
  add(minute(0));
  SegmentRecord r = minute(1);
  r.connection = "c2";
  add(r);
  r = minute(2);
  r.init = "fedcba9876543210";
  add(r);
  EXPECT_FALSE(find(10'000 + 60'000, t0_));
  EXPECT_FALSE(find(10'000 + 120'000, t0_));
  EXPECT_TRUE(find(10'000 + 60'000, t0_ + Millis{60'000}));
}

}  // namespace
}  // namespace cbx::playback

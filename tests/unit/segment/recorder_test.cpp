#include "segment/recorder.h"

#include <fcntl.h>

#include "fixture.h"

namespace cbx::segment::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string name_of(const SegmentRecord& r) {
  return r.path.substr(r.path.rfind('/') + 1);
}

// The sum of a track's fragment durations, and that they follow each other without holes.
int64_t seamless_duration(const mp4::FileMap& map, int track) {
  int64_t total = 0, next = -1;
  for (const mp4::Fragment& f : map.fragments) {
    if (f.track != track) continue;
    if (next >= 0) {
      EXPECT_EQ(f.tfdt, next) << "fragments of track " << track << " don't meet";
    }
    next = f.tfdt + f.duration;
    total += f.duration;
  }
  return total;
}

TEST_F(RecorderTest, CutsAtTheFirstKeyFrameAfterEachMinute) {
  start();
  feed(900000, 100);  // from 17:00:30 on
  const auto s = segments();
  ASSERT_EQ(s.size(), 3u);
  EXPECT_EQ(s[0].end, "rotate");
  EXPECT_EQ(s[1].end, "rotate");
  EXPECT_EQ(s[2].end, "close");
  EXPECT_EQ(name_of(s[0]), "17-00-30.000.mp4");
  EXPECT_EQ(name_of(s[1]), "17-01-00.000.mp4");
  EXPECT_EQ(name_of(s[2]), "17-02-00.000.mp4");
  EXPECT_EQ(s[1].duration_ms, 60000);
  EXPECT_EQ(s[1].fps, 30);
  EXPECT_EQ(s[1].start, s[0].start + Millis{s[0].duration_ms}) << "files of a running stream touch";
  EXPECT_EQ(s[1].connection, "c1");
  EXPECT_EQ(s[1].pts, 900000 + 30 * 90000);
  for (const auto& r : s) {
    EXPECT_EQ(std::filesystem::file_size(store.media_path() + "/" + r.path), static_cast<uint64_t>(r.bytes));
    EXPECT_EQ(r.sha256.size(), 64u);
    EXPECT_TRUE(map_of(r).finished);
  }
}

TEST_F(RecorderTest, LosesAndDoublesNoSampleAtACut) {
  start();
  feed(900000, 100);
  int64_t video = 0, audio = 0, audio_end = -1;
  for (const auto& r : segments()) {
    const auto map = map_of(r);
    video += seamless_duration(map, 0);
    audio += seamless_duration(map, 1);
    for (const auto& f : map.fragments) {
      if (f.track != 1) continue;
      if (audio_end >= 0) {
        EXPECT_EQ(f.tfdt, audio_end) << "sound goes on without a hole from file to file";
      }
      audio_end = f.tfdt + f.duration;
      EXPECT_LE(f.duration, 48000);
    }
  }
  EXPECT_EQ(video, 100 * 90000);
  // All sound that was sent from the first picture on: the last frame begins before 100 s.
  EXPECT_NEAR(static_cast<double>(audio), 100 * 48000, 2048);
}

// What a killed process loses is the open fragment and what is on its way to it: together less than a second.
TEST_F(RecorderTest, FragmentsLeaveRoomBelowASecondAndKeyFramesBeginThem) {
  start();
  feed(0, 20, 45);  // a key frame every 1.5 s
  for (const auto& r : segments()) {
    int keys = 0;
    for (const auto& f : map_of(r).fragments) {
      EXPECT_LE(f.duration, f.track == 0 ? 90000 * 6 / 10 : 48000 * 7 / 10);
      if (f.track != 0) continue;
      keys += f.key;
    }
    EXPECT_GE(keys, 20 * 30 / 45 - 1);
  }
}

TEST_F(RecorderTest, SoundThatOutlastsThePictureIsCutIntoFragmentsToo) {
  start();
  const Pts90k t = feed(0, 5);
  for (int i = 0; i < 47 * 3; i++) audio(t + int64_t{i} * 1920);
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u);
  for (const auto& f : map_of(s[0]).fragments) {
    if (f.track == 1) {
      EXPECT_LE(f.duration, 48000);
    }
  }
}

TEST_F(RecorderTest, BeginsAtTheFirstKeyFrame) {
  start();
  for (int i = 0; i < 20; i++) {
    video(i * 3000, false);
    clock.advance(Micros{33333});
  }
  audio_from(60000);
  feed(60000, 5);
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].pts, 60000);
  EXPECT_EQ(s[0].duration_ms, 5000);
}

TEST_F(RecorderTest, WithoutAnyKeyFrameItBeginsAfterTenSecondsAndSplitsAfterTenMinutes) {
  start(std::make_unique<LiveMapper>(), false);
  for (int i = 0; i < 30 * 625; i++) {
    video(i * 3000, false);
    clock.advance(Micros{33333});
  }
  const auto s = segments();
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].end, "limit");
  EXPECT_NEAR(static_cast<double>(s[0].duration_ms), 600000, 100);
}

TEST_F(RecorderTest, AJumpOfTheTimeStampsBeginsANewFileAndKeepsThePictures) {
  start();
  Pts90k t = feed(900000, 10);
  // The encoder starts its clock again, in the middle of a group of pictures.
  audio_from(100);
  for (int i = 0; i < 15; i++) {
    video(i * 3000, false);
    clock.advance(Micros{33333});
  }
  feed(15 * 3000, 10);
  const auto s = segments();
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].end, "jump");
  EXPECT_NEAR(static_cast<double>(s[0].duration_ms), 10500, 40) << "the pictures before the next key frame are kept";
  EXPECT_EQ(s[1].pts, 15 * 3000);
  EXPECT_NEAR(static_cast<double>((s[1].start - s[0].start).count()), 10500, 40);
  (void)t;
}

TEST_F(RecorderTest, APauseIsAGapAndTheClockIsRightAfterwards) {
  start();
  Pts90k t = feed(900000, 10);
  clock.advance(seconds(20));
  audio_from(t + 20 * 90000);
  feed(t + 20 * 90000, 10);
  const auto s = segments();
  ASSERT_EQ(s.size(), 2u);
  EXPECT_NEAR(static_cast<double>(s[0].duration_ms), 10000, 40);
  EXPECT_NEAR(static_cast<double>((s[1].start - s[0].start).count()), 30000, 40);
}

TEST_F(RecorderTest, AHoleInTheSoundIsCoveredAndKeepsItInStep) {
  start();
  Pts90k t = feed(0, 5);
  for (int i = 0; i < 30 * 5; i++) {  // five seconds without sound
    video(t + i * 3000, i % 30 == 0);
    clock.advance(Micros{33333});
  }
  audio_from(t + 450000);
  feed(t + 450000, 5);
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u) << "a hole in one track is no jump";
  const auto map = map_of(s[0]);
  EXPECT_EQ(seamless_duration(map, 0), 15 * 90000);
  EXPECT_NEAR(static_cast<double>(seamless_duration(map, 1)), 15 * 48000, 2048);
}

TEST_F(RecorderTest, ANewPictureSizeBeginsANewFileAtOnce) {
  start();
  Pts90k t = feed(0, 5);
  recorder->on_track(0, video_config(1280));
  feed(t, 5);
  const auto s = segments();
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].end, "change");
  EXPECT_EQ(s[0].width, 640);
  EXPECT_EQ(s[1].width, 1280);
  EXPECT_EQ(s[0].duration_ms, 5000);
}

TEST_F(RecorderTest, LateSoundBeginsANewFileAtTheNextKeyFrame) {
  start(std::make_unique<LiveMapper>(), false);
  Pts90k t = feed(0, 5, 30, false);
  recorder->on_layout(2, true);
  recorder->on_track(0, video_config());
  recorder->on_track(1, audio_config());
  audio_from(t);
  feed(t, 5);
  const auto s = segments();
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].audio, "");
  EXPECT_EQ(s[1].audio, "aac");
  EXPECT_EQ(s[0].end, "change");
}

TEST_F(RecorderTest, SoundThatWasAnnouncedButNeverComesHoldsNothingUp) {
  start();
  recorder->on_layout(2, true);
  feed(0, 10, 30, false);
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].duration_ms, 10000);
}

TEST_F(RecorderTest, SoundAloneIsRecorded) {
  recorder = std::make_unique<Recorder>(*shared, Origin{"cam01", "live", "c1"}, std::make_unique<LiveMapper>());
  recorder->on_layout(1, false);
  recorder->on_track(0, audio_config());
  for (int i = 0; i < 47 * 60; i++) {
    codec::Sample s;
    s.track = 0;
    s.dts = s.pts = int64_t{i} * 1024 * 90000 / 48000;
    s.duration = 1024;
    s.key = true;
    s.data = sound;
    s.arrival = clock.wall();
    recorder->on_sample(s);
    clock.advance(Micros{21333});
  }
  const auto s = segments();
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].end, "rotate");
  EXPECT_EQ(s[0].video, "");
  EXPECT_EQ(s[0].audio, "aac");
  EXPECT_NEAR(static_cast<double>(s[0].duration_ms), 30000, 30);
}

TEST_F(RecorderTest, AFullDiskKeepsWhatIsWrittenAndRecordingResumes) {
  start();
  Pts90k t = feed(0, 5);
  fs.full = true;
  t = feed(t, 5);
  EXPECT_FALSE(recorder->recording());
  EXPECT_EQ(recorder->state(), "waiting for the disk");
  fs.full = false;
  feed(t, 5);
  std::vector<SegmentRecord> s;
  std::vector<GapRecord> gaps;
  for (const Record& r : records()) {
    if (const auto* x = std::get_if<SegmentRecord>(&r)) s.push_back(*x);
    if (const auto* x = std::get_if<GapRecord>(&r)) gaps.push_back(*x);
  }
  ASSERT_EQ(s.size(), 2u);
  EXPECT_EQ(s[0].end, "error");
  EXPECT_GE(s[0].duration_ms, 4000) << "what was on the disk is kept, and finished without needing room";
  EXPECT_TRUE(map_of(s[0]).finished);
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].cause, "disk");
  EXPECT_GE(gaps[0].duration_ms, 4000);
  EXPECT_LE(gaps[0].duration_ms, 7000);
  EXPECT_GE(s[1].duration_ms, 3900);
}

TEST_F(RecorderTest, AStalledStreamIsFlushedAndLaterClosed) {
  start();
  feed(0, 3);
  clock.advance(seconds(2));
  recorder->tick();
  EXPECT_TRUE(recorder->recording());
  EXPECT_EQ(recorder->state(), "stalled");
  clock.advance(seconds(40));
  recorder->tick();
  EXPECT_FALSE(recorder->recording());
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].end, "stall");
  EXPECT_EQ(s[0].duration_ms, 3000);
}

TEST_F(RecorderTest, UnsupportedVideoIsSaidInARecord) {
  start();
  recorder->on_notice({ts::Notice::Kind::unsupported, "MPEG-2 video on PID 256 cannot be carried"});
  EXPECT_TRUE(recorder->unsupported());
  const auto all = records();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(std::get<GapRecord>(all[0]).cause, "unsupported");
}

TEST_F(RecorderTest, TheSameImportTwiceIsOneFile) {
  for (int run = 0; run < 2; run++) {
    const WallTime at = *parse_rfc3339("2026-11-20T08:00:30Z");
    recorder = std::make_unique<Recorder>(*shared, Origin{"cam01", "import", ""}, std::make_unique<FixedMapper>(at));
    recorder->on_layout(2, true);
    recorder->on_track(0, video_config());
    recorder->on_track(1, audio_config());
    audio_from(0);
    feed(0, 40);
    recorder->end("close");
    closer->wait_for_room(0);
  }
  const auto s = segments();
  EXPECT_EQ(s.size(), 2u);
}

TEST_F(RecorderTest, AnImportCanTellThatTheDiskIsFull) {
  start(std::make_unique<FixedMapper>(*parse_rfc3339("2026-11-20T08:00:30Z")));
  feed(0, 3);
  EXPECT_FALSE(recorder->disk_error());
  fs.full = true;
  feed(3 * 90000, 3);
  ASSERT_TRUE(recorder->disk_error());
  EXPECT_EQ(recorder->disk_error()->os_error(), ENOSPC);
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].end, "error");
  EXPECT_TRUE(recorder->recorded_until());
}

TEST_F(RecorderTest, BackwardTimeStampsWithinAFileDoNotStopIt) {
  start(std::make_unique<LiveMapper>(), false);
  for (int i = 0; i < 300; i++) {
    video(i % 7 == 3 ? (i - 2) * 3000 : i * 3000, i % 30 == 0);
    clock.advance(Micros{33333});
  }
  const auto s = segments();
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].duration_ms, 10000);
}

}  // namespace
}  // namespace cbx::segment::test

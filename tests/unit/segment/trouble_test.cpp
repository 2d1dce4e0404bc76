// Streams and clocks that misbehave: nothing is lost, nothing grows without bound, no other stream pays for it.
#include "fixture.h"

namespace cbx::segment::test {
namespace {

using std::chrono::seconds;

TEST_F(RecorderTest, SoundGoesOnWhenThePictureDies) {
  start();
  const Pts90k at = feed(0, 20);
  // From here on there is sound alone, for long enough to fill any queue.
  picture.clear();
  sound.assign(4000, 0x66);
  for (int i = 0; i < 300 * 48000 / 1024; i++) {
    audio(at + int64_t{i} * 1024 * 90000 / 48000);
    clock.advance(Micros{21333});
  }
  int64_t ms = 0, sounding = 0;
  for (const auto& r : segments()) {
    ms += r.duration_ms;
    for (const auto& f : map_of(r).fragments)
      if (f.track == (r.video.empty() ? 0 : 1)) sounding += f.duration;
  }
  EXPECT_NEAR(static_cast<double>(ms), 320000, 300);
  EXPECT_NEAR(static_cast<double>(sounding), 320 * 48000, 4096);
}

TEST_F(RecorderTest, TheSplitOfAStreamWithoutKeyFramesLosesNothing) {
  start(std::make_unique<LiveMapper>(), false);
  feed(0, 650, 1 << 30, false);  // one key frame, at the very beginning
  int64_t ms = 0;
  size_t files = 0;
  for (const auto& r : segments()) {
    ms += r.duration_ms;
    files++;
  }
  EXPECT_EQ(files, 2u);
  EXPECT_NEAR(static_cast<double>(ms), 650000, 50);
}

TEST_F(RecorderTest, AClockThatIsSetBackIsBelieved) {
  start();
  Pts90k t = feed(0, 20);
  clock.set_wall(clock.wall() - std::chrono::hours{1});
  t = feed(t, 40);
  const auto s = segments();
  ASSERT_GE(s.size(), 2u);
  // 16:00:50 on the clock that is right now; file names and starts say so.
  const WallMs back = floor_ms(*parse_rfc3339("2026-11-20T07:00:50Z"));
  EXPECT_NEAR(static_cast<double>((s[0].start - back).count()), 0, 1100);
  EXPECT_EQ(s[0].path.substr(0, 21), "cam01/2026-11-20/16-0");
}

// What a recording says of a file is hidden by the tombstone of an older one of its name, and recovery would take the
// file for what is left of that one.
TEST_F(RecorderTest, ARecordingNeverTakesTheNameOfADeletedOne) {
  const auto import = [&](int pictures) {
    start(std::make_unique<FixedMapper>(*parse_rfc3339("2026-11-20T08:00:30Z")));
    feed(0, pictures / 30.0);
    recorder->end("close");
    recorder.reset();
    closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
    shared.reset(new Shared{fs, store, clock, log, disk, *closer, std::chrono::seconds{60}});
  };
  import(60);
  const std::string path = "cam01/2026-11-20/17-00-30.000.mp4";
  ASSERT_TRUE(std::filesystem::remove(store.media_path() + "/" + path));
  DeleteRecord gone;
  gone.device = "cam01";
  gone.time = gone.start = floor_ms(*parse_rfc3339("2026-11-20T08:00:30Z"));
  gone.path = path;
  gone.reason = "rm";
  const Record record = gone;
  ASSERT_TRUE(store::append_journal(fs, store, {&record, 1}));
  EXPECT_TRUE(store::is_buried(store, path).value());

  import(60);
  import(60);  // the same again is still a duplicate
  EXPECT_FALSE(std::filesystem::exists(store.media_path() + "/" + path));
  EXPECT_TRUE(std::filesystem::exists(store.media_path() + "/cam01/2026-11-20/17-00-30.001.mp4"));
  EXPECT_FALSE(std::filesystem::exists(store.media_path() + "/cam01/2026-11-20/17-00-30.002.mp4"));
}

TEST_F(RecorderTest, TimeStampsThatStandStillDoNotFillTheMemory) {
  start(std::make_unique<LiveMapper>(), false);
  feed(0, 2, 30, false);
  picture.assign(1 << 20, 0x55);
  picture[0] = 0, picture[1] = 0x0f, picture[2] = 0xff, picture[3] = 0xfc;
  for (int i = 0; i < 80; i++) video(180000, false);
  std::filesystem::path part;
  for (const auto& e : std::filesystem::recursive_directory_iterator(store.media_path()))
    if (e.path().extension() == ".part") part = e.path();
  ASSERT_FALSE(part.empty());
  EXPECT_GT(std::filesystem::file_size(part), 60u << 20) << "most of it is on the disk already";
}

TEST_F(RecorderTest, ACutThatWaitsForSoundHoldsLittle) {
  start();
  feed(0, 29);  // until 17:00:59
  picture.assign(1 << 20, 0x55);
  picture[0] = 0, picture[1] = 0x0f, picture[2] = 0xff, picture[3] = 0xfc;
  // Key frames past the boundary, all with the same time, and no sound that would let the cut happen.
  clock.advance(seconds{1});
  for (int i = 0; i < 80; i++) video(31 * 90000, true);
  EXPECT_GE(std::distance(std::filesystem::recursive_directory_iterator(store.media_path()),
                          std::filesystem::recursive_directory_iterator{}),
            4);
  uint64_t bytes = 0;
  for (const auto& e : std::filesystem::recursive_directory_iterator(store.media_path()))
    if (e.is_regular_file()) bytes += e.file_size();
  EXPECT_GT(bytes, 50u << 20) << "it is on the disk, not in memory";
}

TEST_F(RecorderTest, AJumpOfTheSoundAloneKeepsTheMapping) {
  start();
  recorder->on_layout(2, true);
  // The first picture waits for its file while the sound jumps.
  audio(0);
  video(0, true);
  audio(3600 * 90000);
  recorder->end("close");
  for (const auto& r : segments()) EXPECT_EQ(r.path.substr(0, 17), "cam01/2026-11-20/") << r.path;
}

TEST_F(RecorderTest, AStreamThatChangesWithEveryFrameDoesNotMakeAFileOfEach) {
  recorder = std::make_unique<Recorder>(*shared, Origin{"cam01", "live", "c1"}, std::make_unique<LiveMapper>());
  recorder->on_layout(1, false);
  for (int i = 0; i < 2000; i++) {
    recorder->on_track(0, audio_config(i % 2 ? 48000 : 44100));
    codec::Sample s;
    s.track = 0;
    s.dts = s.pts = int64_t{i} * 2000;
    s.duration = 1024;
    s.key = true;
    s.data = sound;
    s.arrival = clock.wall();
    recorder->on_sample(s);
    clock.advance(Micros{22222});
  }
  EXPECT_LE(segments().size(), 100u);
}

TEST_F(RecorderTest, AStreamThatEndsWhileTheDiskIsFullLeavesTheCause) {
  start();
  const Pts90k t = feed(0, 5);
  fs.full = true;
  feed(t, 5);
  std::vector<GapRecord> gaps;
  for (const Record& r : records())
    if (const auto* gap = std::get_if<GapRecord>(&r)) gaps.push_back(*gap);
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].cause, "disk");
  EXPECT_NEAR(static_cast<double>(gaps[0].duration_ms), 5000, 1500);
}

}  // namespace
}  // namespace cbx::segment::test

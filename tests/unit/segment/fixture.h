// A recorder on a temporary store, fed with made-up samples.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "fault_filesystem.h"
#include "segment/recorder.h"
#include "store/journal.h"
#include "temp_dir.h"

namespace cbx::segment::test {

inline codec::TrackConfig video_config(int width = 640) {
  codec::TrackConfig c;
  c.codec = codec::Codec::h264;
  c.decoder_config = {1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80};
  c.video.width = width;
  c.video.height = 480;
  return c;
}

inline codec::TrackConfig audio_config(int rate = 48000) {
  codec::TrackConfig c;
  c.codec = codec::Codec::aac;
  c.decoder_config = {0x11, 0x90};
  c.audio = {rate, 2, 1024, 0};
  return c;
}

// A clock that tests set, and the closer's threads read.
class TestClock final : public Clock {
 public:
  WallTime wall() const override { return WallTime{Micros{wall_.load()}}; }
  Monotonic monotonic() const override { return Monotonic{Micros{mono_.load()}}; }
  void advance(Micros by) {
    wall_ += by.count();
    mono_ += by.count();
  }
  void set_wall(WallTime t) { wall_ = t.time_since_epoch().count(); }

 private:
  std::atomic<int64_t> wall_{WallTime{*parse_rfc3339("2026-11-20T08:00:30Z")}.time_since_epoch().count()};
  std::atomic<int64_t> mono_{Micros{std::chrono::hours{1}}.count()};
};

struct RecorderTest : ::testing::Test {
  cbx::test::TempDir dir;
  store::Store store = *store::Store::init(dir.path(), UtcOffset{std::chrono::minutes{540}}, std::nullopt);
  cbx::test::FaultFilesystem fs;
  TestClock clock;
  Logger log = Logger::silent();
  DiskHealth disk{log, clock};
  int null_fd = ::dup(2);
  std::unique_ptr<Announcer> announcer;
  std::unique_ptr<Closer> closer;
  std::unique_ptr<Shared> shared;
  std::unique_ptr<Recorder> recorder;
  Bytes picture = Bytes(2000, 0x55), sound = Bytes(300, 0x66);

  RecorderTest() {
    picture[0] = picture[1] = 0;
    picture[2] = 0x07;
    picture[3] = 0xcc;  // one NAL unit of 1996 bytes
    const int quiet = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(quiet, null_fd);
    ::close(quiet);
    announcer = std::make_unique<Announcer>(null_fd, clock, log);
    closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
    shared.reset(new Shared{fs, store, clock, log, disk, *closer, std::chrono::seconds{60}});
  }
  ~RecorderTest() override {
    recorder.reset();
    closer.reset();
    announcer.reset();
    ::close(null_fd);
  }

  void start(std::unique_ptr<TimeMapper> mapper = std::make_unique<LiveMapper>(), bool with_audio = true) {
    recorder = std::make_unique<Recorder>(*shared, Origin{"cam01", "live", "c1"}, std::move(mapper));
    recorder->on_layout(with_audio ? 2 : 1, true);
    recorder->on_track(0, video_config());
    if (with_audio) recorder->on_track(1, audio_config());
  }

  void video(Pts90k dts, bool key, Pts90k cto = 0) {
    codec::Sample s;
    s.track = 0;
    s.dts = dts;
    s.pts = dts + cto;
    s.key = key;
    s.data = picture;
    s.arrival = clock.wall();
    recorder->on_sample(s);
  }
  void audio(Pts90k pts) {
    codec::Sample s;
    s.track = 1;
    s.dts = s.pts = pts;
    s.duration = 1024;
    s.key = true;
    s.data = sound;
    s.arrival = clock.wall();
    recorder->on_sample(s);
  }

  // 30 pictures a second with a key frame every `gop`, and sound, from stream time `from` on; the clock runs along.
  // Returns the stream time behind the last picture.
  Pts90k feed(Pts90k from, double seconds, int gop = 30, bool with_audio = true) {
    const int frames = static_cast<int>(seconds * 30);
    for (int i = 0; i < frames; i++) {
      const Pts90k t = from + i * 3000;
      video(t, i % gop == 0);
      while (with_audio && audio_at_ <= t) {
        audio(audio_at_);
        audio_at_ = ++audio_count_ * 1024 * 90000 / 48000 + audio_zero_;
      }
      clock.advance(Micros{33333} + (i % 3 == 0 ? Micros{1} : Micros{0}));
    }
    return from + frames * 3000;
  }
  void audio_from(Pts90k t) {
    audio_zero_ = audio_at_ = t;
    audio_count_ = 0;
  }

  // Ends everything and returns the journal's segment records in order of time.
  std::vector<Record> records() {
    if (recorder) recorder->end("close");
    closer.reset();
    std::vector<Record> out;
    const auto journals = store::list_journals(store).value();
    for (const auto& j : journals)
      EXPECT_TRUE(store::read_journal(store, j.path, 0, [&](uint64_t, Result<std::optional<Record>> r) {
        ASSERT_TRUE(r) << r.error().message();
        if (*r) out.push_back(**r);
      }));
    std::stable_sort(out.begin(), out.end(),
                     [](const Record& a, const Record& b) { return record_time(a) < record_time(b); });
    return out;
  }
  std::vector<SegmentRecord> segments() {
    std::vector<SegmentRecord> out;
    for (const Record& r : records())
      if (const auto* s = std::get_if<SegmentRecord>(&r)) out.push_back(*s);
    return out;
  }
  mp4::FileMap map_of(const SegmentRecord& r) {
    PosixFilesystem real;
    auto file = real.open(store.media_path() + "/" + r.path, OpenMode::read);
    EXPECT_TRUE(file);
    auto map = mp4::read_file_map(**file);
    EXPECT_TRUE(map) << (map ? "" : map.error().message());
    return std::move(*map);
  }

 private:
  Pts90k audio_at_ = 0, audio_zero_ = 0;
  int64_t audio_count_ = 0;
};

}  // namespace cbx::segment::test

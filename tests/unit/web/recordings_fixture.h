// A store with small real recordings of a camera, finished ones and one that is being written.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "../mp4/fixture.h"
#include "base/file.h"
#include "base/log.h"
#include "index/index.h"
#include "mp4/hybrid_writer.h"
#include "store/store.h"
#include "temp_dir.h"

namespace cbx::web {

inline WallMs at(const std::string& text) {
  return *parse_rfc3339(text);
}

// A clock that tests set.
class TestClock final : public Clock {
 public:
  WallTime wall() const override { return wall_; }
  Monotonic monotonic() const override { return monotonic_; }
  void advance(Millis by) {
    wall_ = wall_.load() + by;
    monotonic_ = monotonic_.load() + by;
  }

 private:
  std::atomic<WallTime> wall_{at("2026-11-21T12:00:00Z")};
  // Ahead of the server's own, so that what waits for a thread waits long enough.
  std::atomic<Monotonic> monotonic_{std::chrono::steady_clock::now() + std::chrono::minutes(10)};
};

// A recording at work.
struct Writing {
  std::unique_ptr<File> file;
  std::unique_ptr<mp4::HybridWriter> writer;
  int from = 0, seconds = 0;
};

// Of test::record().
inline constexpr int64_t kFirstPts = 900000 + 3 * 3600;

class RecordingsTest : public testing::Test {
 protected:
  RecordingsTest() : store_(*store::Store::init(dir_.path(), UtcOffset::parse("+09:00").value(), std::nullopt)) {}

  std::string media(const std::string& path) const { return store_.media_path() + "/" + path; }

  // `from`: seconds since the connection's first file began.
  Writing begin(const std::string& device, WallMs start, int from = 0) {
    Writing w;
    EXPECT_TRUE(fs_.make_dirs(media(store_.day_folder(device, start))));
    auto file = fs_.open(media(store_.part_path(device, start)), OpenMode::create_new);
    EXPECT_TRUE(file) << file.error().message();
    w.file = std::move(*file);
    w.from = from;
    const mp4::FileInfo info{device, start, "live", "c1", kFirstPts + from * 90000, std::nullopt};
    auto writer = mp4::HybridWriter::create(*w.file, {test::video_config(), test::audio_config()}, info, 8192);
    EXPECT_TRUE(writer) << writer.error().message();
    w.writer = std::make_unique<mp4::HybridWriter>(std::move(*writer));
    return w;
  }
  // What a camera sends in `seconds`; once for each file.
  void go_on(Writing& w, int seconds) {
    test::record(*w.writer, seconds, w.from);
    w.seconds += seconds;
  }
  SegmentRecord finish(Writing& w, const std::string& device, WallMs start) {
    const auto finished = w.writer->finish();
    EXPECT_TRUE(finished) << finished.error().message();
    EXPECT_TRUE(
        fs_.rename_no_replace(media(store_.part_path(device, start)), media(store_.segment_path(device, start))));
    SegmentRecord r;
    r.device = device;
    r.start = start;
    r.duration_ms = finished->duration_ms;
    r.path = store_.segment_path(device, start);
    r.bytes = static_cast<int64_t>(finished->bytes);
    r.video = "h264";
    r.width = 1280;
    r.height = 720;
    r.fps = 25;
    r.audio = "aac";
    r.source = "live";
    r.end = "rotate";
    r.sha256 = std::string(64, 'a');
    r.connection = "c1";
    r.pts = kFirstPts + w.from * 90000;
    return r;
  }
  // A finished recording that the index knows.
  SegmentRecord recorded(const std::string& device, WallMs start, int seconds = 2) {
    Writing w = begin(device, start);
    go_on(w, seconds);
    SegmentRecord r = finish(w, device, start);
    add_to_index({r});
    return r;
  }
  void add_to_index(const std::vector<Record>& records) {
    auto index = index::Index::open(store_, index::Access::write);
    ASSERT_TRUE(index) << index.error().message();
    const auto applied = index->apply(records);
    ASSERT_TRUE(applied) << applied.error().message();
  }
  std::string content(const std::string& path) const {
    std::ifstream in(media(path), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const WallMs t0_ = at("2026-11-20T08:00:00.033Z");
  test::TempDir dir_;
  PosixFilesystem fs_;
  store::Store store_;
  TestClock clock_;
  Logger log_ = Logger::silent();
};

}  // namespace cbx::web

// The hub beside a real recorder on a temporary store.
#include <thread>

#include "live_playlist.h"
#include "mp4/groups.h"
#include "playback/live.h"
#include "segment/fixture.h"

namespace cbx::playback::test {
namespace {

using namespace std::chrono_literals;
using codec::Pts90k;

class LiveTest : public segment::test::RecorderTest, public ::testing::WithParamInterface<bool> {
 protected:
  LiveHub::Options options;
  std::unique_ptr<LiveHub> hub;
  History history;

  void make_hub() {
    options.notified = GetParam();
    hub = std::make_unique<LiveHub>(store, options, clock, log);
  }
  std::shared_ptr<LiveStream> watch(const std::string& device = "cam01") {
    const auto stream = hub->watch(device);
    EXPECT_TRUE(stream) << (stream ? "" : stream.error().message());
    return stream ? *stream : nullptr;
  }
  // Until it holds, on a machine that may be slow.
  template <typename Condition>
  bool await(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return condition();
  }
  // The playlist of now, remembered.
  bool look() {
    const auto stream = watch();
    if (!stream) return false;
    history.add(*stream->hls());
    return true;
  }
  // Until the newest picture is at most a fragment behind the clock.
  bool caught_up(Millis at_most = 1500ms) {
    return await([&] {
      const auto stream = watch();
      if (!stream || floor_ms(clock.wall()) - stream->view()->until > at_most) return false;
      history.add(*stream->hls());
      return true;
    });
  }
  void connect(const std::string& name, Pts90k sound_from, int width = 640) {
    recorder = std::make_unique<segment::Recorder>(*shared, segment::Origin{"cam01", "live", name},
                                                   std::make_unique<segment::LiveMapper>());
    recorder->on_layout(2, true);
    recorder->on_track(0, segment::test::video_config(width));
    recorder->on_track(1, segment::test::audio_config());
    audio_from(sound_from);
  }
  // What was shown as whole must be what the records say, without a hole, from `first` on.
  void expect_same_as_recorded(const std::vector<SegmentRecord>& records) {
    std::map<std::string, std::vector<mp4::FileGroup>> recorded;
    for (const SegmentRecord& r : records)
      recorded[std::to_string(r.start.time_since_epoch().count())] = mp4::groups_of(map_of(r), r.duration_ms);
    std::optional<std::pair<std::string, size_t>> before;
    uint64_t number = history.segments.begin()->first;
    for (const auto& [msn, s] : history.segments) {
      EXPECT_EQ(msn, number++) << "no number is left out";
      const Stretch at = parse_stretch(s.uri);
      ASSERT_TRUE(recorded.count(at.id)) << s.uri;
      const auto& groups = recorded[at.id];
      const auto g = std::find_if(groups.begin(), groups.end(), [&](const auto& x) { return x.offset == at.from; });
      ASSERT_NE(g, groups.end()) << s.uri;
      EXPECT_EQ(g->offset + g->bytes, at.to) << s.uri;
      EXPECT_NEAR(static_cast<double>(g->duration_ms), s.duration * 1000, 2) << s.uri;
      const auto n = static_cast<size_t>(g - groups.begin());
      if (before && before->first == at.id) {
        EXPECT_EQ(n, before->second + 1) << "one after the other";
      }
      if (before && before->first != at.id) {
        EXPECT_EQ(n, 0u) << "all of the next file";
        EXPECT_EQ(before->second + 1, recorded[before->first].size()) << "all of the file before";
        EXPECT_LT(before->first, at.id);
      }
      before = {at.id, n};
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Hub, LiveTest, ::testing::Values(true, false),
                         [](const auto& info) { return info.param ? "told" : "looking"; });

TEST_P(LiveTest, ShowsWhatIsBeingRecordedAcrossMinutesAndNothingTwice) {
  make_hub();
  start();
  Pts90k t = feed(900000, 3);
  ASSERT_TRUE(caught_up());
  for (int i = 0; i < 260; ++i) {  // 130 s: two cuts
    t = feed(t, 0.5);
    ASSERT_TRUE(i % 4 == 0 ? caught_up() : look());
  }
  ASSERT_TRUE(caught_up());
  EXPECT_NEAR(history.last.length(), 63, 4) << "the window, and a group more at most";
  EXPECT_EQ(history.last.first_discontinuity, history.segments.begin()->second.discontinuity)
      << "one stream without a break";
  EXPECT_LT(history.last.first_discontinuity, 200'000u) << "hls.js has an array of so many places";
  EXPECT_EQ(history.last.target, 8);
  EXPECT_EQ(history.last.part_target, 0.6);
  const auto stream = watch();
  const auto records = segments();
  EXPECT_EQ(records.size(), 3u);
  EXPECT_GE(history.segments.size(), 18u);
  expect_same_as_recorded(records);
}

TEST_P(LiveTest, TheFirstLookFillsTheWindowFromFinishedFiles) {
  start();
  feed(900000, 95);  // from 17:00:30: the third file has 5 s
  make_hub();
  ASSERT_TRUE(caught_up());
  EXPECT_GE(history.last.length(), 58);
  EXPECT_LE(history.last.length(), 68);
  EXPECT_EQ(history.last.first_discontinuity, history.last.segments.back().discontinuity);
  EXPECT_TRUE(history.last.segments.front().parts.empty()) << "parts are of the newest groups only";
  EXPECT_FALSE(history.last.segments.back().parts.empty());
  expect_same_as_recorded(segments());
}

TEST_P(LiveTest, RareKeyFramesAreKnownFromWhatWasRecordedBefore) {
  start();
  feed(900000, 45, 300);  // one in ten seconds
  recorder->end("close");
  clock.advance(30s);
  make_hub();
  connect("c2", 5000);
  Pts90k t = feed(5000, 3, 300);
  ASSERT_TRUE(caught_up());
  EXPECT_EQ(history.last.target, 10) << "before the first group is whole";
  for (int i = 0; i < 4; ++i) {
    t = feed(t, 10, 300);
    ASSERT_TRUE(caught_up());
    EXPECT_EQ(history.last.target, 10);
  }
}

TEST_P(LiveTest, NobodyIsLiveWithoutARecording) {
  make_hub();
  EXPECT_EQ(watch(), nullptr);
  EXPECT_EQ(hub->watch("../x").error().code(), ErrorCode::data);
  EXPECT_EQ(hub->watched(), 1u);
  start();
  feed(900000, 5);
  ASSERT_TRUE(await([&] { return watch() != nullptr; }));
  EXPECT_EQ(hub->live(), 1u);
}

TEST_P(LiveTest, WhoComesEarlyIsToldOfTheFirstPart) {
  make_hub();
  const auto changed = hub->changed("cam01");
  ASSERT_TRUE(changed);
  const uint64_t seen = (*changed)->count();
  ASSERT_EQ(watch(), nullptr);
  std::atomic<int> told{0};
  const auto subscription = (*changed)->subscribe([&] { told++; });
  start();
  feed(900000, 1.3);
  ASSERT_TRUE(await([&] { return told > 0; }));
  EXPECT_GT((*changed)->count(), seen);
  ASSERT_TRUE(await([&] { return look(); }));
  ASSERT_TRUE(history.last.open);
  EXPECT_TRUE(history.last.open->parts.front().independent);
  EXPECT_TRUE(history.last.segments.empty());
}

TEST_P(LiveTest, AReconnectIsADiscontinuityWhoseNumberStaysWhenItHasLeft) {
  make_hub();
  start();
  Pts90k t = feed(900000, 14);
  ASSERT_TRUE(caught_up());
  const uint64_t before = history.last.first_discontinuity;
  recorder->end("close");
  clock.advance(4s);
  connect("c2", 5000);
  t = feed(5000, 8);
  ASSERT_TRUE(caught_up());
  const PlaylistSegment& last = history.last.segments.back();
  EXPECT_EQ(last.discontinuity, before + 1);
  EXPECT_EQ(last.map, history.last.segments.front().map) << "the same camera's";
  EXPECT_EQ(history.last.first_discontinuity, before);
  for (int i = 0; i < 40; ++i) {
    t = feed(t, 2);
    ASSERT_TRUE(caught_up());
  }
  EXPECT_EQ(history.last.first_discontinuity, before + 1);
  expect_same_as_recorded(segments());
}

TEST_P(LiveTest, AnotherPictureSizeBringsItsOwnInit) {
  make_hub();
  start();
  Pts90k t = feed(900000, 8);
  ASSERT_TRUE(caught_up());
  recorder->on_track(0, segment::test::video_config(1280));
  feed(t, 8);
  ASSERT_TRUE(caught_up());
  const auto view = watch()->view();
  ASSERT_EQ(view->pieces.size(), 2u);
  EXPECT_EQ(view->pieces[0].width, 640);
  EXPECT_EQ(view->pieces[1].width, 1280);
  EXPECT_NE(view->pieces[0].init, view->pieces[1].init);
  EXPECT_FALSE(view->pieces[1].continues);
  EXPECT_EQ(view->pieces[1].codecs, "avc1.42c01e,mp4a.40.2");
  EXPECT_NEAR(view->pieces[1].fps, 30, 0.01);
}

TEST_P(LiveTest, Midnight) {
  clock.set_wall(*parse_rfc3339("2026-11-20T14:59:40Z"));  // 23:59:40 in the store's offset
  make_hub();
  start();
  Pts90k t = feed(900000, 2);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(caught_up());
    t = feed(t, 2);
  }
  ASSERT_TRUE(caught_up());
  const auto records = segments();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].path, "cam01/2026-11-20/23-59-40.000.mp4");
  EXPECT_EQ(records[1].path.substr(0, 16), "cam01/2026-11-21");
  EXPECT_EQ(history.last.first_discontinuity, history.last.segments.back().discontinuity);
  expect_same_as_recorded(records);
}

TEST_P(LiveTest, AfterSilenceItEndsAndLaterBeginsAnewWithLaterNumbers) {
  make_hub();
  start();
  feed(900000, 20);
  ASSERT_TRUE(caught_up());
  recorder->end("close");
  ASSERT_TRUE(caught_up(60ms));
  clock.advance(11s);
  ASSERT_TRUE(await([&] { return watch()->view()->ended; }));
  ASSERT_TRUE(look());
  EXPECT_TRUE(history.last.ended);
  EXPECT_NEAR(history.last.length(), 20, 0.1) << "the open group is whole now";
  const uint64_t newest = history.last.segments.back().msn;
  clock.advance(31s);
  ASSERT_TRUE(await([&] { return watch() == nullptr; }));
  EXPECT_EQ(hub->live(), 0u);
  connect("c2", 0);
  feed(0, 8);
  ASSERT_TRUE(caught_up());
  EXPECT_GT(history.last.first, newest);
  EXPECT_FALSE(history.last.ended);
  EXPECT_NEAR(history.last.length(), 8, 1);
}

TEST_P(LiveTest, BackWithinTheFarewellItIsAnotherList) {
  make_hub();
  start();
  feed(900000, 20);
  ASSERT_TRUE(caught_up());
  recorder->end("close");
  ASSERT_TRUE(caught_up(60ms));
  clock.advance(12s);
  ASSERT_TRUE(await([&] { return watch()->view()->ended; }));
  ASSERT_TRUE(look());
  const uint64_t newest = history.last.segments.back().msn, discontinuity = history.last.first_discontinuity;
  connect("c2", 0);
  feed(0, 8);
  ASSERT_TRUE(await([&] { return !watch()->view()->ended; }));
  ASSERT_TRUE(caught_up());
  EXPECT_GT(history.last.first, newest);
  EXPECT_GT(history.last.first_discontinuity, discontinuity);
}

TEST_P(LiveTest, AFileThatIsLeftOverIsNotLive) {
  start();
  feed(900000, 5);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store.media_path())) {
    if (entry.is_regular_file())
      std::filesystem::last_write_time(entry.path(), std::filesystem::file_time_type::clock::now() - 100h);
  }
  clock.advance(15s);
  make_hub();
  EXPECT_EQ(watch(), nullptr);
}

TEST_P(LiveTest, AnImportIsNotLive) {
  recorder = std::make_unique<segment::Recorder>(
      *shared, segment::Origin{"cam01", "import", ""},
      std::make_unique<segment::FixedMapper>(*parse_rfc3339("2026-11-20T08:00:30Z")));
  recorder->on_layout(1, true);
  recorder->on_track(0, segment::test::video_config());
  feed(0, 5, 30, false);
  make_hub();
  EXPECT_EQ(watch(), nullptr);
}

TEST_P(LiveTest, WhatNobodyAsksForIsForgotten) {
  make_hub();
  start();
  const Pts90k t = feed(900000, 5);
  ASSERT_TRUE(caught_up());
  const auto stream = watch();
  clock.advance(61s);
  ASSERT_TRUE(await([&] { return hub->watched() == 0; }));
  EXPECT_FALSE(stream->view()->groups.empty()) << "who holds it still sees the last moment";
  recorder->end("close");
  connect("c2", t);
  feed(t, 5);
  ASSERT_TRUE(await([&] { return watch() != nullptr; }));
}

TEST_P(LiveTest, TheHubMayGoWhileSomebodyWatches) {
  make_hub();
  start();
  feed(900000, 5);
  ASSERT_TRUE(caught_up());
  const auto stream = watch();
  const auto subscription = stream->changed()->subscribe([] {});
  hub.reset();
  EXPECT_FALSE(stream->view()->groups.empty());
  EXPECT_FALSE(stream->hls()->empty());
}

TEST_P(LiveTest, ManyViewersShareOneText) {
  make_hub();
  start();
  feed(900000, 5);
  ASSERT_TRUE(caught_up());
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<const std::string>> texts(8);
  for (auto& text : texts) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) text = (*hub->watch("cam01"))->hls();
    });
  }
  for (auto& t : threads) t.join();
  for (const auto& text : texts) EXPECT_EQ(text, texts.front());
}

TEST_P(LiveTest, ANameThatIsTakenMovesTheFile) {
  make_hub();
  start();
  feed(900000, 8);
  ASSERT_TRUE(caught_up());
  const WallMs start = watch()->view()->pieces.front().start;
  std::ofstream(store.media_path() + "/" + store.segment_path("cam01", start)) << "something else";
  recorder->end("close");
  ASSERT_TRUE(await([&] { return watch()->view()->pieces.front().start == start + 1ms; }));
  const auto view = watch()->view();
  EXPECT_EQ(view->runs.front(), start + 1ms);
}

TEST_P(LiveTest, ADeletedFileIsNotListed) {
  make_hub();
  start();
  feed(900000, 45);  // 17:00:30 to 17:01:15
  ASSERT_TRUE(caught_up());
  const WallMs first = watch()->view()->pieces.front().start;
  const std::string path = store.media_path() + "/" + store.segment_path("cam01", first);
  ASSERT_TRUE(await([&] { return std::filesystem::exists(path); }));
  std::filesystem::remove(path);
  if (!GetParam()) GTEST_SKIP() << "only the kernel tells of it";
  ASSERT_TRUE(await([&] { return watch()->view()->pieces.front().start > first; }));
  (void)look();
}

TEST_P(LiveTest, AWriteThatFailedIsTakenBack) {
  make_hub();
  start();
  Pts90k t = feed(900000, 8);
  ASSERT_TRUE(caught_up());
  fs.full = true;
  t = feed(t, 3);
  fs.full = false;
  for (int i = 0; i < 5; ++i) {
    t = feed(t, 2);
    ASSERT_TRUE(caught_up());
  }
  feed(t, 8);
  ASSERT_TRUE(caught_up());
  EXPECT_GE(watch()->view()->pieces.size(), 2u);
  expect_same_as_recorded(segments());
}

// A file as the recorder writes it, step by step.
struct HandWritten {
  std::unique_ptr<File> file;
  std::unique_ptr<mp4::HybridWriter> writer;
  int64_t dts = 0;

  HandWritten(const store::Store& store, WallMs start, int64_t pts) : dts(pts) {
    PosixFilesystem disk;
    EXPECT_TRUE(disk.make_dirs(store.media_path() + "/" + store.day_folder("cam01", start)));
    auto opened = disk.open(store.media_path() + "/" + store.part_path("cam01", start), OpenMode::create_new);
    EXPECT_TRUE(opened);
    file = std::move(*opened);
    auto made = mp4::HybridWriter::create(*file, {segment::test::video_config()},
                                          {"cam01", start, "live", "c1", pts, std::nullopt}, 8192);
    EXPECT_TRUE(made);
    writer = std::make_unique<mp4::HybridWriter>(std::move(*made));
  }
  // A second: one flush.
  void write_second() {
    const Bytes picture(200, 5);
    for (int i = 0; i < 25; ++i, dts += 3600) writer->add({0, dts, 0, 3600, i == 0, picture});
    EXPECT_TRUE(writer->flush());
  }
};

TEST_P(LiveTest, ANewFileMayBeginBeforeTheLastPicturesOfTheOneBefore) {
  const WallMs start = floor_ms(clock.wall());
  HandWritten a(store, start, 900000);
  for (int i = 0; i < 7; ++i) a.write_second();
  clock.advance(7s);
  make_hub();
  ASSERT_TRUE(await([&] { return watch() != nullptr; }));
  ASSERT_TRUE(look());
  HandWritten b(store, start + 8s, 900000 + 8 * 90000);  // its head is there
  std::this_thread::sleep_for(50ms);
  ASSERT_TRUE(look());
  EXPECT_EQ(watch()->view()->pieces.size(), 1u);
  a.write_second();  // still the one before
  b.write_second();
  ASSERT_TRUE(await([&] { return watch()->view()->pieces.size() == 2; }));
  ASSERT_TRUE(look());
  const auto view = watch()->view();
  EXPECT_TRUE(view->pieces[1].continues);
  EXPECT_EQ(view->runs[1], start) << "of the same run";
  ASSERT_EQ(view->groups.size(), 3u);
  EXPECT_EQ(view->groups[1].group.at_ms, 6000);
  EXPECT_EQ(view->groups[1].group.duration_ms, 2000) << "nothing of the file before is lost";
  EXPECT_EQ(view->groups[1].group.offset + view->groups[1].group.bytes, a.writer->size());
  // It is finished and named a while later: nothing changes for those who watch.
  ASSERT_TRUE(a.writer->finish());
  std::filesystem::rename(a.file->path(), store.media_path() + "/" + store.segment_path("cam01", start));
  b.write_second();
  ASSERT_TRUE(await([&] { return watch()->view()->groups.back().parts.size() == 2; }));
  ASSERT_TRUE(look());
  EXPECT_EQ(watch()->view()->groups.size(), 3u);
}

}  // namespace
}  // namespace cbx::playback::test

// Every call to the disk failing once, and for a while: what was finished stays, what is written is finished later,
// nothing is there twice.
#include "fixture.h"
#include "segment/recovery.h"
#include "segment/syncer.h"

namespace cbx::segment::test {
namespace {

using cbx::test::Call;
using Fault = cbx::test::FaultFilesystem::Fault;

constexpr int kSeconds = 24;
constexpr Pts90k kHz = 90000;

// A short recording of two or three files, from some call on with a failing disk.
struct Recording : RecorderTest {
  void TestBody() override {}
  std::string trouble;

  Recording() { shared->length = std::chrono::seconds{10}; }

  void record(int seconds) { at_ = feed(at_, seconds); }
  // The recorder ends; what it could not finish waits for the next.
  void end() {
    if (recorder) recorder->end("close");
    recorder.reset();
    closer.reset();
  }
  // As a new process does.  It cannot know what an earlier one failed to sync; until then nothing may be passed on that
  // was not synced.
  void recover() {
    for (const auto& path : fs.named_unsynced()) expect(false, path + " got its name though it could not be synced");
    closer = std::make_unique<Closer>(fs, store, *announcer, clock, log);
    const Shared again{fs, store, clock, log, disk, *closer, std::chrono::seconds{10}};
    recover_device(again, "cam01");
    closer.reset();
  }

  void expect(bool good, const std::string& what) {
    if (!good && trouble.size() < 1000) trouble += what + "\n";
  }

  // Tree and journal agree, every file is whole, no picture is there twice, at most `missing` are not.
  void check(Pts90k missing, bool torn_lines = false) {
    std::map<std::string, SegmentRecord> known;
    const auto journals = store::list_journals(store).value();
    for (const auto& j : journals)
      (void)store::read_journal(store, j.path, 0, [&](uint64_t, Result<std::optional<Record>> r) {
        expect(r.has_value() || torn_lines, "a bad line in the journal");
        if (!r || !*r || !std::holds_alternative<SegmentRecord>(**r)) return;
        const auto& s = std::get<SegmentRecord>(**r);
        const auto [it, first] = known.emplace(s.path, s);
        expect(first || it->second == s, s.path + " is journalled twice, and differently");
      });
    std::vector<std::pair<int64_t, int64_t>> pictures;
    for (const auto& e : std::filesystem::recursive_directory_iterator(store.media_path())) {
      const std::string name = e.path().filename();
      if (!e.is_regular_file() || name == "records.jsonl") continue;
      if (name.starts_with('.')) {
        // One that never got a whole fragment is removed later, by its age.
        PosixFilesystem real;
        auto file = real.open(e.path(), OpenMode::read);
        const auto map = mp4::read_file_map(**file);
        expect(name.ends_with(".part") && (!map || map->fragments.empty()), name + " is left over");
        continue;
      }
      const std::string path = std::filesystem::relative(e.path(), store.media_path());
      const auto it = known.find(path);
      expect(it != known.end(), path + " is in no journal");
      if (it != known.end()) check_file(it->second, pictures);
      known.erase(path);
    }
    for (const auto& [path, r] : known) expect(false, path + " is in the journal alone");
    std::sort(pictures.begin(), pictures.end());
    Pts90k total = 0, until = -1;
    for (const auto& [from, length] : pictures) {
      expect(from >= until, "pictures at " + std::to_string(from) + " are there twice");
      until = from + length;
      total += length;
    }
    expect(at_ - total <= missing, std::to_string(at_ - total) + " of 90,000ths of a second are missing");
  }

 private:
  void check_file(const SegmentRecord& r, std::vector<std::pair<int64_t, int64_t>>& pictures) {
    PosixFilesystem real;
    auto file = real.open(store.media_path() + "/" + r.path, OpenMode::read);
    const auto map = mp4::read_file_map(**file);
    expect(map && map->finished, r.path + " is not finished");
    if (!map) return;
    expect((*file)->size().value() == static_cast<uint64_t>(r.bytes), r.path + " has not the bytes of its record");
    expect(r.sha256.empty() || *sha256_of(**file, static_cast<uint64_t>(r.bytes)) == r.sha256, r.path + ": other hash");
    for (const auto& f : map->fragments)
      if (f.track == 0) pictures.emplace_back(f.tfdt, f.duration);
  }

  Pts90k at_ = 0;
};

uint64_t calls_of_a_recording() {
  Recording r;
  r.fs.set({UINT64_MAX, UINT64_MAX, EIO, {}, "", false});
  r.start();
  r.record(kSeconds);
  r.end();
  r.check(0);
  EXPECT_EQ(r.trouble, "");
  return r.fs.counted();
}

class EveryCall : public ::testing::TestWithParam<int> {};

TEST_P(EveryCall, FailingOnceCostsAtMostASecond) {
  const uint64_t calls = calls_of_a_recording();
  ASSERT_GT(calls, 100u);
  const uint64_t step = GetParam() == EIO ? 1 : 5;
  for (uint64_t i = 1 + static_cast<uint64_t>(GetParam()) % step; i <= calls; i += step) {
    Recording r;
    r.fs.set({i, i, GetParam(), {}, "", i % 2 == 0});
    r.start();
    r.record(kSeconds);
    r.end();
    r.fs.heal();
    r.recover();
    r.check(kHz);
    EXPECT_EQ(r.trouble, "") << "call " << i;
  }
}

TEST_P(EveryCall, FailingUntilTheEndLosesNothingThatWasWritten) {
  const uint64_t calls = calls_of_a_recording();
  const uint64_t step = GetParam() == EIO ? 3 : 11;
  for (uint64_t i = 1; i <= calls; i += step) {
    Recording r;
    r.fs.set({i, UINT64_MAX, GetParam(), {}, "", i % 2 == 0});
    r.start();
    r.record(kSeconds);
    r.end();
    r.fs.heal();
    r.recover();
    // Where not even truncating works, half a line stays; the next one is not glued to it.
    r.check(kSeconds * kHz, true);
    EXPECT_EQ(r.trouble, "") << "from call " << i << " on";
  }
}

TEST_P(EveryCall, FailingForAWhileIsRecoveredFromWithoutARestart) {
  const uint64_t calls = calls_of_a_recording();
  const uint64_t step = GetParam() == EIO ? 3 : 11;
  for (uint64_t i = 1; i <= calls; i += step) {
    Recording r;
    r.start();
    r.record(12);
    r.fs.set({i, UINT64_MAX, GetParam(), {}, "", i % 2 == 0});
    r.record(6);
    r.fs.heal();
    r.record(6);
    r.end();
    // The failing stretch, the fragment it began in, and up to the next key frame after the next try.
    r.check((6 + 1 + 2) * kHz);
    EXPECT_EQ(r.trouble, "") << "from call " << i << " on";
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, EveryCall, ::testing::Values(EIO, ENOSPC, EMFILE, EDQUOT, EROFS),
                         [](const auto& info) { return std::string(strerrorname_np(info.param)); });

// What each kind of call does when it fails during a whole recording.
class OneKind : public ::testing::TestWithParam<Call> {};

TEST_P(OneKind, FailingAllTheTimeIsMendedByTheNextRun) {
  Recording r;
  r.start();
  r.record(5);
  r.fs.set({1, UINT64_MAX, EIO, GetParam(), "", true});
  r.record(kSeconds - 5);
  r.end();
  r.fs.heal();
  r.recover();
  r.check(kSeconds * kHz);
  EXPECT_EQ(r.trouble, "");
}

INSTANTIATE_TEST_SUITE_P(Calls, OneKind,
                         ::testing::Values(Call::open, Call::write, Call::append, Call::read, Call::size,
                                           Call::truncate, Call::allocate, Call::sync_data, Call::lock, Call::close,
                                           Call::make_dirs, Call::rename, Call::unlink, Call::sync_dir));

TEST_F(RecorderTest, ANameThatCannotBeHadIsTriedAgainWhileTheRecorderLives) {
  shared->length = std::chrono::seconds{10};
  start();
  fs.set({1, UINT64_MAX, EACCES, Call::rename, "", false});
  Pts90k t = feed(0, 25);
  fs.heal();
  feed(t, 3);
  // The recorder is alive; only its clock goes on.
  const auto finished = [&] {
    size_t n = 0;
    for (const auto& e : std::filesystem::recursive_directory_iterator(store.media_path()))
      n += e.path().extension() == ".mp4";
    return n;
  };
  for (int i = 0; i < 200 && finished() < 2; i++) {
    clock.advance(std::chrono::seconds{1});
    ::usleep(20'000);
  }
  EXPECT_GE(finished(), 2u);
  EXPECT_EQ(segments().size(), 3u);
}

TEST_F(RecorderTest, ManyFilesThatCannotGetANameHoldFewDescriptors) {
  shared->length = std::chrono::seconds{1};
  const auto descriptors = [] {
    const auto all = std::filesystem::directory_iterator("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = descriptors();
  start(std::make_unique<LiveMapper>(), false);
  fs.set({1, UINT64_MAX, EACCES, Call::rename, "", false});
  Pts90k t = 0;
  for (int i = 0; i < 40; i++) {
    t = feed(t, 5, 30, false);
    ::usleep(5'000);
  }
  for (int i = 0; i < 200 && descriptors() - before > 130; i++) ::usleep(20'000);
  EXPECT_LE(descriptors() - before, 130);
  fs.heal();
  EXPECT_GE(segments().size(), 199u);
}

TEST_F(RecorderTest, AFileThatCannotBeSyncedIsFinishedAsACopy) {
  shared->length = std::chrono::seconds{10};
  start();
  Pts90k t = feed(0, 5);
  fs.set({1, 1, EIO, Call::sync_data, ".part", false});
  feed(t, 20);
  const auto s = segments();
  EXPECT_EQ(fs.failed(), 1u);
  EXPECT_TRUE(fs.named_unsynced().empty());
  ASSERT_EQ(s.size(), 3u);
  for (const auto& r : s) EXPECT_TRUE(map_of(r).finished);
  for (const auto& e : std::filesystem::recursive_directory_iterator(store.media_path()))
    EXPECT_FALSE(e.path().filename().string().starts_with('.')) << e.path();
}

TEST_F(RecorderTest, ADiskThatCannotBeSyncedGetsNewFilesButNotOneAfterTheOther) {
  start();
  Pts90k t = feed(0, 3);
  disk.sync_failed({ErrorCode::io, "cannot sync", EIO});
  t = feed(t, 4);
  EXPECT_TRUE(recorder->recording());
  for (int i = 0; i < 20; i++) {
    disk.sync_failed({ErrorCode::io, "cannot sync", EIO});
    t = feed(t, 1);
  }
  const auto s = segments();
  ASSERT_EQ(s.size(), 3u);
  EXPECT_EQ(s[0].end, "error");
  EXPECT_EQ(s[0].duration_ms, 10000);
  int64_t ms = 0;
  for (const auto& r : s) ms += r.duration_ms;
  EXPECT_EQ(ms, 27000);
}

TEST_F(RecorderTest, AnImportGivesUpSoon) {
  closer->give_up_soon();
  start(std::make_unique<FixedMapper>(*parse_rfc3339("2026-11-20T08:00:30Z")));
  fs.set({1, UINT64_MAX, EIO, Call::rename, "", false});
  feed(0, 3);
  recorder->end("close");
  std::thread time([&] {
    for (int i = 0; i < 20; i++) {
      clock.advance(std::chrono::seconds{1});
      ::usleep(200'000);
    }
  });
  closer->wait_for_room(0);
  time.join();
}

TEST_F(RecorderTest, ACameraTooManyIsRefusedAndThoseThatRecordGoOn) {
  // All that is open in this test uses up the half that new cameras may have.
  const int next = ::dup(2);
  ::close(next);
  shared->descriptors = 2 * (next + 1);
  start();
  Pts90k t = feed(0, 5);
  EXPECT_TRUE(recorder->recording());
  Recorder other(*shared, Origin{"cam02", "live", "c2"}, std::make_unique<LiveMapper>());
  other.on_layout(1, true);
  other.on_track(0, video_config());
  for (int i = 0; i < 60; i++) {
    codec::Sample s;
    s.dts = s.pts = int64_t{i} * 3000;
    s.key = i % 30 == 0;
    s.data = picture;
    s.arrival = clock.wall();
    other.on_sample(s);
  }
  EXPECT_FALSE(other.recording());
  EXPECT_EQ(other.disk_error()->os_error(), EMFILE);
  shared->length = std::chrono::seconds{1};
  t = feed(t, 5);
  EXPECT_TRUE(recorder->recording());
}

}  // namespace
}  // namespace cbx::segment::test

// What is said of failing disks and readers: once, by whom it concerns, and when it is over.
#include "segment/disk.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>

#include "base/records.h"
#include "fixture.h"

namespace cbx::segment::test {
namespace {

using std::chrono::seconds;

struct Health : ::testing::Test {
  TestClock clock;
  Logger log{"t", LogLevel::info, LogFormat::text, false};
  DiskHealth disk{log, clock};

  static Error error(int number) { return os_error(number, "cannot write 'x'"); }
  static int count(const std::string& text, const std::string& what) {
    int n = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) n++;
    return n;
  }
};

TEST_F(Health, AFullDiskIsOneTroubleForAllCameras) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; i++) {
    disk.failed("cam" + std::to_string(i), error(ENOSPC));
    clock.advance(seconds{1});
  }
  for (int i = 0; i < 99; i++) disk.worked("cam" + std::to_string(i));
  const std::string before = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(count(before, "No space left"), 1) << before;
  EXPECT_EQ(count(before, "again"), 0) << before;
  ::testing::internal::CaptureStderr();
  disk.worked("cam99");
  EXPECT_EQ(count(::testing::internal::GetCapturedStderr(), "the disk takes recordings again"), 1);
}

TEST_F(Health, OneFolderThatCannotBeWrittenIsNoTroubleOfOthers) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 300; i++) {
    disk.failed("cam01", error(EACCES));
    disk.worked("cam02");
    clock.advance(seconds{1});
  }
  disk.failed("cam03", error(EACCES));
  disk.worked("cam01");
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(count(said, "'cam01': "), 1) << said;
  EXPECT_EQ(count(said, "'cam03': "), 1) << said;
  EXPECT_EQ(count(said, "takes recordings of 'cam01' again"), 1) << said;
  EXPECT_EQ(count(said, "\n"), 3) << said;
}

TEST_F(Health, WhatComesAndGoesIsSaidOnceAMinute) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 600; i++) {
    disk.failed("cam01", error(EIO));
    disk.worked("cam01");
    disk.sync_failed(error(EIO));
    disk.sync_worked();
    clock.advance(seconds{1});
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_LE(count(said, "\n"), 44) << said;
  EXPECT_GE(count(said, "\n"), 40);
  EXPECT_EQ(disk.sync_failures(), 600u);
}

TEST_F(Health, TooManyOpenFilesSaysWhatToDo) {
  ::testing::internal::CaptureStderr();
  disk.failed("cam07", error(EMFILE));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("ulimit -n"), std::string::npos) << said;
  EXPECT_NE(said.find("cam07"), std::string::npos) << said;
}

// A file that may grow no more stands for a full disk: EFBIG.
TEST_F(Health, AnnouncementsGoOnWhenTheirDiskDoes) {
  cbx::test::TempDir dir;
  const std::string path = dir.path() + "/records";
  const UniqueFd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_TRUE(out);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  EventRecord event;
  event.device = "cam01";
  event.kind = "mark";
  const std::string line = to_line(event);
  ::testing::internal::CaptureStderr();
  {
    Announcer announcer(out.get(), clock, log);
    announcer.announce(line);
    const rlimit full{line.size() + 10, before.rlim_max};  // room for one line, and a piece
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    for (int i = 0; i < 3; i++) announcer.announce(line);
    ::usleep(500'000);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    for (int i = 0; i < 300 && read_file(path, 1 << 20)->find("lagged") == std::string::npos; i++) ::usleep(20'000);
    announcer.announce(line);
    ::usleep(300'000);
    EXPECT_TRUE(announcer.close());
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(count(said, "cannot announce records now"), 1) << said;
  EXPECT_EQ(count(said, "can be announced again"), 1) << said;
  const std::string written = *read_file(path, 1 << 20);
  EXPECT_EQ(count(written, "\"lagged\""), 1) << written;
  EXPECT_EQ(written.substr(written.size() - line.size() - 1), line + "\n");
  // Nothing is glued to the piece.
  EXPECT_NE(written.find("\n{\"v\":1,\"type\":\"lagged\""), std::string::npos) << written;
}

TEST_F(Health, AnnouncementsThatNeverGotOutAreAnErrorInTheEnd) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ::testing::internal::CaptureStderr();
  Announcer announcer(full.get(), clock, log);
  announcer.announce("{}");
  ::usleep(200'000);
  const Status told = announcer.close();
  EXPECT_EQ(count(::testing::internal::GetCapturedStderr(), "No space left"), 1);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code(), ErrorCode::io);
}

}  // namespace
}  // namespace cbx::segment::test

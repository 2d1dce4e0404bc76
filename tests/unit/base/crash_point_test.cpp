#include "base/crash_point.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace cbx {
namespace {

// Each in a process of its own, as the plan is read once.
TEST(CrashPoint, DiesAtTheNamedInstant) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("CBX_CRASH_AT", "commit.rename", 1);
        crash_point("commit.sync");
        crash_point("commit.rename");
        std::exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST(CrashPoint, CountsTheTimes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("CBX_CRASH_AT", "fragment.write:3", 1);
        crash_point("fragment.write");
        crash_point("fragment.write");
        std::exit(7);
      },
      ::testing::ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        ::setenv("CBX_CRASH_AT", "fragment.write:3", 1);
        for (int i = 0; i < 3; i++) crash_point("fragment.write");
        std::exit(7);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace cbx

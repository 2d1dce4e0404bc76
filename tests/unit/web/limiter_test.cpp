#include "web/limiter.h"

#include <gtest/gtest.h>

namespace cbx::web {
namespace {

using namespace std::chrono_literals;
using Verdict = Limiter::Verdict;

constexpr Monotonic kStart{1h};

TEST(Limiter, BlocksAfterSoManyDifferentFailures) {
  Limiter limiter(3, 60s, 100);
  for (uint64_t what = 0; what < 3; what++) {
    EXPECT_EQ(limiter.charge(1, what, kStart), Verdict::go_on);
    EXPECT_EQ(limiter.wrong(1, what), what == 0);
    EXPECT_EQ(limiter.charge(1, what, kStart), Verdict::repeated);
  }
  EXPECT_EQ(limiter.charge(1, 3, kStart + 59s), Verdict::blocked);
  EXPECT_TRUE(limiter.report_blocked(1));
  EXPECT_FALSE(limiter.report_blocked(1));
  EXPECT_EQ(limiter.wait(1, kStart + 59s), 1s);
  EXPECT_EQ(limiter.wait(1, kStart + 1ms), 60s);
  EXPECT_EQ(limiter.charge(2, 3, kStart + 59s), Verdict::go_on);
  EXPECT_EQ(limiter.charge(1, 3, kStart + 60s), Verdict::go_on);
  EXPECT_EQ(limiter.charge(1, 0, kStart + 60s), Verdict::go_on);
}

TEST(Limiter, AttemptsCountBeforeTheyEnd) {
  Limiter limiter(2, 60s, 100);
  EXPECT_EQ(limiter.charge(1, 1, kStart), Verdict::go_on);
  EXPECT_EQ(limiter.charge(1, 1, kStart), Verdict::go_on);
  EXPECT_EQ(limiter.charge(1, 2, kStart), Verdict::go_on);
  EXPECT_EQ(limiter.charge(1, 3, kStart), Verdict::blocked);
  limiter.right(1, 2);
  EXPECT_EQ(limiter.charge(1, 3, kStart), Verdict::go_on);
}

TEST(Limiter, ForgetsTheOldestWhenThereAreTooMany) {
  Limiter limiter(1, 60s, 1000);
  for (uint64_t who = 0; who < 100'000; who++) {
    EXPECT_EQ(limiter.charge(who, 1, kStart), Verdict::go_on);
    limiter.wrong(who, 1);
  }
  EXPECT_EQ(limiter.size(), 1000u);
  EXPECT_EQ(limiter.charge(99'999, 2, kStart), Verdict::blocked);
  EXPECT_EQ(limiter.charge(99'000, 2, kStart), Verdict::blocked);
  EXPECT_EQ(limiter.charge(98'999, 2, kStart), Verdict::go_on);
  EXPECT_EQ(limiter.charge(1, 1, kStart + 60s), Verdict::go_on);
  EXPECT_EQ(limiter.size(), 1u);
}

}  // namespace
}  // namespace cbx::web

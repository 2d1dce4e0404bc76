#include "srt/reorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace cbx::srt {
namespace {

using namespace std::chrono_literals;
using Verdict = Reorder::Verdict;

constexpr int32_t kLast = 0x7fffffff;

Bytes packet(uint8_t n) {
  return Bytes{n};
}
Monotonic at(Millis t) {
  return Monotonic{t};
}

TEST(Reorder, InOrderNothingIsCopied) {
  Reorder r(5, 1s, 100);
  EXPECT_EQ(r.offer(5, packet(5), at(0ms)), Verdict::next);
  EXPECT_EQ(r.offer(6, packet(6), at(0ms)), Verdict::next);
  EXPECT_EQ(r.held(), 0u);
}

TEST(Reorder, HoldsUntilTheHoleIsFilled) {
  Reorder r(5, 1s, 100);
  EXPECT_EQ(r.offer(7, packet(7), at(0ms)), Verdict::held);
  EXPECT_EQ(r.offer(6, packet(6), at(0ms)), Verdict::held);
  EXPECT_FALSE(r.has_ready());
  EXPECT_TRUE(r.has_hole());
  EXPECT_EQ(r.offer(5, packet(5), at(1ms)), Verdict::next);
  ASSERT_TRUE(r.has_ready());
  EXPECT_EQ(r.take(), packet(6));
  EXPECT_EQ(r.take(), packet(7));
  EXPECT_FALSE(r.has_ready());
  EXPECT_EQ(r.offer(8, packet(8), at(2ms)), Verdict::next);
}

TEST(Reorder, WrapsAt31Bits) {
  Reorder r(kLast - 1, 1s, 100);
  EXPECT_EQ(r.offer(0, packet(0), at(0ms)), Verdict::held);
  EXPECT_EQ(r.offer(kLast - 1, packet(1), at(0ms)), Verdict::next);
  EXPECT_EQ(r.offer(kLast, packet(2), at(0ms)), Verdict::next);
  ASSERT_TRUE(r.has_ready());
  EXPECT_EQ(r.take(), packet(0));
  EXPECT_EQ(r.offer(1, packet(3), at(0ms)), Verdict::next);
  EXPECT_EQ(r.offer(kLast, packet(2), at(0ms)), Verdict::late);
}

TEST(Reorder, DuplicatesAreLate) {
  Reorder r(0, 1s, 100);
  EXPECT_EQ(r.offer(0, packet(0), at(0ms)), Verdict::next);
  EXPECT_EQ(r.offer(0, packet(0), at(0ms)), Verdict::late);
  EXPECT_EQ(r.offer(2, packet(2), at(0ms)), Verdict::held);
  EXPECT_EQ(r.offer(2, packet(2), at(0ms)), Verdict::late);
}

TEST(Reorder, GivesAHoleUpAfterTheWait) {
  Reorder r(0, 1s, 100);
  r.offer(3, packet(3), at(0ms));
  EXPECT_FALSE(r.hole_expired(at(999ms)));
  EXPECT_TRUE(r.hole_expired(at(1000ms)));
  EXPECT_EQ(r.skip_hole(at(1000ms)), 3);
  ASSERT_TRUE(r.has_ready());
  EXPECT_EQ(r.take(), packet(3));
  EXPECT_EQ(r.offer(1, packet(1), at(1001ms)), Verdict::late);
  EXPECT_FALSE(r.hole_expired(at(9000ms)));
  EXPECT_EQ(r.skip_hole(at(9000ms)), 0);
}

// While a sender still sends missing packets again, it hasn't given up.
TEST(Reorder, EachMissingPacketThatComesRenewsTheWait) {
  Reorder r(0, 1s, 100);
  r.offer(5, packet(5), at(0ms));
  r.offer(3, packet(3), at(900ms));
  EXPECT_FALSE(r.hole_expired(at(1800ms)));
  r.offer(0, packet(0), at(1800ms));
  EXPECT_FALSE(r.hole_expired(at(2700ms)));
  EXPECT_TRUE(r.hole_expired(at(2800ms)));
}

TEST(Reorder, NewPacketsBehindAHoleDontRenewTheWait) {
  Reorder r(0, 1s, 100);
  for (int i = 1; i < 20; ++i) r.offer(i, packet(1), at(Millis(50 * i)));
  EXPECT_TRUE(r.hole_expired(at(1050ms)));
}

TEST(Reorder, HoldsNoMoreThanItMay) {
  Reorder r(0, 1000s, 3);
  r.offer(1, packet(1), at(0ms));
  r.offer(2, packet(2), at(0ms));
  EXPECT_FALSE(r.hole_expired(at(0ms)));
  r.offer(4, packet(4), at(0ms));
  EXPECT_TRUE(r.hole_expired(at(0ms)));
  EXPECT_EQ(r.skip_hole(at(0ms)), 1);
}

TEST(Reorder, ShuffledInComesOrderedOut) {
  std::minstd_rand random(3);
  for (int round = 0; round < 50; ++round) {
    const int32_t first = kLast - 100;
    std::vector<int> order(300);
    for (int i = 0; i < 300; ++i) order[static_cast<size_t>(i)] = i;
    for (size_t i = 0; i < order.size(); i += 30)
      std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(i), order.begin() + static_cast<std::ptrdiff_t>(i + 30),
                   random);
    Reorder r(first, 1s, 1000);
    std::vector<uint8_t> out;
    for (const int i : order) {
      const auto sequence = static_cast<int32_t>((int64_t{first} + i) & kLast);
      const Bytes p = packet(static_cast<uint8_t>(i));
      if (r.offer(sequence, p, at(0ms)) == Verdict::next) out.push_back(p[0]);
      while (r.has_ready()) out.push_back(r.take()[0]);
    }
    ASSERT_EQ(out.size(), 300u);
    for (size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], static_cast<uint8_t>(i));
  }
}

}  // namespace
}  // namespace cbx::srt

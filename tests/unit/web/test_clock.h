// A clock that stands still until it is told to move.
#pragma once

#include <atomic>

#include "base/time.h"

namespace cbx::test {

class TestClock final : public Clock {
 public:
  WallTime wall() const override { return WallTime{std::chrono::milliseconds{1'700'000'000'000} + passed_.load()}; }
  Monotonic monotonic() const override { return Monotonic{std::chrono::hours{100} + passed_.load()}; }
  void pass(Millis time) { passed_ = passed_.load() + time; }

 private:
  std::atomic<Millis> passed_{Millis{0}};
};

}  // namespace cbx::test

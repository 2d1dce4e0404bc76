// What the server counts of its requests, without a lock.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/server.h"

namespace cbx::http {

// Thread-safe.
class Counters {
 public:
  explicit Counters(const std::vector<Route>& routes);
  // `route`: its place in the routes; one behind them (or anything else) for requests that no route matched.
  void count(size_t route, int status, uint64_t bytes, std::chrono::nanoseconds duration);
  void add_to(ServerStats& stats) const;

  std::atomic<uint64_t> accepted{0}, refused{0}, late{0};

 private:
  // A route answers with a handful of codes; should it be more, the last slot takes the rest under its own code.
  static constexpr size_t kSlots = 16;
  struct alignas(64) Slot {
    std::atomic<int> status{0};
    std::atomic<uint64_t> requests{0}, bytes{0};
  };
  struct PerRoute {
    std::array<Slot, kSlots> slots;
  };
  static constexpr std::array kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 60.0};

  std::vector<std::string> names_;
  std::vector<std::unique_ptr<PerRoute>> routes_;
  std::array<std::atomic<uint64_t>, kBounds.size() + 1> durations_{};
  std::atomic<uint64_t> duration_ns_{0};
};

}  // namespace cbx::http

// What is stored, summed up.  Every row of the index is read for it, so it is kept for a while.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/time.h"
#include "index/forecast.h"

namespace cbx::web {

struct UsageSums {
  WallMs counted{};  // when
  std::vector<index::DeviceForecast> devices;
  int64_t files = 0, bytes = 0;
  double bytes_per_day = 0;
};

// Thread-safe.  Counted at most once a minute, and no more often than that it takes a hundredth of the time.
class Usage {
 public:
  // May take seconds in a large store: not for an event loop.
  Result<std::shared_ptr<const UsageSums>> get(index::Index& index, const Clock& clock);

 private:
  std::mutex mutex_;
  std::shared_ptr<const UsageSums> sums_;
  Monotonic again_{};
};

}  // namespace cbx::web

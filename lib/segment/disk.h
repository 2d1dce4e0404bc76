// Whether the disk takes our writes, said once when it stops and once when it does again.
#pragma once

#include <mutex>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace cbx::segment {

// Thread-safe.
class DiskHealth {
 public:
  explicit DiskHealth(const Logger& log) : log_(log) {}
  void failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!failing_) log_.error("{}; recording goes on as soon as the disk takes it", error.message());
    failing_ = true;
  }
  void worked() {
    const std::lock_guard lock(mutex_);
    if (failing_) log_.warn("the disk takes recordings again");
    failing_ = false;
  }

 private:
  const Logger& log_;
  std::mutex mutex_;
  bool failing_ = false;
};

}  // namespace cbx::segment

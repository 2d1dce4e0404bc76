// Whether the disk takes our writes: said once when it stops and once when it does again.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace cbx::segment {

// Thread-safe.  What befalls all cameras alike (a full disk) is one trouble and told once, what befalls one (its folder
// cannot be written) is told for each.  A trouble that comes and goes is told once a minute at most.
class DiskHealth {
 public:
  explicit DiskHealth(const Logger& log);
  DiskHealth(const Logger& log, const Clock& clock) : log_(log), clock_(clock) {}

  // Nothing could be written for `device`.
  void failed(const std::string& device, const Error& error);
  // A recording of `device` was begun, or a fragment of it written.
  void worked(const std::string& device);

  // The file system could not be synced: what was written before may be gone, so every file is to be closed off.
  void sync_failed(const Error& error);
  void sync_worked();
  // Counts sync_failed().
  uint64_t sync_failures() const { return sync_failures_.load(std::memory_order_relaxed); }

 private:
  using Kind = std::pair<int, std::string>;  // errno, and the device where it concerns that one alone
  struct Trouble {
    std::set<std::string> devices;
    bool said = false;
  };

  bool due(const Kind& kind);

  const Logger& log_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Kind, Trouble> troubles_;
  std::map<Kind, Monotonic> last_said_;
  std::atomic<uint64_t> sync_failures_{0};
  bool sync_failing_ = false, sync_said_ = false;
};

}  // namespace cbx::segment

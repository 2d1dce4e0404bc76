// What there is of each camera today, for lists of cameras (private to lib/web).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/time_range.h"
#include "index/index.h"

namespace cbx::web {

// Thread-safe.  What the index says is asked again when a newer file is on record, and after half a minute: others may
// have been deleted, or come late.
class Today {
 public:
  explicit Today(const Clock& clock) : clock_(clock) {}

  // How much of `today` is covered.  `newest`: the start of the newest file on record; `in_progress`: what the index
  // does not know yet.
  Result<Millis> covered(index::Index& index, const std::string& device, TimeRange today, std::optional<WallMs> newest,
                         const std::vector<TimeRange>& in_progress);
  // Files of the device have been deleted by this process.
  void forget(const std::string& device);

 private:
  using Spans = std::vector<TimeRange>;
  struct Entry {
    WallMs midnight{};
    std::optional<WallMs> newest;
    Monotonic made{};
    Spans spans;
  };
  std::optional<Spans> find(const std::string& device, WallMs midnight, std::optional<WallMs> newest);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace cbx::web

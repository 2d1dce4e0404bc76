// Whether the clock may be believed before files are deleted for their age.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/time.h"
#include "store/store.h"

namespace cbx::prune {

// ROOT/prune.json: when files were last pruned, by both clocks.
struct LastRun {
  WallMs time{};
  std::string boot;   // the kernel's boot id
  Millis boottime{};  // CLOCK_BOOTTIME
  // Deletions that were said at this time or later may not have come to their end.
  std::optional<WallMs> unfinished_since;
};
// nullopt when there is none.  Error `data` for a file that is none of ours.
Result<std::optional<LastRun>> load_last_run(const store::Store& store);
Status save_last_run(const store::Store& store, const LastRun& run);

struct ClockReading {
  WallMs time{};
  std::string boot;
  Millis boottime{};
  bool synchronised = false;  // the kernel's clock is kept by NTP or the like
};
ClockReading read_clock(const Clock& clock);

// What else is known of the time.
struct ClockEvidence {
  WallMs store_made{};
  std::optional<WallMs> newest_file;  // start
  // Whether files were recorded since `from` without a hole of `hole` or more up to now.
  std::function<Result<bool>(WallMs from, Millis hole)> recorded_since;
};

// Why the clock is not believed, with what was seen; nullopt when it is.
Result<std::optional<std::string>> doubt(const std::optional<LastRun>& last, const ClockReading& now,
                                         const ClockEvidence& evidence);

}  // namespace cbx::prune

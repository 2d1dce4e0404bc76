// One run of pruning: catches up with the journals, finishes what an earlier run left, believes the clock or not,
// deletes what the policy says, ends old journals, and fills the reserve again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "index/index.h"
#include "prune/clock_guard.h"
#include "prune/events.h"
#include "prune/policy.h"
#include "store/reserve.h"

namespace cbx::prune {

// Bytes, or a share of the disk that media lies on.
struct Size {
  int64_t bytes = 0;
  std::optional<double> percent;
  int64_t of(const store::DiskSpace& disk) const;
};

struct Options {
  // What each device may keep; those that are not named here are left alone.
  std::vector<std::pair<std::string, DeviceRules>> devices;
  std::optional<int64_t> max_size;  // of all of them together
  std::optional<Size> min_free;
  std::optional<EventRules> events;  // at_most is set from events_at_most
  Size events_at_most;
  bool even_unpushed = false;
  bool clock_is_right = false;
  bool dry_run = false;
  std::optional<Millis> keep_journals;  // nullopt: for ever
};

struct Outcome {
  Amount deleted;
  int64_t journals = 0;  // day folders that went
  int64_t failures = 0;  // of single files and folders
  // By how much min_free or a size is missed; what holds it is in `held`, by Why.
  int64_t short_of_free = 0, over_size = 0;
  bool frees_nothing = false;  // files were deleted, and the disk did not become emptier
  std::array<Amount, kWhys> held{};
};

// What --explain prints of a file.
struct Explained {
  std::string device;
  index::StoredFile file;
  Verdict verdict;
};

class Pruner {
 public:
  Pruner(Filesystem& fs, index::Index& index, const Logger& log, const Clock& clock, store::Reserve& reserve,
         Options options);

  // Each deletion once it is durable.
  std::function<void(const DeleteRecord&)> deleted;
  // With it nothing is deleted, and it hears of every file of the devices.
  std::function<Status(const Explained&)> explain;

  // Errors: try_again (the clock is not believed, or the index was locked), and what the index and the disk say.
  Result<Outcome> run();

 private:
  class IndexSource;

  Status check_clock();
  Status finish_interrupted();
  Status remember(std::optional<WallMs> unfinished_since);
  Result<std::vector<DevicePolicy>> gather();
  Status hold_events(std::vector<DevicePolicy>& devices);
  Status apply(Policy& policy);
  Status make_free(Policy& policy, const Policy::Go& go, const std::function<Status()>& flush);
  Result<store::DiskSpace> settled_space(int64_t expected);
  Status expire();
  void failed(const std::string& what, const Error& error);
  bool touches() const { return !options_.dry_run && !explain; }

  Filesystem& fs_;
  index::Index& index_;
  const Logger& log_;
  store::Reserve& reserve_;
  Options options_;
  ClockReading now_;
  std::optional<LastRun> last_;
  store::DiskSpace disk_;
  Outcome outcome_;
  int64_t complaints_ = 0;
};

}  // namespace cbx::prune

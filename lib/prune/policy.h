// What goes, in which order, and why: the rules alone, without a disk or a database.
//
// Three passes, the later ones over what the earlier left: files older than their device's `keep`; the oldest of
// devices over their size; the oldest of all while the whole is too large or the disk too full.  A file that is due
// stays nevertheless when it is younger than kYoungest, pinned, held by an event, or not yet copied where it should be.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/time_range.h"
#include "index/index.h"

namespace cbx::prune {

// Nothing that ended less than this ago is deleted, however full the disk is: its hash, its row and whoever watches it
// may be on their way.
constexpr Millis kYoungest{10 * 60'000};

// What one device may keep; nullopt: for ever, and as much as there is.
struct DeviceRules {
  std::optional<Millis> keep;
  std::optional<int64_t> max_size;
  bool operator==(const DeviceRules&) const = default;
};

enum class Why {
  age,        // why it goes
  size,       //
  free,       //
  not_due,    // why it stays: no rule wants it gone,
  too_young,  // or one does, but
  pinned,
  event,
  unpushed,
};
constexpr size_t kWhys = 8;
// "age", "too_young", …
const char* word(Why why);

struct Verdict {
  Why why = Why::not_due;
  std::optional<Why> due;  // the rule that wants it gone
  bool goes() const { return due && *due == why; }
};

struct DevicePolicy {
  std::string id;
  DeviceRules rules;
  std::vector<TimeRange> pinned;
  std::vector<WallMs> event_files;  // starts, sorted
};

// What the policy asks; implemented by the index and by tests.
class Source {
 public:
  virtual ~Source() = default;
  // The next files of a device by start; fewer than `most` at the end.
  virtual Result<std::vector<index::StoredFile>> files(const std::string& device, WallMs from, size_t most) = 0;
  virtual Result<int64_t> bytes(const std::string& device) = 0;
  // Whether a copy that is to be made is not known to exist.
  virtual Result<bool> unpushed(const std::string& device, WallMs start) = 0;
};

struct Amount {
  int64_t files = 0, bytes = 0;
};

class Policy {
 public:
  // Called for each file that goes.
  using Go = std::function<Status(const std::string& device, const index::StoredFile& file, Why why)>;

  // `max_size`: of all devices together.
  Policy(Source& source, WallMs now, std::optional<int64_t> max_size, std::vector<DevicePolicy> devices);

  // The passes, in this order, each at most once; by_free() again and again: it goes on where it stopped, until files
  // of `need` bytes went or none is left, and returns how many did.
  Status by_age(const Go& go);
  Status by_device_size(const Go& go);
  Status by_size(const Go& go);
  Result<int64_t> by_free(int64_t need, const Go& go);

  // What the passes so far mean for a file.
  Result<Verdict> judge(const DevicePolicy& device, const index::StoredFile& file);

  const std::vector<DevicePolicy>& devices() const { return devices_; }
  // What stayed although by_size() or by_free() would have it gone, by reason.
  const Amount& held(Why why) const { return held_[static_cast<size_t>(why)]; }
  // By how much a size that was asked for is still exceeded.
  int64_t over_size() const { return over_size_; }

 private:
  struct Cursor {
    size_t device = 0;
    std::vector<index::StoredFile> page;
    size_t at = 0;
    bool last_page = false;
  };
  // The files of several devices in the order of their starts.
  class Walk {
   public:
    Walk(Policy& policy, std::vector<size_t> devices);
    // False at the end.
    Result<bool> next(size_t& device, index::StoredFile& file);

   private:
    Status refill(Cursor& cursor, WallMs from);
    Policy& policy_;
    std::vector<Cursor> cursors_;
    using Head = std::pair<WallMs, size_t>;
    std::priority_queue<Head, std::vector<Head>, std::greater<>> heads_;
    bool started_ = false;
  };
  // Where a pass stopped: everything up to this file that nothing held is gone.
  struct Mark {
    WallMs start;
    size_t device;
  };

  static bool aged(const DevicePolicy& device, const index::StoredFile& file, WallMs now);
  std::optional<Why> due(size_t device, const index::StoredFile& file) const;
  Result<std::optional<Why>> held_by(const DevicePolicy& device, const index::StoredFile& file);
  // Takes the file for `why` unless it is gone already or held; the bytes it gave.
  Result<int64_t> take(size_t device, const index::StoredFile& file, Why why, bool count_held, const Go& go);

  Source& source_;
  const WallMs now_;
  const std::optional<int64_t> max_size_;
  std::vector<DevicePolicy> devices_;
  std::vector<int64_t> bytes_;  // by device, what is left; only where a size is asked for
  std::vector<std::optional<WallMs>> size_marks_;
  std::optional<Mark> total_mark_, free_mark_;
  std::optional<Walk> free_walk_;
  std::array<Amount, kWhys> held_{};
  int64_t over_size_ = 0;
};

}  // namespace cbx::prune

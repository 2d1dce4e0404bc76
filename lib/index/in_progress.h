// What is on disk and not yet in the index.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/time_range.h"
#include "store/store.h"

namespace cbx::index {

// Remembers what folders of days held, so that asking often lists a folder only when something has come to it or gone:
// its mtime says so.  Thread-safe.
class FolderMemory {
 public:
  struct Entry {
    std::string name;
    WallMs start{};
    bool part = false;
    WallMs end{};  // of finished ones: when they were written to last
  };
  using Entries = std::shared_ptr<const std::vector<Entry>>;

  // The recordings in the folder (relative to media) that start at `oldest` or later.  Empty if it can't be read.
  Entries list(const store::Store& store, const std::string& folder, WallMs oldest);
  // How often a folder was read.
  uint64_t reads() const;

 private:
  struct Known {
    int64_t mtime_ns = 0;
    bool settled = false;  // the mtime tells what comes later from what was there
    WallMs oldest{};
    Entries entries;
  };
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Known, std::less<>> known_;
  uint64_t reads_ = 0;
};

// What is on disk near `now` and not yet in the index: files being written, and finished ones whose hash is still
// being made.  Empty when `range` does not reach there.  `memory` may be null.
std::vector<TimeRange> recordings_in_progress(const store::Store& store, std::string_view device, TimeRange range,
                                              WallMs now, FolderMemory* memory = nullptr);

}  // namespace cbx::index

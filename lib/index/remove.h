// Deleting segments for good: the one way that `cbx-index rm` and pruning share (DESIGN, DELETE).
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/file.h"
#include "index/index.h"

namespace cbx::index {

struct Removal {
  std::string reason;  // "rm", "age", …
  WallMs now{};
  bool dry_run = false;
  // Each deletion once it is durable (with dry_run: each that would be).
  std::function<void(const DeleteRecord&)> done;
};

// Deletes the segments, all of one device, in this order for each day: tombstones into the journal, synced; rows away;
// files unlinked; the folder synced.  A crash in between leaves a tombstone whose file is unlinked by recovery; running
// it again is harmless, as is a file that is gone already.
Status remove_segments(Filesystem& fs, Index& index, std::span<const SegmentRecord> segments, const Removal& removal);

}  // namespace cbx::index

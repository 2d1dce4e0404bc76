// The end of old journals: a day whose files are gone, and whose tombstones have done their duty, goes as a whole.
#pragma once

#include <functional>
#include <string>

#include "base/file.h"
#include "index/index.h"

namespace cbx::prune {

// Removes the device's day folders that ended before `before`, hold nothing but their journal, and whose pins hold
// nothing any more; first the index forgets what the journal said.  A crash in between is finished by the next time.
// Returns how many; `failed` hears of those that could not be removed.
Result<int64_t> expire_journals(Filesystem& fs, index::Index& index, const std::string& device, WallMs before,
                                WallMs now, bool dry_run,
                                const std::function<void(const std::string& folder, const Error&)>& failed);

}  // namespace cbx::prune

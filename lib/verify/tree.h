// The folders of a store as they are, without following a symbolic link.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time_range.h"
#include "store/store.h"

namespace cbx::verify {

struct Entry {
  mode_t mode = 0;  // S_ISREG() and so on
  uint64_t bytes = 0;
  WallMs changed{};
};

// What is in a folder, by name.  Error no_input when it is not there (os_error ENOENT) or is no folder (ENOTDIR, and
// ELOOP for a symbolic link; `follow` allows that).  Entries that go while it is read are left out.
Result<std::map<std::string, Entry>> list_folder(const std::string& path, bool follow = false);

// The day that a folder's name says, in the store's offset.
std::optional<TimeRange> day_of_name(const store::Store& store, const std::string& name);

}  // namespace cbx::verify

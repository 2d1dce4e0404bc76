// Which recordings there are, as the folders tell it: for what shall not wait for the index.
#pragma once

#include <string_view>
#include <vector>

#include "store/store.h"

namespace cbx::store {

// When those of the device's files begin that begin at `at` or before, the last ones first, `most` at most; finished
// ones and those that are being written.  Reads the folder of that day, and those before it only as long as there
// aren't enough.  Empty when there are none.  Errors: data (no id of a device), io, permission.
Result<std::vector<WallMs>> last_starts(const Store& store, std::string_view device, WallMs at, size_t most);

}  // namespace cbx::store

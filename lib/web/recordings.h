// What routes ask the index about a stretch of recordings (private to lib/web).
#pragma once

#include <string>

#include "base/time_range.h"
#include "web/vault.h"

namespace cbx::web {

// A short sum of the device's files in `range`: what is made from them is to be made again when it differs.
Result<std::string> version_of(const Opened& opened, TimeRange range);

// An error of a question to the index as those who asked for a recording should see it: the index is a cache that can
// be made again, so a damaged one is "try again later".  The operator finds the whole in the log.
Error index_trouble(const Error& error, const Logger& log);

}  // namespace cbx::web

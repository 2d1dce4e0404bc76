// [DEVICE] [RANGE] as cbx-index takes them, without needing an index.
#pragma once

#include "base/log.h"
#include "store/store.h"
#include "verify/verify.h"

namespace cbx::verify_tool {

// Puts devices and range into `options`.  Devices are known by state.db, by the index, or by their folders.
Status select(const store::Store& store, const Logger& log, WallMs now, const std::vector<std::string>& words,
              verify::Options& options);

}  // namespace cbx::verify_tool

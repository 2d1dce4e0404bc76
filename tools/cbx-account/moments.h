// Until when something is valid, as people write it.
#pragma once

#include <string>

#include "base/time.h"
#include "store/store.h"

namespace cbx::account {

// A time as all tools read it, or +30d from `now` on.  Error `usage` when it has passed.
Result<WallMs> parse_until(const std::string& text, const store::Store& store, WallMs now);

}  // namespace cbx::account

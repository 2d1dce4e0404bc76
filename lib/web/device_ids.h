// Ids for cameras that people add by a name (private to lib/web).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cbx::web {

// An id that tells of the nickname ("Bus 7" becomes "bus-7"), or "cam-" and six letters where it has none to give;
// `is_free` is asked about candidates, which end in random letters when the first one is taken.  Errors: is_free's,
// try_again when all were taken.
Result<std::string> make_device_id(std::string_view nickname,
                                   const std::function<Result<bool>(std::string_view)>& is_free);

}  // namespace cbx::web

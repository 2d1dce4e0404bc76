// The id of a device: [a-z0-9][a-z0-9_-]{0,63}, never changed, the only thing of a peer's that may become a file name.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cbx {

bool is_device_id(std::string_view text);
// The id, or an Error (`data`) that says what is wrong with it; foreign characters are escaped in the message.
Result<std::string> check_device_id(std::string_view text);

}  // namespace cbx

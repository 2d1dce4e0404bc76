// The words of status codes.
#pragma once

#include <string_view>

namespace cbx::http {

// "Not Found" (RFC 9110, 15, and RFC 6585); "" if the code is not known.
std::string_view status_phrase(int status);

}  // namespace cbx::http

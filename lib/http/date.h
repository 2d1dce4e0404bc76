// The dates of HTTP (RFC 9110, 5.6.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace cbx::http {

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string format_http_date(WallMs time);
// That form, and the two obsolete ones that recipients must accept: "Sunday, 06-Nov-94 08:49:37 GMT",
// "Sun Nov  6 08:49:37 1994".  `now` decides the century of the former.
std::optional<WallMs> parse_http_date(std::string_view text, WallMs now);

}  // namespace cbx::http

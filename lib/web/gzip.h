// Content coding (private to lib/web).
#pragma once

#include <string>
#include <string_view>

namespace cbx::web {

// The text as a gzip member (RFC 1952); empty if there is no memory.  The same text gives the same bytes.
std::string gzip(std::string_view text);
// Whether an Accept-Encoding field (RFC 9110, 12.5.3) allows gzip.
bool accepts_gzip(std::string_view field);

}  // namespace cbx::web

// Checking UTF-8 that came from outside (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace cbx {

// Length in bytes (1 to 4) of the well-formed sequence that `text` starts with; 0 if it starts with none.
size_t utf8_sequence_length(std::string_view text);
bool is_utf8(std::string_view text);
// Columns that `text` takes on a terminal: 2 for East Asian wide characters, 0 for combining marks.
size_t display_width(std::string_view text);

}  // namespace cbx

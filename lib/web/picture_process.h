// cbx-picture as a child: a decoder that crashes at a stranger's file takes nothing else with it (private to lib/web).
#pragma once

#include <chrono>
#include <string>

#include "base/file.h"
#include "base/time.h"

namespace cbx::web {

// Runs `tool` with the open file as its standard input, and returns the JPEG.  Blocks; ended by force after `patience`.
// Errors: no_input (no picture in the file), data (none that can be decoded, or the tool has crashed), unavailable (it
// can't be run), try_again (not in time), io.
Result<std::string> run_picture_tool(const std::string& tool, const UniqueFd& file, WallMs time, int width,
                                     std::chrono::milliseconds patience);

}  // namespace cbx::web

// Named instants of the commit protocols at which a test makes a process die, as if the power of that process was cut.
#pragma once

#include <string_view>

namespace cbx {

// Kills the process with SIGKILL when the environment says so: CBX_CRASH_AT=NAME kills at the first time that NAME is
// passed, NAME:N at the N-th.  Does nothing, at the cost of one load, when the variable is not set.  Thread-safe.
// The names are listed in HACKING.md; a name says what is about to happen ("commit.rename": the file has its bytes, not
// yet its name).
void crash_point(std::string_view name);

// Whether CBX_CRASH_AT names this one: then a write is done in two parts with the point between them, as a crash tears
// it.
bool crash_armed(std::string_view name);

}  // namespace cbx

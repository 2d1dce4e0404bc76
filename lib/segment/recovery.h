// What a killed recorder left behind: half-written files of a device are cut back to their last whole fragment,
// finished and journalled; finished files that the journal does not know yet are journalled.
#pragma once

#include <string>

#include "segment/recorder.h"

namespace cbx::segment {

// Looks through all day folders of `device` for half-written files, and through the newest three for finished ones;
// files locked by a living writer are left alone.  What is found goes to shared.closer.  Errors are logged, one bad
// file does not hold up the others.  Thread-safe.
void recover_device(const Shared& shared, const std::string& device);

}  // namespace cbx::segment

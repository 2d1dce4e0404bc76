// What a decoder at a stranger's file may use.
#pragma once

namespace cbx::picture {

// For the rest of this process: 20 s of the processor, 2 GiB of memory, no core dump, and a low priority, so that
// recorders come first.  What can't be set is left as it is.
void limit_this_process();

}  // namespace cbx::picture

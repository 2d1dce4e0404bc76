// Opening files of a tree in which strangers may have put links.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"

namespace cbx {

// What resolves the path; `steps` is what `kernel` falls back to, for tests.
enum class BeneathBy { kernel, steps };

// Opens `path` for reading below `folder` (which may itself be a symbolic link): openat2(2) with RESOLVE_BENEATH,
// RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS, or, where the kernel or a container's filter doesn't have it, folder
// by folder without following links.  Regular files only.  Errors: no_input, data (no regular file, a symbolic link on
// the way, or it leads out), io, permission.
Result<UniqueFd> descriptor_beneath(const std::string& folder, const std::string& path,
                                    BeneathBy by = BeneathBy::kernel);

}  // namespace cbx

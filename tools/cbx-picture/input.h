// The recorded file that a picture is taken from.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "store/store.h"

namespace cbx::picture {

// The finished file, or the one being written.  Error no_input when there is neither.
Result<std::unique_ptr<File>> open_recording(const store::Store& store, std::string_view device, WallMs start);
// `path`, or for "-" standard input, which has to be a file.
Result<std::unique_ptr<File>> open_file(const std::string& path);

}  // namespace cbx::picture

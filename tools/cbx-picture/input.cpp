#include "input.h"

namespace cbx::picture {

Result<std::unique_ptr<File>> open_recording(const store::Store& store, std::string_view device, WallMs start) {
  // Finishing renames the one to the other, perhaps between two of these looks.
  for (const bool part : {false, true, false}) {
    auto file =
        open_beneath(store.media_path(), part ? store.part_path(device, start) : store.segment_path(device, start));
    if (file || file.error().code() != ErrorCode::no_input) return file;
  }
  return fail(ErrorCode::no_input, "the recording is gone");
}

Result<std::unique_ptr<File>> open_file(const std::string& path) {
  return PosixFilesystem{}.open(path == "-" ? "/dev/stdin" : path, OpenMode::read);
}

}  // namespace cbx::picture

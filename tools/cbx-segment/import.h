// The import side of cbx-segment: finished recordings (SD cards, other recorders) become segments of a device.
#pragma once

#include <string>
#include <vector>

#include "base/signals.h"
#include "live.h"
#include "segment/recorder.h"
#include "segment/syncer.h"

namespace cbx::tool {

struct ImportOptions {
  std::string device;
  std::string start;       // TIME, or empty
  std::string start_from;  // "name:FORMAT", "meta", "mtime", or empty
};

// Imports one file after the other; one that can't be read is said and does not stop the others, the first such error
// is returned at the end.  Importing the same files again changes nothing.
Result<int> import_files(const std::vector<std::string>& files, const ImportOptions& options,
                         const segment::Shared& shared, segment::Syncer& syncer, SignalFd& signals);

// A recording on standard input, of which `head` has been read already.
Result<int> import_stdin(const ImportOptions& options, ByteSpan head, InputKind kind, const segment::Shared& shared,
                         segment::Syncer& syncer, SignalFd& signals);

// The time that `format` (as strptime(3) reads it) finds anywhere in the file's name, in the store's offset.
Result<WallMs> time_from_name(const std::string& path, const std::string& format, UtcOffset offset);

}  // namespace cbx::tool

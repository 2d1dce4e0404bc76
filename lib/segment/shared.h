// What all recorders of a process share.
#pragma once

#include <chrono>
#include <climits>
#include <string>

#include "base/file.h"
#include "base/log.h"
#include "base/time.h"
#include "segment/disk.h"
#include "store/store.h"

namespace cbx::segment {

class Closer;

// Copies are cheap.  What it refers to outlives the closer, and with it all recorders.
struct Shared {
  Filesystem& fs;
  const store::Store& store;
  const Clock& clock;
  const Logger& log;
  DiskHealth& disk;
  Closer& closer;
  std::chrono::seconds length{60};  // of a segment
  // Files in writing have descriptors below this: journals and what is finished need the rest.
  int descriptors = INT_MAX;
};

// Where a stream comes from.
struct Origin {
  std::string device;
  std::string source = "live";  // as in SegmentRecord
  std::string connection;
};

}  // namespace cbx::segment

// What cbx-verify says: one record for each thing that is not as it should be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace cbx::verify {

// Written to standard output, never into a journal.  The kinds are those of cbx-records(5).
struct Finding {
  std::string kind;
  std::string device;  // empty for what belongs to none
  std::string path;    // relative to ROOT/media; of files beside it, relative to ROOT
  std::string detail;  // for people
  bool repaired = false;
  std::optional<WallMs> start;  // of the segment that it is about
  int64_t line = 0;             // of the journal, from 1
};

// {"v":1,"type":"finding","kind":…}
std::string to_line(const Finding& finding);

}  // namespace cbx::verify

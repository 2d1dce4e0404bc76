// Which recorded files a cut is made of, before any of them is read.
#pragma once

#include <optional>
#include <vector>

#include "cut/cut.h"
#include "cut/media_dir.h"
#include "cut/source_tables.h"

namespace cbx::cut {

// A file that the cut takes from.  Those that no journal knows yet, because they are being written or hashed, were
// looked at and stay open: their names may change.
struct Candidate {
  Source source;
  std::shared_ptr<File> file;          // null: to be opened by its path
  std::optional<SourceTables> tables;  // of such an open one
  bool clean_end = false;              // another goes on where this is cut: nothing that lies behind may be shown
  bool ends_range = false;             // `used` ends where the range does
  bool cut_begin() const { return source.used.from > source.file.start; }
  bool cut_end() const { return source.used.to < source.file.end(); }
};

// The files of the device that overlap `range`, by start; `used` of no two of them overlaps (but for rounding): where
// two cover the same time, the earlier one is cut where the later one begins, and one that the other covers is left
// out.
Result<std::vector<Candidate>> find_candidates(index::Index& index, const MediaDir& media, std::string_view device,
                                               TimeRange range, WallMs now);

// The last step of it, for tests: `all` is by start.
std::vector<Candidate> without_overlaps(std::vector<Candidate> all, TimeRange range);

}  // namespace cbx::cut

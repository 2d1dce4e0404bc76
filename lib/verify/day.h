// One device and day: its folder, its journal and its rows, held against each other.  Nothing is changed here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "index/index.h"
#include "segment/recovery.h"
#include "verify/finding.h"

namespace cbx::verify {

// What a journal says of one segment, the last word of each kind, and the byte behind it.
struct Said {
  std::optional<SegmentRecord> segment;
  std::optional<DeleteRecord> deleted;
  std::optional<MissingRecord> missing;
  uint64_t segment_end = 0, deleted_end = 0, missing_end = 0;

  bool is_missing() const { return missing && !missing->found; }
};

struct Journal {
  std::map<WallMs, Said> segments;  // by start
  std::vector<Finding> bad_lines;
  bool exists = false, torn = false;
  uint64_t end = 0;  // behind the last whole line
  Status status;     // why it could not be read; nothing may then be concluded from what it does not say
};

// What can be done about a finding.
enum class Fix { none, close_line, copy, part, unrecorded, undeleted, mark_missing, found_again, resize, reread };

struct Found {
  Finding finding;
  Fix fix = Fix::none;
};

// A device's day to be looked at.
struct Day {
  std::string device, name;  // "cam01", "2026-11-20"
  TimeRange range;

  std::string folder() const { return device + "/" + name; }
  std::string journal() const { return folder() + "/records.jsonl"; }
};

struct DayState {
  Journal journal;
  std::vector<Found> found;
  // The files that are there and as large as their records say: what hashing can read.
  std::vector<SegmentRecord> sound;
  size_t files = 0;  // finished ones, sound or not
};

Journal read_journal(const store::Store& store, const Day& day);

// Files against the journal.  What somebody may just be at work on is no finding: locked files, what changed less than
// recovery.settle ago; the caller looks twice, and believes what it saw both times.
DayState look_at_files(const segment::FileRecovery& recovery, const Day& day);

// The journal against the rows; what the index has not read yet is no finding.
Result<std::vector<Found>> look_at_rows(index::Index& index, const Day& day, const Journal& journal);

}  // namespace cbx::verify

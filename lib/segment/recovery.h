// What a killed recorder, a power cut or an interrupted deletion left behind, one file at a time: half-written files
// are cut back to their last whole fragment and finished, finished files that no journal knows are journalled, files
// that were to be deleted go.  cbx-segment does it at start for the devices it opens, cbx-verify for the whole tree.
#pragma once

#include <optional>
#include <string>

#include "segment/closer.h"
#include "segment/recorder.h"

namespace cbx::segment {

// What is wrong with a file of the tree.
struct FileFault {
  // "part": left half-written · "part_empty": the same, without a whole fragment · "unrecorded": finished, and in no
  // journal · "undeleted": its deletion was interrupted · "foreign": not what its name says; never touched ·
  // "leftover": a working copy · "unreadable"
  std::string kind;
  std::string detail;  // for people
  bool repaired = false;
  // What is left to do for it to be repaired: Closer::finish() or finish_now().
  std::optional<FinishJob> job;
};

// Thread-safe as far as its parts are.
struct FileRecovery {
  Filesystem& fs;
  const store::Store& store;
  const Clock& clock;
  // A new file without a whole fragment is left alone when it changed less than this ago.
  Millis settle{120'000};

  // Each looks at one file (its path relative to media, as parse_path() knows it), and puts it right with `repair`;
  // without, nothing is changed.  nullopt: nothing is wrong, or another process is at work on it.
  std::optional<FileFault> part(const std::string& relative, bool repair) const;
  // A finished file that the journal has neither a segment nor a delete record of, as far as the caller knows.
  std::optional<FileFault> unrecorded(const std::string& relative, bool repair) const;
  // A file, half-written or finished, that the journal has a delete record of.
  std::optional<FileFault> undeleted(const std::string& relative, bool repair) const;
  // A .part.copy, which the closer makes of a file that it could not sync, and did not finish: its original is there.
  std::optional<FileFault> copy(const std::string& relative, bool repair) const;
};

// The record of a segment as its file tells it; `end` is "salvage".
SegmentRecord record_of(const mp4::Salvaged& salvaged);

// Looks through the day folders of `device` that are newest and that changed last (three of each) for half-written
// files and finished ones that no journal knows; files locked by a living writer are left alone.  What is found goes to
// shared.closer.  Errors are logged, one bad file does not hold up the others.  Thread-safe.
void recover_device(const Shared& shared, const std::string& device);

}  // namespace cbx::segment

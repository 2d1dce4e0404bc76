// Deleting segments for good: the one way that `cbx-index rm` and cbx-prune share (DESIGN, DELETE).
//
// In groups of days: tombstones into the journals, synced; rows away, a few hundred a transaction; files unlinked;
// folders synced.  A crash in between leaves a tombstone whose file is unlinked by recovery; running it again is
// harmless, as is a file that is gone already.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "index/index.h"
#include "store/journal.h"

namespace cbx::index {

struct Removal {
  std::string reason;  // "rm", "age", …; for Remover, add() says it
  WallMs now{};
  bool dry_run = false;
  // Each deletion once it is durable (with dry_run: each that would be).
  std::function<void(const DeleteRecord&)> done;
  // A file that could not be deleted, or a device whose journal could not be written, or whose folder is not there
  // (then none of its files is touched).  The others are deleted.
  std::function<void(const std::string& what, const Error&)> failed;
  // Asked when there is no room for a tombstone; true: there is some now, try again.
  std::function<bool()> make_room;
  std::string who{};  // login name, for the journal; may be empty
};

// Collects victims and deletes them by groups.  Not thread-safe.  The error of add() and flush() is the index's
// (locked, full, damaged): nothing more can be deleted, what is in the journals already is finished by recovery.
class Remover {
 public:
  Remover(Filesystem& fs, Index& index, Removal removal);
  ~Remover();

  Status add(const std::string& device, const StoredFile& file, const std::string& reason);
  // Everything that was added is gone, durably.
  Status flush();

  int64_t files() const { return files_; }
  int64_t bytes() const { return bytes_; }
  int64_t failures() const { return failures_; }

 private:
  struct Day {
    std::string device, folder, reason;
    std::vector<StoredFile> files;
    std::vector<std::string> names;
    store::JournalSpan tombstones{};
  };
  class Unlinker;

  Status run_group();
  Status write_tombstones(std::vector<Day>& days);
  Status folder_is_there(const Day& day) const;
  Status bury(const Day& day);
  Status bury_run(const Day& day, std::span<const StoredFile> files);
  Status with_room(const std::function<Status()>& step);
  void sync_folders(std::span<const Day> days);
  void tell(std::vector<Day>& days);
  void fail_on(const std::string& what, const Error& error);
  DeleteRecord record(const Day& day, const StoredFile& file) const;

  Filesystem& fs_;
  Index& index_;
  Removal removal_;
  std::map<std::pair<std::string, std::string>, Day> group_;  // by folder and reason
  size_t grouped_ = 0;
  size_t group_limit_;
  std::set<std::string> bad_devices_;
  std::vector<Day> unsynced_;  // unlinked, not yet synced nor told
  int64_t files_ = 0, bytes_ = 0, failures_ = 0;
};

// Deletes these segments; the first failure is its error, once the others are gone.
Status remove_segments(Filesystem& fs, Index& index, std::span<const SegmentRecord> segments, const Removal& removal);

}  // namespace cbx::index

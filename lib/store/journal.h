// The journal of one device and day: every record, append-only, synced before it is announced.
//
// Several processes append (recorder, rm, event): each append takes flock(2) on the file, closes a torn last line left
// by a crash with a newline, writes its lines in one write(2) and syncs.  Readers skip a line that does not parse.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/file.h"
#include "base/records.h"
#include "store/store.h"

namespace cbx::store {

// Appends `records` (all of one device and one day's journal) durably: written and synced, the folder too when the
// journal is new.  Thread-safe.  On error nothing may be announced; a torn line is closed by the next append.
Status append_journal(Filesystem& fs, const Store& store, std::span<const Record> records);

// Reads whole lines from byte `offset` on; calls `line` with each line's number of bytes into the file after it and
// the record or the error in it.  Returns the offset behind the last whole line.
Result<uint64_t> read_journal(const Store& store, const std::string& relative_path, uint64_t offset,
                              const std::function<void(uint64_t end, Result<std::optional<Record>> record)>& line);

// Takes the paths that the journal has a segment or a delete record of out of `paths`.  A journal that does not exist
// has none.
Status drop_journalled(const Store& store, const std::string& relative_path, std::set<std::string>& paths);

}  // namespace cbx::store

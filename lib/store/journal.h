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

// Where in its journal something was appended.
struct JournalSpan {
  uint64_t from = 0, to = 0;
};

// The same for lines that are made already, each with its newline.  Without `sync` an existing journal is not synced:
// the caller does that (Filesystem::sync_all) before it goes on.
Result<JournalSpan> append_lines(Filesystem& fs, const Store& store, std::string_view device, WallMs day,
                                 std::string_view lines, bool sync);

// Gives the last line of a journal its end, if it lacks it.
Status close_journal(Filesystem& fs, const Store& store, const std::string& relative_path);

// Reads whole lines from byte `offset` on; calls `line` with each line's number of bytes into the file after it and
// the record or the error in it; lines that a crash tore (is_torn_line()) are passed over.  Returns the offset behind
// the last whole line.
Result<uint64_t> read_journal(const Store& store, const std::string& relative_path, uint64_t offset,
                              const std::function<void(uint64_t end, Result<std::optional<Record>> record)>& line);

// The same for lines as they are, empty ones too; nullopt stands for one that is too long to be a record.
Result<uint64_t> read_journal_lines(const Store& store, const std::string& relative_path, uint64_t offset,
                                    const std::function<void(uint64_t end, std::optional<std::string_view>)>& line);

// A line that a crash cut off and a later append closed, or that a power cut left as zeros: it was never announced, and
// says nothing.
bool is_torn_line(std::string_view text);

// Takes the paths that the journal has a segment or a delete record of out of `paths`.  A journal that does not exist
// has none.  Those with a delete record are put into `deleted`, if given.
Status drop_journalled(const Store& store, const std::string& relative_path, std::set<std::string>& paths,
                       std::set<std::string>* deleted = nullptr);

// Whether the journal has a tombstone of the segment of this path (relative to media).
Result<bool> is_buried(const Store& store, const std::string& segment_path);

}  // namespace cbx::store

// index.db made again from the journals.
#pragma once

#include <string_view>

#include "base/file.h"
#include "base/log.h"
#include "store/store.h"

namespace cbx::verify {

// Makes a new index from all journals and puts it in place, while others read and write: the contents of a sound
// index.db are replaced in one transaction; a damaged one is put aside as index.db.damaged-TIME, with what belongs to
// it, and the new one takes its name.  Errors: try_again (locked), io; the old index is then as it was.
Status rebuild_index(Filesystem& fs, const store::Store& store, const Clock& clock, const Logger& log);

// Whether a file beside the media is one that a rebuild works on.
bool is_rebuild_file(std::string_view name);

}  // namespace cbx::verify

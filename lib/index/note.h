// What people say about recordings, by cbx-index and over HTTP alike: events and pins, into the journal and the index.
#pragma once

#include "base/file.h"
#include "index/index.h"

namespace cbx::index {

// Longest note of an event, reason of a pin; bytes.
constexpr size_t kLongestText = 1000;

// Whether the word can be a kind of event: shock, motion, sos, parking, mark, or a lower-case word of one's own, up to
// 32 characters.  Error `usage`.
Status check_event_kind(std::string_view kind);
// Length, and no control characters other than newline and tab.  `what` is "the note".  Error `usage`.
Status check_text(std::string_view what, std::string_view text);

// Writes the record down: into the journal first, which is the truth; the row only makes it quick to find.
Status note(Filesystem& fs, Index& index, const Record& record);

}  // namespace cbx::index

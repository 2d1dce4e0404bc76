// Bringing the index up to what the journals say, by a cursor per journal.
#pragma once

#include <functional>
#include <string>

#include "index/index.h"

namespace cbx::index {

struct CaughtUp {
  int64_t records = 0, segments = 0;
};

// Called with what is wrong with a journal's line; the line is left out, the rest goes on.
using Complain = std::function<void(const std::string& message)>;

// Reads what is new in one journal ("cam01/2026-11-20/records.jsonl") into the index.  A journal that shrank (it was
// made anew) is read from its start.
Result<CaughtUp> catch_up_journal(Index& index, const std::string& journal, uint64_t bytes, uint64_t cursor,
                                  const Complain& complain);

// The same for every journal of the store; cursors of journals that are gone are forgotten.  `stop` is asked between
// journals.
Result<CaughtUp> catch_up(Index& index, const Complain& complain, const std::function<bool()>& stop = {});

}  // namespace cbx::index

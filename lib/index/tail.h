// Following the journals as a stream of records, with a cursor that survives: delivery at least once.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/records.h"
#include "store/store.h"

namespace cbx::index {

// How far each journal has been handed on.  As a file: JSON, replaced whole.
class TailCursor {
 public:
  // A missing file is an empty cursor.  Error `data` for a file that is no cursor.
  static Result<TailCursor> load(const std::string& path);
  Status save(const std::string& path) const;
  std::map<std::string, uint64_t> journals;
};

struct TailFilter {
  std::function<bool(const std::string& device)> device;  // empty: all
  std::function<bool(std::string_view type)> type;
};

// Hands on every record behind the cursor: day by day, within a day by time, each journal in its own order.  After
// each batch `deliver` makes sure that the lines are out; only then does the cursor move past them.
// Journals are read whole up to kTailBatch bytes a time; a record that comes out of order in time is not held back.
Status tail_once(const store::Store& store, TailCursor& cursor, const TailFilter& filter,
                 const std::function<void(const Record&)>& print, const std::function<Status()>& deliver,
                 const std::function<void(const std::string&)>& complain);

// Moves the cursor behind all that is there now.
Status tail_skip(const store::Store& store, TailCursor& cursor);

}  // namespace cbx::index

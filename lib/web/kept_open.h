// The databases, open as long as the server runs.
#pragma once

#include <optional>

#include "base/log.h"
#include "index/index.h"
#include "state/state.h"
#include "store/store.h"

namespace cbx::web {

// Whoever opens an SQLite database first makes its shared memory (https://sqlite.org/walformat.html), 32 KiB that a
// disk which is full to the last byte can't give; then not even reading would be possible.  So the first to open is
// this, with a little of the store's reserve where there is no room, and it never closes: all others find what they
// need.  What can't be opened is left to them, who say so.
class KeptOpen {
 public:
  KeptOpen(const store::Store& store, const Logger& log);

 private:
  std::optional<index::Index> index_;
  std::optional<state::State> state_;
};

}  // namespace cbx::web

// Copies of a whole state.db (private to lib/state).
#pragma once

#include <string>

#include "base/result.h"
#include "db/database.h"

namespace cbx::state {

Status write_backup(db::Database& from, const std::string& to, bool force);

}  // namespace cbx::state

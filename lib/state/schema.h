// The tables of state.db (private to lib/state).
#pragma once

#include "db/database.h"

namespace cbx::state {

const db::Schema& schema();

}  // namespace cbx::state

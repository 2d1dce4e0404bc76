// The tables of index.db (private to lib/index).
#pragma once

#include "db/database.h"

namespace cbx::index {

const db::Schema& schema();

}  // namespace cbx::index

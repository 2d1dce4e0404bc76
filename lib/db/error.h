// The boundary to SQLite's result codes (private to lib/db).
#pragma once

#include <string>

#include "base/result.h"

struct sqlite3;

namespace cbx::db {

Error to_error(sqlite3* db, int code, const std::string& corrupt_hint);

}  // namespace cbx::db

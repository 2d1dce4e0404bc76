// Whether SQLite may live in a folder (private to lib/db).
#pragma once

#include <string>

#include "base/result.h"

namespace cbx::db {

// Error `config` with the reason when `folder` lies on a network file system.
Status check_file_system(const std::string& folder);

}  // namespace cbx::db

// What the parts of State share (private to lib/state).
#pragma once

#include "db/database.h"
#include "state/state.h"

namespace cbx::state {

struct State::Impl {
  db::Database db;
  Millis busy_timeout;

  Result<std::vector<Device>> read_devices(db::Statement& statement);
  Status add_tag(std::string_view id, const std::string& tag);
  // Errors no_input.
  Status must_have_device(std::string_view id);
  Status must_have_user(std::string_view name);
};

// `done`, or `missing` when the statement before it touched no row.
Status must_touch(const db::Database& db, const Status& done, const Error& missing);

Error unknown_device(std::string_view id);
Error unknown_user(std::string_view name);

}  // namespace cbx::state

// What the parts of State share (private to lib/state).
#pragma once

#include "db/database.h"
#include "state/state.h"

namespace cbx::state {

// A challenge with what only the tables know of it.
struct OpenChallenge {
  int64_t number = 0;
  Bytes code_hash;  // empty: no code is expected
  Challenge challenge;
};

struct State::Impl {
  db::Database db;
  Millis busy_timeout;

  Result<std::vector<Device>> read_devices(db::Statement& statement);
  Status add_tag(std::string_view id, const std::string& tag);
  // Errors no_input.
  Status must_have_device(std::string_view id);
  Status must_have_user(std::string_view name);

  // All below run within a transaction.
  // `sql` with these parameters, to its end.
  template <typename... Args>
  Status run(const char* sql, const Args&... args) {
    CBX_ASSIGN(auto* statement, db.cached(sql));
    return statement->bind(args...).run();
  }
  Status insert_user(const User& user);
  // Errors cannot_create when another user than `name` has it.
  Status must_be_free(std::string_view email, std::string_view name);
  Status end_sessions(std::string_view user, std::string_view except);
  // Open challenges of all kinds.
  Status drop_challenges(std::string_view user);
  Result<bool> has_totp(std::string_view user);
  Result<bool> take_second_factor(std::string_view user, const std::string& plain_code, WallMs now);
  // A wrong code of an operator code's length counts as one of its tries.
  Result<bool> take_operator_code(std::string_view user, const std::string& plain_code, WallMs now);
  Result<std::optional<Invite>> invite(std::string_view id, WallMs now);
  Result<std::optional<OpenChallenge>> open_challenge(std::string_view id, WallMs now);
};

// `done`, or `missing` when the statement before it touched no row.
Status must_touch(const db::Database& db, const Status& done, const Error& missing);

// Whether a sign-up with this address may use it: errors no_input without one, usage when it is for another address.
Status check_invite(const std::optional<Invite>& invite, std::string_view email);

Error unknown_device(std::string_view id);
Error unknown_user(std::string_view name);

}  // namespace cbx::state

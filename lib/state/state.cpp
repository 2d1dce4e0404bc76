#include "state/state.h"

#include <fmt/format.h>

#include "state/backup.h"
#include "state/impl.h"
#include "state/schema.h"

namespace cbx::state {

State::State(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

Result<State> State::open(const std::string& path, bool create, Millis busy_timeout) {
  auto db = db::Database::open(path, schema(), create ? db::OpenMode::create : db::OpenMode::existing, busy_timeout);
  if (!db) return fail(std::move(db).error());
  return State(std::unique_ptr<Impl>(new Impl{std::move(*db), busy_timeout}));
}

Status must_touch(const db::Database& db, const Status& done, const Error& missing) {
  if (done && db.changes() == 0) return fail(missing);
  return done;
}

Result<Accounts> State::accounts() {
  // Reopens the file if it was replaced.
  CBX_TRY(change_counter());
  Accounts all;
  CBX_TRY(impl_->db.exec("BEGIN"));
  const auto read = [&]() -> Status {
    CBX_ASSIGN(all.change_counter, change_counter());
    CBX_ASSIGN(all.devices, devices());
    CBX_ASSIGN(all.users, users());
    CBX_ASSIGN(all.tokens, tokens());
    CBX_ASSIGN(all.shares, shares());
    CBX_ASSIGN(all.sessions, sessions());
    return {};
  };
  const Status done = read();
  (void)impl_->db.exec("ROLLBACK");
  if (!done) return fail(done.error());
  return all;
}

Result<int64_t> State::change_counter() {
  // A restore onto a damaged or missing file puts a new one in its place; this connection would watch the old one.
  if (!impl_->db.still_there()) {
    const std::string path = impl_->db.path();
    CBX_ASSIGN(auto reopened, db::Database::open(path, schema(), db::OpenMode::existing, impl_->busy_timeout));
    impl_->db = std::move(reopened);
  }
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT value FROM meta WHERE name = 'changes'"));
  CBX_ASSIGN(const bool row, statement->bind().step());
  if (!row) return fail(ErrorCode::data, fmt::format("'{}' has no change counter", impl_->db.path()));
  const int64_t value = statement->integer(0);
  statement->reset();
  return value;
}

Status State::backup(const std::string& to, bool force) {
  return write_backup(impl_->db, to, force);
}

}  // namespace cbx::state

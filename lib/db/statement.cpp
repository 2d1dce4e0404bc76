#include <sqlite3.h>

#include "db/database.h"
#include "db/error.h"

namespace cbx::db {

Statement::Statement(Statement&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), corrupt_hint_(other.corrupt_hint_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(handle_);
    handle_ = std::exchange(other.handle_, nullptr);
    corrupt_hint_ = other.corrupt_hint_;
  }
  return *this;
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Result<bool> Statement::step() {
  const int rc = sqlite3_step(handle_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) {
    reset();
    return false;
  }
  auto error = to_error(sqlite3_db_handle(handle_), rc, corrupt_hint_ ? *corrupt_hint_ : std::string());
  reset();
  return fail(std::move(error));
}

Status Statement::run() {
  for (;;) {
    CBX_ASSIGN(const bool row, step());
    if (!row) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(handle_);
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}
double Statement::real(int column) const {
  return sqlite3_column_double(handle_, column);
}

std::string Statement::text(int column) const {
  const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return p ? std::string(p, static_cast<size_t>(sqlite3_column_bytes(handle_, column))) : std::string();
}

Bytes Statement::blob(int column) const {
  const auto* p = static_cast<const uint8_t*>(sqlite3_column_blob(handle_, column));
  return p ? Bytes(p, p + sqlite3_column_bytes(handle_, column)) : Bytes();
}

ByteSpan Statement::blob_view(int column) const {
  const auto* p = static_cast<const uint8_t*>(sqlite3_column_blob(handle_, column));
  return p ? ByteSpan(p, static_cast<size_t>(sqlite3_column_bytes(handle_, column))) : ByteSpan();
}

bool Statement::null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::optional<int64_t> Statement::any_integer(int column) const {
  return null(column) ? std::nullopt : std::optional<int64_t>(integer(column));
}

std::optional<WallMs> Statement::any_time(int column) const {
  return null(column) ? std::nullopt : std::optional<WallMs>(time(column));
}

// Binding can only fail for an index that the statement does not have (a bug, seen by every test) or for want of
// memory, which step() then meets as well.
void Statement::bind_one(int i, int64_t v) {
  sqlite3_bind_int64(handle_, i, v);
}
void Statement::bind_one(int i, double v) {
  sqlite3_bind_double(handle_, i, v);
}
void Statement::bind_one(int i, std::string_view v) {
  sqlite3_bind_text64(handle_, i, v.empty() ? "" : v.data(), v.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Statement::bind_one(int i, const Bytes& v) {
  static constexpr uint8_t kNothing = 0;
  sqlite3_bind_blob64(handle_, i, v.empty() ? &kNothing : v.data(), v.size(), SQLITE_TRANSIENT);
}
void Statement::bind_one(int i, std::nullptr_t) {
  sqlite3_bind_null(handle_, i);
}

}  // namespace cbx::db

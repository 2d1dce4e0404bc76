#include "db/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>

#include "base/file.h"
#include "db/error.h"
#include "db/file_system.h"

namespace cbx::db {

Error to_error(sqlite3* db, int code, const std::string& corrupt_hint) {
  const std::string what = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::try_again, "database is locked by another process"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::data, what + corrupt_hint};
    case SQLITE_CANTOPEN:
      if (const int why = db ? sqlite3_system_errno(db) : 0; why == EACCES || why == EPERM)
        return {ErrorCode::permission, what + ": permission denied", why};
      return {ErrorCode::no_input, what, db ? sqlite3_system_errno(db) : 0};
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return {ErrorCode::permission, what};
    case SQLITE_FULL:
      return {ErrorCode::io, "no space left for the database", ENOSPC};
    case SQLITE_IOERR:
      // The shared memory beside a WAL can't be made as large as it has to be; SQLite does not say by which errno.
      if (code == SQLITE_IOERR_SHMSIZE) return {ErrorCode::io, "no space left for the database", ENOSPC};
      return {ErrorCode::io, what, db ? sqlite3_system_errno(db) : 0};
    case SQLITE_CONSTRAINT:
      return {ErrorCode::data, what};
    case SQLITE_NOMEM:
      return {ErrorCode::try_again, what};
    default:
      return {ErrorCode::internal, what};
  }
}

struct Database::Impl {
  std::string path, hint;
  sqlite3* handle = nullptr;
  dev_t device = 0;
  ino_t inode = 0;
  std::unordered_map<const char*, Statement> statements;

  ~Impl() {
    statements.clear();
    sqlite3_close_v2(handle);
  }
};

namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// SQLite would make the file with the umask's mode and root's owner; -wal and -shm follow the main file in both.
Status make_file(const std::string& path, mode_t mode) {
  UniqueFd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
  if (!fd) {
    if (errno == EEXIST) return {};
    return fail(os_error(errno, fmt::format("cannot create '{}'", path), ErrorCode::cannot_create));
  }
  if (::fchmod(fd.get(), mode) != 0) return fail(os_error(errno, fmt::format("cannot set the mode of '{}'", path)));
  struct stat folder {};
  if (::geteuid() == 0 && ::stat(folder_of(path).c_str(), &folder) == 0 && folder.st_uid != 0 &&
      ::fchown(fd.get(), folder.st_uid, folder.st_gid) != 0)
    return fail(os_error(errno, fmt::format("cannot give '{}' to the owner of its folder", path)));
  return {};
}

Result<int64_t> pragma(Database& db, const char* sql) {
  CBX_ASSIGN(auto statement, db.prepare(sql));
  CBX_ASSIGN(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

// The database's user_version, when it is one of this kind.
Result<int64_t> check_kind(Database& db, const Schema& schema) {
  const auto latest = static_cast<int64_t>(schema.migrations.size());
  CBX_ASSIGN(const int64_t version, pragma(db, "PRAGMA user_version"));
  CBX_ASSIGN(const int64_t application, pragma(db, "PRAGMA application_id"));
  if ((version != 0 || application != 0) && application != schema.application_id)
    return fail(ErrorCode::data, fmt::format("no cbx {} database (application id {:#x})", schema.name, application));
  if (version > latest)
    return fail(ErrorCode::config, fmt::format("made by a newer cbx (schema {}, this one knows {})", version, latest));
  return version;
}

Status migrate(Database& db, const Schema& schema) {
  const auto latest = static_cast<int64_t>(schema.migrations.size());
  CBX_ASSIGN(int64_t version, check_kind(db, schema));
  if (version == latest) return {};
  return db.transaction([&]() -> Status {
    // Another process may have migrated while this one waited for the lock.
    CBX_ASSIGN(version, pragma(db, "PRAGMA user_version"));
    for (; version < latest; version++) CBX_TRY(db.exec(schema.migrations[static_cast<size_t>(version)]));
    CBX_TRY(db.exec(fmt::format("PRAGMA application_id={}", schema.application_id).c_str()));
    return db.exec(fmt::format("PRAGMA user_version={}", latest).c_str());
  });
}

}  // namespace

static Result<sqlite3*> open_handle(const std::string& path, int flags) {
  sqlite3* handle = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (rc != SQLITE_OK) {
    auto error = to_error(handle, rc, "");
    sqlite3_close_v2(handle);
    return fail(std::move(error));
  }
  return handle;
}

Result<Database> Database::open(const std::string& path, const Schema& schema, OpenMode mode, Millis busy_timeout) {
  const auto context = [&](Error error) { return fail(std::move(error).context(fmt::format("'{}'", path))); };
  struct stat st {};
  const bool exists = ::stat(path.c_str(), &st) == 0;
  if (!exists && mode != OpenMode::create)
    return fail(os_error(errno, fmt::format("cannot open the {} '{}'", schema.name, path)));
  CBX_TRY(check_file_system(folder_of(path)));
  if (!exists) CBX_TRY(make_file(path, schema.mode));

  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->hint = fmt::format(" ({})", schema.when_corrupt);
  auto handle = open_handle(path, mode == OpenMode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  if (!handle) return context(std::move(handle).error());
  impl->handle = *handle;
  if (::stat(path.c_str(), &st) == 0) {
    impl->device = st.st_dev;
    impl->inode = st.st_ino;
  }
  sqlite3_busy_timeout(impl->handle, static_cast<int>(busy_timeout.count()));
  Database db(std::move(impl));
  const bool writable = sqlite3_db_readonly(db.impl_->handle, "main") == 0;
  const auto set_up = [&]() -> Status {
    CBX_TRY(db.exec("PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON"));
    CBX_TRY(db.exec(schema.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    if (!writable) {
      CBX_ASSIGN(const int64_t version, check_kind(db, schema));
      if (version == 0) return fail(ErrorCode::data, fmt::format("no cbx {} database", schema.name));
      return {};
    }
    CBX_TRY(db.exec("PRAGMA journal_mode=WAL"));
    return migrate(db, schema);
  };
  if (auto done = set_up(); !done) return context(std::move(done).error());
  return db;
}

Result<Database> open_plain(const std::string& path, const Schema& schema, OpenMode mode) {
  auto db = Database::open(path, schema, mode);
  if (!db) return db;
  CBX_TRY(db->exec("PRAGMA journal_mode=DELETE"));
  return db;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

const std::string& Database::path() const {
  return impl_->path;
}

Result<Statement> Database::prepare(std::string_view sql) {
  Statement statement;
  const int rc =
      sqlite3_prepare_v3(impl_->handle, sql.data(), static_cast<int>(sql.size()), 0, &statement.handle_, nullptr);
  if (rc != SQLITE_OK) return fail(to_error(impl_->handle, rc, impl_->hint));
  statement.corrupt_hint_ = &impl_->hint;
  return statement;
}

Result<Statement*> Database::cached(const char* sql) {
  const auto found = impl_->statements.find(sql);
  if (found != impl_->statements.end()) return &found->second;
  CBX_ASSIGN(auto statement, prepare(sql));
  return &impl_->statements.emplace(sql, std::move(statement)).first->second;
}

Status Database::exec(const char* sql) {
  const int rc = sqlite3_exec(impl_->handle, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return fail(to_error(impl_->handle, rc, impl_->hint));
  return {};
}

int64_t Database::last_id() const {
  return sqlite3_last_insert_rowid(impl_->handle);
}
int Database::changes() const {
  return sqlite3_changes(impl_->handle);
}

Status Database::copy_into(Database& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.impl_->handle, "main", impl_->handle, "main");
  if (!backup) return fail(to_error(target.impl_->handle, sqlite3_errcode(target.impl_->handle), target.impl_->hint));
  int rc = SQLITE_OK;
  // One step for all pages: the copy is of one moment.  A locked target gets the time that busy_timeout gives others.
  for (int tries = 0; tries < 100; tries++) {
    rc = sqlite3_backup_step(backup, -1);
    if (rc != SQLITE_BUSY && rc != SQLITE_LOCKED) break;
    sqlite3_sleep(100);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (rc != SQLITE_DONE || finished != SQLITE_OK)
    return fail(to_error(nullptr, rc != SQLITE_DONE ? rc : finished, impl_->hint));
  return {};
}

Status Database::check_integrity() {
  CBX_ASSIGN(auto statement, prepare("PRAGMA integrity_check(1)"));
  CBX_ASSIGN(const bool row, statement.step());
  if (row && statement.text(0) == "ok") return {};
  return fail(ErrorCode::data, fmt::format("'{}' is damaged: {}", path(), row ? statement.text(0) : "no answer"));
}

bool Database::still_there() const {
  struct stat st {};
  return ::stat(impl_->path.c_str(), &st) == 0 && st.st_dev == impl_->device && st.st_ino == impl_->inode;
}

}  // namespace cbx::db

// SQLite behind values: a database file with its migrations, statements, transactions.  Used by lib/index and
// lib/state only; nothing else of cbx speaks SQL.  Hides sqlite3.h.
//
// Errors: try_again (locked), data (corrupt, with the file's way out), no_input (missing), permission, io, config
// (newer schema, network file system).  One Database and its statements belong to one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cbx::db {

// What a kind of database file is.
struct Schema {
  std::string_view name;   // "index", "state": for messages
  int32_t application_id;  // written into the file, checked at opening
  bool full_sync;          // synchronous=FULL: a commit survives a power cut
  mode_t mode;             // permission bits of a new file
  // migrations[n] leads from user_version n to n + 1.
  std::span<const char* const> migrations;
  std::string_view when_corrupt;  // what the operator can do, put behind the message
};

enum class OpenMode {
  existing,
  create,
  read_only,  // not changed in any way: no WAL, no migration (a backup)
};

class Statement {
 public:
  Statement() = default;
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  // Starts over with these parameters (?1, ?2, …).  Text is copied.
  template <typename... Args>
  Statement& bind(const Args&... args) {
    reset();
    int i = 1;
    (bind_one(i++, args), ...);
    return *this;
  }
  // True: a row is there.  False: done (and reset, so that it holds no lock).
  Result<bool> step();
  // Steps to the end.
  Status run();
  void reset();

  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  Bytes blob(int column) const;
  ByteSpan blob_view(int column) const;  // until the next step()
  bool null(int column) const;
  std::optional<int64_t> any_integer(int column) const;
  WallMs time(int column) const { return WallMs{Millis{integer(column)}}; }
  std::optional<WallMs> any_time(int column) const;

 private:
  friend class Database;
  void bind_one(int i, int64_t v);
  void bind_one(int i, int v) { bind_one(i, int64_t{v}); }
  void bind_one(int i, bool v) { bind_one(i, int64_t{v}); }
  void bind_one(int i, double v);
  void bind_one(int i, std::string_view v);
  void bind_one(int i, const std::string& v) { bind_one(i, std::string_view(v)); }
  void bind_one(int i, const char* v) { bind_one(i, std::string_view(v)); }
  void bind_one(int i, const Bytes& v);
  void bind_one(int i, WallMs v) { bind_one(i, int64_t{v.time_since_epoch().count()}); }
  void bind_one(int i, std::nullptr_t);
  template <typename T>
  void bind_one(int i, const std::optional<T>& v) {
    v ? bind_one(i, *v) : bind_one(i, nullptr);
  }

  sqlite3_stmt* handle_ = nullptr;
  const std::string* corrupt_hint_ = nullptr;
};

class Database {
 public:
  // Opens, configures (WAL, busy timeout) and migrates.  A new file gets its folder's owner when root makes it.
  static Result<Database> open(const std::string& path, const Schema& schema, OpenMode mode,
                               Millis busy_timeout = Millis{10000});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  const std::string& path() const;
  Result<Statement> prepare(std::string_view sql);
  // A statement kept for the life of the database; `sql` must be a literal.  Reset by the next bind().
  Result<Statement*> cached(const char* sql);
  Status exec(const char* sql);
  // BEGIN IMMEDIATE, body, COMMIT; rolled back when body or the commit fails.
  template <typename F>
  Status transaction(F&& body) {
    CBX_TRY(exec("BEGIN IMMEDIATE"));
    Status done = body();
    if (done) done = exec("COMMIT");
    if (!done) (void)exec("ROLLBACK");
    return done;
  }
  int64_t last_id() const;
  int changes() const;
  // The whole database as it stands, into an open one: in one transaction of `target`.
  Status copy_into(Database& target);
  // PRAGMA integrity_check; error `data` with its first finding.
  Status check_integrity();
  // Whether `path` still names the file that is open (it may have been replaced or deleted).
  bool still_there() const;

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Why SQLite must not live on a file system of this statfs(2) magic and mountinfo type ("nfs4", "fuse.sshfs");
// nullopt if it may.  https://sqlite.org/wal.html: WAL needs shared memory, which a network file system has not.
std::optional<std::string> refuse_file_system(uint64_t magic, std::string_view type);

// Opens `path` as a finished single-file database (no WAL beside it), for backups.
Result<Database> open_plain(const std::string& path, const Schema& schema, OpenMode mode);

}  // namespace cbx::db

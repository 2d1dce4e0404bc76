#include "state/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "state/schema.h"
#include "state/state.h"

namespace cbx::state {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

Status sync_file(const std::string& path) {
  PosixFilesystem fs;
  CBX_ASSIGN(auto file, fs.open(path, OpenMode::read));
  return file->sync_data();
}

void remove_beside(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) (void)::unlink((path + suffix).c_str());
}

// A copy of `from` as a closed, synced, single file at the new name `path`.
Status copy_to_file(db::Database& from, const std::string& path) {
  (void)::unlink(path.c_str());
  remove_beside(path);
  {
    CBX_ASSIGN(auto copy, db::open_plain(path, schema(), db::OpenMode::create));
    CBX_TRY(from.copy_into(copy));
    // The header of a WAL database came along; a backup is one file that needs nothing beside it.
    CBX_TRY(copy.exec("PRAGMA journal_mode=DELETE"));
  }
  return sync_file(path);
}

Result<db::Database> open_checked(const std::string& from) {
  auto source = db::Database::open(from, schema(), db::OpenMode::read_only);
  if (!source) return fail(std::move(source).error());
  CBX_TRY(source->check_integrity());
  return source;
}

// Whoever remembers a counter of before the restore must see another one after it.
Status move_counter(db::Database& db) {
  const auto now = floor_ms(SystemClock{}.wall());
  return db.transaction([&]() -> Status {
    CBX_ASSIGN(auto statement, db.prepare("UPDATE meta SET value = max(value + 1, ?1) WHERE name = 'changes'"));
    return statement.bind(now).run();
  });
}

}  // namespace

Status write_backup(db::Database& from, const std::string& to, bool force) {
  if (!force && exists(to)) return fail(ErrorCode::cannot_create, fmt::format("'{}' exists", to));
  if (!exists(folder_of(to)))
    return fail(ErrorCode::cannot_create, fmt::format("cannot create '{}': there is no such folder", to));
  const std::string part = fmt::format("{}.new.{}", to, ::getpid());
  Status done = copy_to_file(from, part);
  if (done && force && ::rename(part.c_str(), to.c_str()) != 0)
    done = fail(os_error(errno, fmt::format("cannot replace '{}'", to), ErrorCode::cannot_create));
  if (done && !force) done = PosixFilesystem{}.rename_no_replace(part, to);
  if (!done) {
    (void)::unlink(part.c_str());
    remove_beside(part);
    return done;
  }
  return PosixFilesystem{}.sync_dir(folder_of(to));
}

Status State::restore(const std::string& from, const std::string& path, bool force) {
  if (!force && exists(path))
    return fail(ErrorCode::cannot_create, fmt::format("'{}' exists: it would be overwritten (--force)", path));
  CBX_ASSIGN(auto source, open_checked(from));
  // A working database takes the copy in one transaction of its own, which every process that has it open sees.
  if (exists(path)) {
    auto target = db::Database::open(path, schema(), db::OpenMode::existing);
    if (target && target->check_integrity()) {
      CBX_TRY(source.copy_into(*target));
      CBX_TRY(target->exec("PRAGMA journal_mode=WAL"));
      CBX_TRY(move_counter(*target));
      // A backup of an older version is brought up to date by opening it.
      CBX_ASSIGN(target, db::Database::open(path, schema(), db::OpenMode::existing));
      return {};
    }
    if (!target && target.error().code() == ErrorCode::try_again) return fail(std::move(target).error());
  }
  const std::string part = fmt::format("{}.new.{}", path, ::getpid());
  CBX_TRY(copy_to_file(source, part));
  {
    CBX_ASSIGN(auto copy, db::open_plain(part, schema(), db::OpenMode::existing));
    CBX_TRY(move_counter(copy));
  }
  CBX_TRY(sync_file(part));
  // A WAL of the damaged file would be played into the new one.
  remove_beside(path);
  if (::rename(part.c_str(), path.c_str()) != 0)
    return fail(os_error(errno, fmt::format("cannot replace '{}'", path), ErrorCode::cannot_create));
  return PosixFilesystem{}.sync_dir(folder_of(path));
}

}  // namespace cbx::state

#include "verify/rebuild.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/crash_point.h"
#include "index/catch_up.h"
#include "index/index.h"
#include "verify/tree.h"

namespace cbx::verify {
namespace {

constexpr std::string_view kPrefix = "index.db.rebuild-";
constexpr const char* kBeside[] = {"", "-wal", "-shm", "-journal"};

void remove(const std::string& path) {
  for (const char* suffix : kBeside) ::unlink((path + suffix).c_str());
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

// An old WAL would be replayed into the new file: it has to be gone before the new one gets the name, and until then
// the old file keeps it, so that nobody makes a third one.
Status replace(Filesystem& fs, const store::Store& store, const std::string& fresh, const std::string& aside) {
  const std::string path = store.index_path();
  const auto move = [](const std::string& from, const std::string& to) -> Status {
    if (::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return {};
    return fail(os_error(errno, fmt::format("cannot rename '{}'", from)));
  };
  if (exists(path) && ::link(path.c_str(), aside.c_str()) != 0 && ::rename(path.c_str(), aside.c_str()) != 0)
    return fail(os_error(errno, fmt::format("cannot put '{}' aside", path)));
  crash_point("rebuild.aside");
  for (const char* suffix : {"-wal", "-shm"}) CBX_TRY(move(path + suffix, aside + suffix));
  CBX_TRY(move(fresh, path));
  return fs.sync_dir(store.root());
}

// One damaged index is enough to look at; more would fill the disk.
void forget_older(const store::Store& store, const std::string& newest) {
  const auto files = list_folder(store.root(), true);
  if (!files) return;
  for (const auto& [name, entry] : *files) {
    const std::string path = store.root() + "/" + name;
    if (S_ISREG(entry.mode) && name.starts_with("index.db.damaged-") && !path.starts_with(newest))
      ::unlink(path.c_str());
  }
}

}  // namespace

bool is_rebuild_file(std::string_view name) {
  return name.starts_with(kPrefix);
}

Status rebuild_index(Filesystem& fs, const store::Store& store, const Clock& clock, const Logger& log) {
  const auto complain = [&](const std::string& m) { log.warn("{}", m); };
  const std::string fresh = fmt::format("{}/{}{}", store.root(), kPrefix, ::getpid());
  remove(fresh);
  const auto work = [&]() -> Status {
    {
      CBX_ASSIGN(auto made, index::Index::create_at(store, fresh));
      CBX_ASSIGN(const auto read, index::catch_up(made, complain));
      log.debug("{} records read from the journals, {} segments", read.records, read.segments);
      crash_point("rebuild.made");
      Status old;
      if (exists(store.index_path())) {
        auto live = index::Index::open(store, index::Access::write);
        if (live) {
          const auto sound = live->check();
          if (sound) {
            CBX_TRY(made.copy_into(*live));
            // What was journalled since.
            CBX_TRY(index::catch_up(*live, complain));
            return {};
          }
          old = fail(sound.error());
        } else {
          old = fail(live.error());
        }
        if (old.error().code() != ErrorCode::data) return old;
        log.warn("{}", old.error().message());
      }
    }
    // Closed: all of it is in the one file.
    if (exists(fresh + "-wal")) return fail(ErrorCode::internal, fmt::format("'{}' is still open", fresh));
    std::string time = format_rfc3339(floor_ms(clock.wall()));
    std::erase(time, ':');
    const std::string aside = fmt::format("{}.damaged-{}", store.index_path(), time);
    CBX_TRY(replace(fs, store, fresh, aside));
    if (exists(aside)) log.warn("the damaged index is kept as '{}'", aside);
    forget_older(store, aside);
    CBX_ASSIGN(auto live, index::Index::open(store, index::Access::write));
    CBX_TRY(index::catch_up(live, complain));
    return {};
  };
  Status done = work();
  remove(fresh);
  return done;
}

}  // namespace cbx::verify

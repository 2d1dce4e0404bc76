#include "store/reserve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace cbx::store {
namespace {

constexpr int64_t kFull = 32 << 20;
constexpr int64_t kBlock = 64 << 10;
// A run's tombstones and SQLite's log fit into this.
constexpr int64_t kEnough = 4 << 20;

// What the reserve of a disk of this size should be.
int64_t wanted(const DiskSpace& space) {
  return std::min(kFull, space.total / 100) / kBlock * kBlock;
}

int64_t held(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) ? int64_t{st.st_size} : 0;
}

// Tools run by root write as the owner of the folder.
void give_to_owner(int fd, const std::string& folder) {
  struct stat st {};
  if (::geteuid() == 0 && ::stat(folder.c_str(), &st) == 0 && st.st_uid != 0) (void)!::fchown(fd, st.st_uid, st.st_gid);
}

}  // namespace

Result<DiskSpace> disk_space(const std::string& path) {
  struct statvfs s {};
  if (::statvfs(path.c_str(), &s) != 0)
    return fail(os_error(errno, fmt::format("cannot ask for the free space of '{}'", path)));
  const auto block = static_cast<int64_t>(s.f_frsize);
  return DiskSpace{static_cast<int64_t>(s.f_blocks) * block, static_cast<int64_t>(s.f_bavail) * block};
}

bool is_no_space(const Error& error) {
  return error.os_error() == ENOSPC || error.os_error() == EDQUOT;
}

Reserve::Reserve(const Store& store) {
  struct stat root {};
  struct stat media {};
  places_.push_back({store.root(), store.root() + "/.reserve"});
  if (::stat(store.root().c_str(), &root) == 0 && ::stat(store.media_path().c_str(), &media) == 0 &&
      root.st_dev != media.st_dev)
    places_.push_back({store.media_path(), store.media_path() + "/.reserve"});
}

Status Reserve::fill() {
  for (const Place& place : places_) {
    CBX_ASSIGN(const DiskSpace space, disk_space(place.folder));
    const int64_t want = wanted(space), have = held(place.path);
    if (have >= want || space.available < 4 * (want - have)) continue;
    const UniqueFd fd{::open(place.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd) return fail(os_error(errno, fmt::format("cannot create '{}'", place.path), ErrorCode::cannot_create));
    give_to_owner(fd.get(), place.folder);
    if (::fallocate(fd.get(), 0, have, want - have) == 0) continue;
    const int e = errno;
    if (e == EOPNOTSUPP || e == ENOSYS) {
      ::unlink(place.path.c_str());
      continue;
    }
    (void)!::ftruncate(fd.get(), have);
    if (e != ENOSPC && e != EDQUOT) return fail(os_error(e, fmt::format("cannot allocate '{}'", place.path)));
  }
  return {};
}

int64_t Reserve::missing() const {
  // Where there are two, the last is that of media.
  const auto space = disk_space(places_.back().folder);
  return space ? std::max<int64_t>(0, wanted(*space) - held(places_.back().path)) : 0;
}

bool Reserve::give(int64_t most) {
  bool gave = false;
  for (const Place& place : places_) {
    const int64_t have = held(place.path);
    const auto space = disk_space(place.folder);
    // Only where it is needed; the other disk may have all the room in the world.
    if (have == 0 || (space && space->available > 16 * kEnough)) continue;
    const int64_t quarter = space ? wanted(*space) / 4 : 0;
    const int64_t left = have - std::max(std::min(quarter, most), kBlock);
    gave |= (left <= 0 ? ::unlink(place.path.c_str()) : ::truncate(place.path.c_str(), left)) == 0;
  }
  return gave;
}

void Reserve::give_if_needed() {
  for (const Place& place : places_) {
    const auto space = disk_space(place.folder);
    if (!space || space->available >= std::min(kEnough, wanted(*space) / 2)) continue;
    give();
    return;
  }
}

}  // namespace cbx::store

#include "prune/journals.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace cbx::prune {
namespace {

constexpr const char* kJournal = "records.jsonl";
constexpr Millis kDay = std::chrono::days{1};

// Names in a folder below media, never by way of a symbolic link; empty when it cannot be read.
std::vector<std::string> names_in(const std::string& media, const std::string& folder) {
  std::vector<std::string> names;
  UniqueFd fd{::open(media.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (size_t from = 0; fd && from < folder.size();) {
    const size_t to = std::min(folder.find('/', from), folder.size());
    fd.reset(
        ::openat(fd.get(), folder.substr(from, to - from).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    from = to + 1;
  }
  if (!fd) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.release()), &::closedir);
  while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Whether the folder went.
Result<bool> expire_day(Filesystem& fs, index::Index& index, const std::string& device, TimeRange day,
                        const std::string& folder, WallMs now, bool dry_run) {
  const std::string& media = index.store().media_path();
  const auto names = names_in(media, folder);
  if (!names.empty() && names != std::vector<std::string>{kJournal}) return false;
  CBX_ASSIGN(const bool forgettable, index.day_is_forgettable(device, day, now));
  if (!forgettable) return false;
  if (dry_run) return true;
  const std::string journal = folder + "/" + kJournal;
  if (!names.empty()) {
    // Whoever appends holds the lock; what the index has not read yet is not forgotten unread.
    CBX_ASSIGN(const auto file, fs.open(media + "/" + journal, OpenMode::read));
    CBX_ASSIGN(const bool locked, file->try_lock());
    CBX_ASSIGN(const uint64_t size, file->size());
    CBX_ASSIGN(const uint64_t read, index.cursor(journal));
    if (!locked || size > read) return false;
    CBX_TRY(index.forget_day(device, day));
    Status unlinked;
    const std::string name = kJournal;
    CBX_TRY(fs.unlink_in(media, folder, {&name, 1}, [&](size_t, const Error& e) { unlinked = fail(e); }));
    CBX_TRY(unlinked);
  }
  CBX_TRY(fs.remove_dir(media + "/" + folder));
  CBX_TRY(index.forget_cursor(journal));
  return true;
}

}  // namespace

Result<int64_t> expire_journals(Filesystem& fs, index::Index& index, const std::string& device, WallMs before,
                                WallMs now, bool dry_run,
                                const std::function<void(const std::string&, const Error&)>& failed) {
  const store::Store& store = index.store();
  int64_t count = 0;
  for (const std::string& name : names_in(store.media_path(), device)) {
    const auto day = store.parse_day(name);
    if (!day) continue;
    if (*day + kDay > before) break;  // sorted
    const std::string folder = device + "/" + name;
    const auto gone = expire_day(fs, index, device, {*day, *day + kDay}, folder, now, dry_run);
    if (!gone && gone.error().code() == ErrorCode::try_again) return fail(gone.error());
    if (!gone && gone.error().os_error() != ENOENT) failed(folder, gone.error());
    if (gone && *gone) count++;
  }
  if (count > 0 && !dry_run) CBX_TRY(fs.sync_dir(store.media_path() + "/" + device));
  return count;
}

}  // namespace cbx::prune

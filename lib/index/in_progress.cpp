#include "index/in_progress.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>

#include "base/file.h"

namespace cbx::index {
namespace {

// Hashes are made up to half a minute after a file is finished, and a file may last some minutes without key frames.
constexpr Millis kInProgress{15 * 60'000};
// A recorder at work writes a fragment a second; the newest one is not on disk yet.
constexpr Millis kFreshWrite{5'000};
// File systems tell times in steps of up to so much: a folder that has changed just now may change again unseen.
constexpr int64_t kCoarsestStepNs = 2'000'000'000;
// A bound of memory; a folder takes a few kilobytes.
constexpr size_t kMostFolders = 16384;

int64_t mtime_ns(const struct stat& st) {
  return int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec;
}

WallMs mtime(const struct stat& st) {
  return WallMs{Millis{mtime_ns(st) / 1'000'000}};
}

int64_t system_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Whether another process holds the file's lock, as the writer of a .part does.
bool is_locked(const std::string& path) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return false;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) return true;
  ::flock(fd.get(), LOCK_UN);
  return false;
}

std::vector<FolderMemory::Entry> read_folder(const store::Store& store, const std::string& folder, WallMs oldest) {
  std::vector<FolderMemory::Entry> out;
  const std::string base = store.media_path() + "/" + folder;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(base.c_str()), &::closedir);
  if (!dir) return out;
  // Names sort as times do: most of a day's files are older, and are not worth a closer look.
  const std::string oldest_path = store.segment_path(folder.substr(0, folder.find('/')), oldest);
  const std::string first = oldest_path.starts_with(folder + "/") ? oldest_path.substr(folder.size() + 1) : "";
  while (const dirent* entry = ::readdir(dir.get())) {
    if (std::string_view(entry->d_name + (*entry->d_name == '.' ? 1 : 0)) < first) continue;
    const auto parsed = store.parse_path(folder + "/" + entry->d_name);
    if (!parsed || parsed->start < oldest) continue;
    FolderMemory::Entry found{entry->d_name, parsed->start, parsed->part, {}};
    struct stat st {};
    if (!found.part && ::stat((base + "/" + found.name).c_str(), &st) != 0) continue;
    if (!found.part) found.end = mtime(st);
    out.push_back(std::move(found));
  }
  return out;
}

void add_folder(const store::Store& store, const std::string& folder, WallMs now, FolderMemory& memory,
                std::vector<TimeRange>& out) {
  const FolderMemory::Entries entries = memory.list(store, folder, now - kInProgress);
  for (const FolderMemory::Entry& entry : *entries) {
    if (entry.start < now - kInProgress) continue;
    WallMs end = entry.end;
    if (entry.part) {
      const std::string path = store.media_path() + "/" + folder + "/" + entry.name;
      struct stat st {};
      if (::stat(path.c_str(), &st) != 0) continue;
      end = mtime(st);
      // What nobody writes has ended, be it this very millisecond.
      end = end + kFreshWrite > now && is_locked(path) ? now : std::min(end, now - Millis{1});
    }
    if (entry.start < end) out.push_back({entry.start, std::min(end, now)});
  }
}

}  // namespace

FolderMemory::Entries FolderMemory::list(const store::Store& store, const std::string& folder, WallMs oldest) {
  static const Entries kNothing = std::make_shared<const std::vector<Entry>>();
  struct stat st {};
  if (::stat((store.media_path() + "/" + folder).c_str(), &st) != 0) return kNothing;
  const int64_t changed = mtime_ns(st);
  {
    const std::lock_guard lock(mutex_);
    const auto it = known_.find(folder);
    if (it != known_.end() && it->second.settled && it->second.mtime_ns == changed && it->second.oldest <= oldest)
      return it->second.entries;
  }
  // The time is that of before it is read: what comes meanwhile has another one.
  const bool settled = std::llabs(system_now_ns() - changed) > kCoarsestStepNs;
  auto entries = std::make_shared<const std::vector<Entry>>(read_folder(store, folder, oldest));
  const std::lock_guard lock(mutex_);
  reads_++;
  if (known_.size() >= kMostFolders) known_.clear();
  known_[folder] = {changed, settled, oldest, entries};
  return entries;
}

uint64_t FolderMemory::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

std::vector<TimeRange> recordings_in_progress(const store::Store& store, std::string_view device, TimeRange range,
                                              WallMs now, FolderMemory* memory) {
  std::vector<TimeRange> out;
  if (range.to < now - kInProgress) return out;
  FolderMemory none;
  FolderMemory& used = memory != nullptr ? *memory : none;
  const std::string today = store.day_folder(device, now);
  const std::string before = store.day_folder(device, now - kInProgress);
  add_folder(store, before, now, used, out);
  if (before != today) add_folder(store, today, now, used, out);
  return out;
}

}  // namespace cbx::index

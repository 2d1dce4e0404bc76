#include <sys/stat.h>

#include <utility>

#include "web/media_file.h"

namespace cbx::web {
namespace {

// A file in writing is looked up by its name again so often: it may have been finished, which its descriptor doesn't
// tell.
constexpr auto kPartAge = std::chrono::seconds(1);

// Deleted, or cut off: then it is as good as another one.
bool is_gone(const MediaFile& file) {
  struct stat st {};
  return ::fstat(file.fd->get(), &st) != 0 || st.st_nlink == 0 || static_cast<uint64_t>(st.st_size) < file.bytes;
}

}  // namespace

FileCache::FileCache(store::Store store, Options options, const Clock& clock)
    : store_(std::move(store)), options_(options), clock_(clock), thread_([this] { run(); }) {}

FileCache::~FileCache() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

size_t FileCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::shared_ptr<const MediaFile> FileCache::find(std::string_view device, WallMs start) {
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(std::pair(device, start));
  if (it == entries_.end()) return nullptr;
  Entry& entry = it->second;
  if (!entry.file->finished && now - entry.opened > kPartAge) return nullptr;
  entry.used = now;
  return entry.file;
}

// `anew`: it was opened just now; otherwise it has only grown.
void FileCache::put(const std::shared_ptr<const MediaFile>& file, bool anew) {
  const Monotonic now = clock_.monotonic();
  std::shared_ptr<const MediaFile> old;  // closed without the lock
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[{file->device, file->start}];
  old = std::exchange(entry.file, file);
  entry.used = now;
  if (anew) entry.opened = now;
  if (entries_.size() <= options_.files) return;
  auto oldest = entries_.begin();
  for (auto it = entries_.begin(); it != entries_.end(); ++it)
    if (it->second.used < oldest->second.used) oldest = it;
  old = std::move(oldest->second.file);
  entries_.erase(oldest);
}

Result<std::shared_ptr<const MediaFile>> FileCache::open(std::string_view device, WallMs start) {
  CBX_ASSIGN(auto file, open_media_file(store_, device, start));
  put(file, true);
  return file;
}

Result<std::shared_ptr<const MediaFile>> FileCache::get(std::string_view device, WallMs start) {
  const auto file = find(device, start);
  if (!file || is_gone(*file)) return open(device, start);
  if (file->finished) return file;
  if (auto more = grown(*file)) {
    put(more, false);
    return more;
  }
  return file;
}

Result<std::shared_ptr<const MediaFile>> FileCache::get_finished(std::string_view device, WallMs start) {
  const auto file = find(device, start);
  if (!file || !file->finished || is_gone(*file)) return open(device, start);
  return file;
}

void FileCache::sweep(std::vector<std::shared_ptr<const MediaFile>>& gone) {
  const Monotonic now = clock_.monotonic();
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (now - it->second.used <= options_.keep && !is_gone(*it->second.file)) {
      ++it;
      continue;
    }
    gone.push_back(std::move(it->second.file));
    it = entries_.erase(it);
  }
}

void FileCache::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_; })) {
    std::vector<std::shared_ptr<const MediaFile>> gone;
    sweep(gone);
    lock.unlock();
    gone.clear();
    lock.lock();
  }
}

}  // namespace cbx::web

// Recorded files: opened beneath the media folder and nowhere else, and kept open for a while (private to lib/web;
// handlers come here through the vault).
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/time.h"
#include "store/store.h"
#include "web/vault.h"

namespace cbx::web {

// The recorded file of that name, or the one being written.
Result<std::shared_ptr<const MediaFile>> open_media_file(const store::Store& store, std::string_view device,
                                                         WallMs start);
// What a file that is being written has become, from where it was known to be whole; null when nothing was added.
std::shared_ptr<const MediaFile> grown(const MediaFile& file);

// Thread-safe.  A thread of its own closes what is not asked for any more, and at once what was deleted: an open file
// takes room on the disk.
class FileCache {
 public:
  struct Options {
    size_t files = 512;
    Monotonic::duration keep = std::chrono::seconds(5);
  };
  FileCache(store::Store store, Options options, const Clock& clock);
  ~FileCache();
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;

  Result<std::shared_ptr<const MediaFile>> get(std::string_view device, WallMs start);
  // For those who can do nothing with a file that is still being written: whether it still is, is looked at again.
  Result<std::shared_ptr<const MediaFile>> get_finished(std::string_view device, WallMs start);
  size_t size() const;

 private:
  using Key = std::pair<std::string, WallMs>;
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return a.second != b.second ? a.second < b.second : std::string_view(a.first) < std::string_view(b.first);
    }
  };
  struct Entry {
    std::shared_ptr<const MediaFile> file;
    Monotonic opened{}, used{};
  };

  std::shared_ptr<const MediaFile> find(std::string_view device, WallMs start);
  Result<std::shared_ptr<const MediaFile>> open(std::string_view device, WallMs start);
  void put(const std::shared_ptr<const MediaFile>& file, bool anew);
  void sweep(std::vector<std::shared_ptr<const MediaFile>>& gone);
  void run();

  const store::Store store_;
  const Options options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<Key, Entry, Less> entries_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace cbx::web

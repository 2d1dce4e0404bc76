// Texts that were made for one request and serve the next: playlists (private to lib/web).
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"

namespace cbx::web {

struct CachedText {
  std::shared_ptr<const std::string> text;
  std::string etag;  // without quotes
};

// Thread-safe.  The least recently used go when there are more than `most_bytes`.
class TextCache {
 public:
  TextCache(size_t most_bytes, const Clock& clock) : most_bytes_(most_bytes), clock_(clock) {}

  // What was kept under `key` when the version was the same, for a minute at most: a version is a short sum of what
  // the text is made from.
  std::optional<CachedText> find(const std::string& key, const std::string& version);
  CachedText keep(const std::string& key, const std::string& version, std::string text);
  size_t bytes() const;

 private:
  struct Entry {
    CachedText cached;
    std::string version;
    Monotonic made{};
    std::list<std::string>::iterator place;
  };
  void drop(std::map<std::string, Entry>::iterator it);

  const size_t most_bytes_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::list<std::string> order_;  // the last used first
  size_t bytes_ = 0;
};

}  // namespace cbx::web

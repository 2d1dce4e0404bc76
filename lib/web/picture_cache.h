// Pictures on the disk, made once for all who ask (private to lib/web).
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/log.h"
#include "store/store.h"

namespace cbx::web {

// Thread-safe.  Nothing is kept where the disk is nearly full: recordings come first.  When there is too much, and once
// an hour, the oldest go, and those whose recording is gone.
class PictureCache {
 public:
  PictureCache(store::Store store, int64_t most_bytes, const Clock& clock, const Logger& log)
      : store_(std::move(store)), most_bytes_(most_bytes), clock_(clock), log_(log) {}

  // `path` as store::picture_path() gives it; null when it isn't there.  Whether the recording still is must have been
  // looked at before.
  std::shared_ptr<const std::string> find(const std::string& path) const;
  // May take a while: for workers.  A picture whose recording has gone meanwhile is not kept.
  void keep(const std::string& path, const std::string& jpeg);

 private:
  Status write(const std::string& path, const std::string& jpeg) const;
  bool recording_is_there(const std::string& path) const;
  int64_t sweep() const;

  const store::Store store_;
  const int64_t most_bytes_;
  const Clock& clock_;
  const Logger& log_;
  std::mutex mutex_;  // guards the rest
  int64_t bytes_ = 0;
  Monotonic sweep_at_{};
};

}  // namespace cbx::web

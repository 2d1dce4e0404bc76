// One syncfs(2) for all streams, twice a second: what bounds the loss of a power cut.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/file.h"
#include "segment/disk.h"

namespace cbx::segment {

class Syncer {
 public:
  // Syncs the file system of `path` every 500 ms in which wrote() was called.
  Syncer(Filesystem& fs, std::string path, DiskHealth& disk);
  ~Syncer();
  // Thread-safe and cheap.
  void wrote() { dirty_.store(true, std::memory_order_relaxed); }

 private:
  void run();

  Filesystem& fs_;
  const std::string path_;
  DiskHealth& disk_;
  std::atomic<bool> dirty_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace cbx::segment

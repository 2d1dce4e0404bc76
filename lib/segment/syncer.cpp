#include "segment/syncer.h"

#include "base/crash_point.h"

namespace cbx::segment {
namespace {

constexpr std::chrono::milliseconds kInterval{500};

}  // namespace

Syncer::Syncer(Filesystem& fs, std::string path, DiskHealth& disk)
    : fs_(fs), path_(std::move(path)), disk_(disk), thread_([this] { run(); }) {}

Syncer::~Syncer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Syncer::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kInterval, [this] { return stop_; })) {
    if (!dirty_.exchange(false, std::memory_order_relaxed)) continue;
    lock.unlock();
    crash_point("fragment.sync");
    if (Status synced = fs_.sync_all(path_); !synced)
      disk_.sync_failed(synced.error());
    else
      disk_.sync_worked();
    lock.lock();
  }
}

}  // namespace cbx::segment

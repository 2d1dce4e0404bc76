#include "segment/disk.h"

#include <cerrno>

namespace cbx::segment {
namespace {

constexpr std::chrono::seconds kQuiet{60};
constexpr int kSync = -1;  // among the kinds

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

// Of the disk as a whole; anything else may be one folder's, or one camera too many.
bool concerns_all(int os_error) {
  return os_error == ENOSPC || os_error == EDQUOT || os_error == EROFS || os_error == EIO;
}

std::string_view outlook(int os_error) {
  if (os_error == EMFILE || os_error == ENFILE)
    return "recording goes on when others end; raise the limit of open files (ulimit -n, systemd: LimitNOFILE=)";
  return "recording goes on as soon as the disk takes it";
}

}  // namespace

DiskHealth::DiskHealth(const Logger& log) : DiskHealth(log, system_clock()) {}

bool DiskHealth::due(const Kind& kind) {
  const Monotonic now = clock_.monotonic();
  const auto last = last_said_.find(kind);
  if (last != last_said_.end() && now - last->second < kQuiet) return false;
  last_said_[kind] = now;
  return true;
}

void DiskHealth::failed(const std::string& device, const Error& error) {
  const std::lock_guard lock(mutex_);
  const Kind kind{error.os_error(), concerns_all(error.os_error()) ? "" : device};
  Trouble& trouble = troubles_[kind];
  trouble.devices.insert(device);
  if (trouble.said || !due(kind)) return;
  trouble.said = true;
  log_.error("'{}': {}; {}", device, error.message(), outlook(error.os_error()));
}

void DiskHealth::worked(const std::string& device) {
  const std::lock_guard lock(mutex_);
  for (auto it = troubles_.begin(); it != troubles_.end();) {
    Trouble& trouble = it->second;
    if (trouble.devices.erase(device) == 0 || !trouble.devices.empty()) {
      ++it;
      continue;
    }
    if (trouble.said) {
      if (it->first.second.empty())
        log_.warn("the disk takes recordings again");
      else
        log_.warn("the disk takes recordings of '{}' again", device);
    }
    it = troubles_.erase(it);
  }
}

void DiskHealth::sync_failed(const Error& error) {
  sync_failures_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  sync_failing_ = true;
  if (sync_said_ || !due({kSync, ""})) return;
  sync_said_ = true;
  log_.error("{}: what was written last may be lost; new files are begun, look at the disk", error.message());
}

void DiskHealth::sync_worked() {
  const std::lock_guard lock(mutex_);
  if (sync_failing_ && sync_said_) log_.warn("the file system is synced again");
  sync_failing_ = sync_said_ = false;
}

}  // namespace cbx::segment

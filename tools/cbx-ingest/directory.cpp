#include "directory.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <iterator>
#include <utility>

namespace cbx::ingest {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(1);
// Strangers may invent ids faster than a disk takes them.
constexpr size_t kMaxPending = 10000;

bool exists(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0;
}

}  // namespace

Directory::Directory(std::string path, bool create, srt::Gate& gate, const Logger& log)
    : path_(std::move(path)),
      create_(create && exists(path_.substr(0, path_.find_last_of('/')))),
      gate_(gate),
      log_(log) {
  if (!exists(path_) && !create)
    log_.warn("there is no '{}' yet: nobody can publish until 'cbx-account device add' makes it", path_);
  else if (create && !create_ && !exists(path_))
    log_.info("there is no folder for '{}': devices are registered in memory only", path_);
  refresh(true);
  thread_ = std::thread([this] { run(); });
}

Directory::~Directory() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Directory::register_device(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (to_register_.size() >= kMaxPending) return;
    to_register_.insert(id);
    asked_ = true;
  }
  wake_.notify_one();
}

void Directory::reload() {
  {
    const std::lock_guard lock(mutex_);
    reload_ = true;
  }
  wake_.notify_one();
}

void Directory::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, kLookEvery, [this] { return stop_ || reload_ || asked_; });
    asked_ = false;
    const bool force = std::exchange(reload_, false);
    const bool stop = stop_;
    lock.unlock();
    add_pending();
    if (stop) return;
    refresh(force);
    lock.lock();
  }
}

// What fails is tried again every second: a database may be locked, or a disk full, for long.
void Directory::add_pending() {
  std::set<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    ids.swap(to_register_);
  }
  std::set<std::string> left;
  for (auto id = ids.begin(); id != ids.end(); ++id) {
    const Status added = add_one(*id);
    if (added) continue;
    if (!std::exchange(register_trouble_, true))
      log_.error("cannot register '{}', trying on: {}; it is recorded all the same", *id, added.error().message());
    left.insert(*id);
    // Each of the others would wait as long for the lock.
    if (added.error().code() != ErrorCode::try_again) continue;
    left.insert(std::next(id), ids.end());
    break;
  }
  if (left.empty()) {
    if (!ids.empty()) register_trouble_ = false;
    return;
  }
  const std::lock_guard lock(mutex_);
  while (!left.empty() && to_register_.size() < kMaxPending) to_register_.insert(left.extract(left.begin()));
}

Status Directory::add_one(const std::string& id) {
  if (!state_ && !create_ && !exists(path_)) return {};
  if (!state_) {
    CBX_ASSIGN(state_, state::State::open(path_, create_));
  }
  CBX_ASSIGN(const std::optional<state::Device> known, state_->device(id));
  if (known) return {};
  state::Device device;
  device.id = id;
  device.created = floor_ms(SystemClock().wall());
  CBX_TRY(state_->add_device(device));
  log_.info("device '{}' registered", id);
  return {};
}

void Directory::refresh(bool force) {
  if (const Status loaded = load(force))
    complaint_.clear();
  else
    complain_once(loaded.error());
}

Status Directory::load(bool force) {
  if (!state_) {
    if (!exists(path_)) return {};
    CBX_ASSIGN(state_, state::State::open(path_, false));
  }
  CBX_ASSIGN(const int64_t counter, state_->change_counter());
  if (!force && seen_ == counter) return {};
  CBX_ASSIGN(const std::vector<state::Device> devices, state_->devices());
  auto table = std::make_shared<srt::AccessTable>();
  for (const state::Device& d : devices) table->emplace(d.id, srt::DeviceAccess{d.key, d.enabled});
  log_.debug("{} devices in '{}'", table->size(), path_);
  gate_.replace(std::move(table));
  seen_ = counter;
  ++version_;
  return {};
}

// The table stays as it was; the operator hears of each kind of trouble once.
void Directory::complain_once(const Error& error) {
  if (error.message() == complaint_) return;
  complaint_ = error.message();
  log_.error("devices can't be looked up, those known so far stay: {}", error.message());
}

}  // namespace cbx::ingest

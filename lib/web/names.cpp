#include "web/names.h"

namespace cbx::web {

Result<std::shared_ptr<const DeviceNames>> Names::read() {
  if (!state_) {
    CBX_ASSIGN(state_, state::State::open(store_.state_path(), false));
    names_.reset();
  }
  CBX_ASSIGN(const int64_t change, state_->change_counter());
  if (names_ && change == change_) return names_;
  CBX_ASSIGN(const auto devices, state_->devices());
  auto names = std::make_shared<DeviceNames>();
  for (const auto& d : devices) names->emplace(d.id, DeviceName{d.nickname, d.tags, d.enabled, d.owner});
  names_ = std::move(names);
  change_ = change;
  return names_;
}

std::shared_ptr<const DeviceNames> Names::get() {
  const std::lock_guard lock(mutex_);
  if (auto found = read()) return *found;
  state_.reset();
  if (!names_) names_ = std::make_shared<DeviceNames>();
  return names_;
}

}  // namespace cbx::web

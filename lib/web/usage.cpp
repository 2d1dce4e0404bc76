#include "web/usage.h"

#include <algorithm>

namespace cbx::web {
namespace {

constexpr std::chrono::seconds kLeast{60};
constexpr int kShare = 100;

Result<std::shared_ptr<const UsageSums>> count(index::Index& index, WallMs now) {
  auto sums = std::make_shared<UsageSums>();
  sums->counted = now;
  CBX_ASSIGN(const auto ids, index.devices());
  for (const auto& id : ids) {
    CBX_ASSIGN(auto f, index::forecast_device(index, id, std::nullopt, now));
    sums->files += f.files;
    sums->bytes += f.bytes;
    sums->bytes_per_day += f.bytes_per_day;
    sums->devices.push_back(std::move(f));
  }
  return std::shared_ptr<const UsageSums>(std::move(sums));
}

}  // namespace

Result<std::shared_ptr<const UsageSums>> Usage::get(index::Index& index, const Clock& clock) {
  const std::lock_guard lock(mutex_);
  const Monotonic begun = clock.monotonic();
  if (sums_ && begun < again_) return sums_;
  CBX_ASSIGN(sums_, count(index, floor_ms(clock.wall())));
  const Monotonic done = clock.monotonic();
  again_ = done + std::max<Monotonic::duration>(kLeast, (done - begun) * kShare);
  return sums_;
}

}  // namespace cbx::web

#include "base/broadcast.h"

namespace cbx {

struct Broadcast::Impl {
  std::atomic<uint64_t> count{0};
  std::mutex mutex;
  std::list<std::function<void()>> callbacks;
};

Broadcast::Broadcast() : impl_(std::make_shared<Impl>()) {}
Broadcast::~Broadcast() = default;

uint64_t Broadcast::count() const {
  return impl_->count.load();
}

void Broadcast::announce() {
  impl_->count++;
  const std::lock_guard lock(impl_->mutex);
  for (const auto& callback : impl_->callbacks) callback();
}

Broadcast::Subscription Broadcast::subscribe(std::function<void()> callback) {
  const std::lock_guard lock(impl_->mutex);
  const auto at = impl_->callbacks.insert(impl_->callbacks.end(), std::move(callback));
  Subscription subscription;
  subscription.token_ = std::shared_ptr<void>(nullptr, [impl = impl_, at](void*) {
    // What the callback holds goes after the lock has: it may hold a subscription itself.
    std::list<std::function<void()>> gone;
    const std::lock_guard lock(impl->mutex);
    gone.splice(gone.end(), impl->callbacks, at);
  });
  return subscription;
}

}  // namespace cbx

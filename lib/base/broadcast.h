// Tells any number of waiters that something has changed, without a thread of theirs standing by: a live playlist that
// is asked for before its next part exists, for example.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace cbx {

// Thread-safe.  Subscribers are called from the thread that announces, one after the other, and must neither block nor
// subscribe or unsubscribe from inside the call.
class Broadcast {
 public:
  // Ends the subscription when it goes; afterwards the callback is not running and will not run again.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&&) noexcept = default;

   private:
    friend class Broadcast;
    std::shared_ptr<void> token_;
  };

  Broadcast();
  ~Broadcast();
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  // How often announce() was called.  Read it before looking at the state: if it has moved on by the time of
  // subscribing, the state must be looked at again.
  uint64_t count() const;
  void announce();
  [[nodiscard]] Subscription subscribe(std::function<void()> callback);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // outlived by no subscription's token: they hold it, too
};

}  // namespace cbx

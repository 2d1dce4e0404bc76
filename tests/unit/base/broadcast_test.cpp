#include "base/broadcast.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace cbx {
namespace {

TEST(Broadcast, CallsWhoHasSubscribed) {
  Broadcast broadcast;
  int a = 0, b = 0;
  {
    const auto first = broadcast.subscribe([&] { a++; });
    const auto second = broadcast.subscribe([&] { b++; });
    broadcast.announce();
  }
  broadcast.announce();
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, 1);
  EXPECT_EQ(broadcast.count(), 2U);
}

TEST(Broadcast, SubscriptionsMove) {
  Broadcast broadcast;
  int calls = 0;
  Broadcast::Subscription outer;
  {
    auto inner = broadcast.subscribe([&] { calls++; });
    outer = std::move(inner);
  }
  broadcast.announce();
  EXPECT_EQ(calls, 1);
  outer = broadcast.subscribe([&] { calls += 10; });
  broadcast.announce();
  EXPECT_EQ(calls, 11);
  outer = {};
  broadcast.announce();
  EXPECT_EQ(calls, 11);
}

TEST(Broadcast, SubscriptionsMayOutliveIt) {
  Broadcast::Subscription subscription;
  {
    Broadcast broadcast;
    subscription = broadcast.subscribe([] {});
  }
}

// What a callback holds may hold a subscription of the same broadcast.
TEST(Broadcast, CallbacksMayOwnSubscriptions) {
  Broadcast broadcast;
  auto inner = std::make_shared<Broadcast::Subscription>(broadcast.subscribe([] {}));
  auto outer = broadcast.subscribe([inner] { EXPECT_NE(inner, nullptr); });
  inner.reset();
  broadcast.announce();
  outer = {};
  broadcast.announce();
}

// After a subscription has gone its callback doesn't run: what it uses may go, too.
TEST(Broadcast, NoCallAfterTheEnd) {
  Broadcast broadcast;
  std::atomic<bool> stop{false};
  std::vector<std::thread> announcers;
  for (int i = 0; i < 2; i++)
    announcers.emplace_back([&] {
      while (!stop) broadcast.announce();
    });
  for (int i = 0; i < 2000; i++) {
    auto value = std::make_unique<std::atomic<int>>(0);
    auto subscription = broadcast.subscribe([used = value.get()] { ++*used; });
    subscription = {};
    value.reset();
  }
  stop = true;
  for (std::thread& thread : announcers) thread.join();
}

// Either the callback comes or the count has moved on: no change is missed.
TEST(Broadcast, NothingIsMissed) {
  Broadcast broadcast;
  for (int i = 0; i < 500; i++) {
    const uint64_t seen = broadcast.count();
    std::thread announcer([&] { broadcast.announce(); });
    std::atomic<bool> called{false};
    const auto subscription = broadcast.subscribe([&] { called = true; });
    if (broadcast.count() == seen)
      while (!called) std::this_thread::yield();
    announcer.join();
  }
}

}  // namespace
}  // namespace cbx

// Who may have cuts read for manifests, and for how long.
#include "web/hashing.h"

#include <atomic>
#include <thread>

#include "../http/client.h"
#include "http/server.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;

template <typename Condition>
bool soon(Condition&& condition) {
  for (int i = 0; i < 400 && !condition(); ++i) std::this_thread::sleep_for(50ms);
  return condition();
}

// A reading that ends when it is told to, or when nobody wants it any more.
struct Reading {
  std::atomic<int> begun{0}, stopped{0};
  std::atomic<bool> finish{false};

  Hashing::Run run() {
    return [this](const Hashing::GoOn& go_on) -> Result<Hashed> {
      ++begun;
      while (!finish) {
        if (!go_on(1)) {
          ++stopped;
          return fail(ErrorCode::try_again, "interrupted");
        }
        std::this_thread::sleep_for(1ms);
      }
      return Hashed{nullptr, std::string("hash")};
    };
  }
};

TEST(Hashing, WhoAsksForTheSameJoins) {
  Reading reading;
  Hashing hashing({});
  const auto first = hashing.ask("a", "alice", reading.run());
  const auto second = hashing.ask("a", "bob", reading.run());
  const auto again = hashing.ask("a", "alice", reading.run());
  ASSERT_TRUE(first && second && again);
  EXPECT_TRUE(soon([&] { return reading.begun == 1; }));
  EXPECT_FALSE((*first)->result());
  reading.finish = true;
  for (const auto& ticket : {*first, *second, *again}) {
    ASSERT_TRUE(soon([&] { return ticket->result() != nullptr; }));
    EXPECT_EQ(ticket->result()->value().sha256.value(), "hash");
    EXPECT_TRUE(soon([&] { return ticket->changed()->count() == 1; }));
  }
  EXPECT_EQ(reading.begun, 1);
}

TEST(Hashing, OneForEachAskerAndAFewInAll) {
  Reading reading;
  Hashing hashing({});
  const auto a = hashing.ask("a", "alice", reading.run());
  const auto more = hashing.ask("b", "alice", reading.run());
  ASSERT_TRUE(a);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::try_again);
  const auto b = hashing.ask("b", "bob", reading.run());
  ASSERT_TRUE(b);
  const auto c = hashing.ask("c", "carol", reading.run());
  ASSERT_FALSE(c) << "two in all";
  EXPECT_EQ(c.error().code(), ErrorCode::try_again);
  EXPECT_TRUE(hashing.ask("b", "carol", reading.run())) << "but joining is free";
  EXPECT_TRUE(soon([&] { return reading.begun == 2; }));
  reading.finish = true;
  EXPECT_TRUE(soon([&] { return (*a)->result() && (*b)->result(); }));
  EXPECT_TRUE(hashing.ask("c", "carol", reading.run()));
}

TEST(Hashing, StopsWhenAllHaveLeft) {
  Reading reading;
  Hashing hashing({.linger = 100ms});
  auto first = *hashing.ask("a", "alice", reading.run());
  auto second = *hashing.ask("a", "bob", reading.run());
  ASSERT_TRUE(soon([&] { return reading.begun == 1; }));
  first = nullptr;
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(reading.stopped, 0) << "somebody is left";
  second = nullptr;
  EXPECT_TRUE(soon([&] { return reading.stopped == 1; }));
}

TEST(Hashing, LingersForWhoAsksAgainButNotInTheWayOfOthers) {
  Reading left, other;
  Hashing hashing({.at_once = 1, .linger = std::chrono::hours(1)});
  auto ticket = *hashing.ask("a", "alice", left.run());
  ASSERT_TRUE(soon([&] { return left.begun == 1; }));
  ticket = nullptr;
  ticket = *hashing.ask("a", "alice", left.run());
  EXPECT_FALSE(hashing.ask("b", "bob", other.run())) << "there is somebody again";
  ticket = nullptr;
  const auto bob = hashing.ask("b", "bob", other.run());
  ASSERT_TRUE(bob);
  EXPECT_TRUE(soon([&] { return left.stopped == 1 && other.begun == 1; }));
  EXPECT_EQ(left.begun, 1);
}

TEST(Hashing, EndsWithItsOwner) {
  Reading reading;
  std::shared_ptr<Hashing::Ticket> ticket;
  {
    Hashing hashing({});
    ticket = *hashing.ask("a", "alice", reading.run());
    ASSERT_TRUE(soon([&] { return reading.begun == 1; }));
  }
  EXPECT_EQ(reading.stopped, 1);
  EXPECT_FALSE(ticket->result()->has_value());
}

// What a request holds on to goes when its client does.
TEST(Hashing, AClientThatHasGoneHasLeft) {
  Reading reading;
  Hashing hashing({.linger = 0ms});
  http::Route route;
  route.pattern = "/";
  route.name = "hash";
  route.handler = [&](http::Request& request) -> http::Answer {
    if (!request.memory) request.memory = *hashing.ask("a", "alice", reading.run());
    const auto ticket = std::static_pointer_cast<Hashing::Ticket>(request.memory);
    const uint64_t seen = ticket->changed()->count();
    if (ticket->result()) return http::json(200, "{}");
    return http::Wait{ticket->changed(), seen, std::chrono::steady_clock::now() + 1min};
  };
  http::ServerOptions options;
  options.listen = {{"127.0.0.1", 0, ""}};
  const Logger log = Logger::silent();
  auto server = http::Server::start(options, {route}, {}, log);
  ASSERT_TRUE(server) << server.error().message();
  {
    http::Client client(server->addresses().front());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(soon([&] { return reading.begun == 1; }));
    EXPECT_EQ(reading.stopped, 0);
  }
  EXPECT_TRUE(soon([&] { return reading.stopped == 1; }));
}

}  // namespace
}  // namespace cbx::web

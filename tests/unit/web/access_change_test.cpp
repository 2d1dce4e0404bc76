// What is given, taken back, used and lost while the server runs.
#include "access_fixture.h"

namespace cbx::web {
namespace {

TEST_F(AccessTest, WhatIsTakenBackWorksForASecondAtMost) {
  const auto made = token(of("viewer"));
  const Principal viewer = must(bearer(made.secret));
  const Principal by_password = must(basic("viewer", "viewer's password"));
  EXPECT_EQ(may(viewer, "cam01"), "v");
  ASSERT_TRUE(state_->remove_token(made.token.id));
  clock_.pass(1s);
  EXPECT_EQ(status(bearer(made.secret)), 401);
  EXPECT_EQ(may(viewer, "cam01"), "");  // also who has been let in before
  EXPECT_EQ(may(by_password, "cam01"), "v");
  ASSERT_TRUE(state_->unshare("cam01", "viewer"));
  clock_.pass(1s);
  EXPECT_EQ(may(by_password, "cam01"), "");
  const Principal owner = must(basic("owner", "owner's password"));
  EXPECT_EQ(may(owner, "cam01"), "vcr");
  ASSERT_TRUE(state_->set_user_enabled("owner", false));
  clock_.pass(1s);
  EXPECT_EQ(may(owner, "cam01"), "");
  EXPECT_EQ(status(basic("owner", "owner's password")), 401);
  ASSERT_TRUE(state_->remove_user("boss"));
  clock_.pass(1s);
  EXPECT_EQ(status(basic("boss", "boss's password")), 401);

  const auto camera = token(of_kind(state::TokenKind::device, "cam01"));
  const auto guest = token(of_kind(state::TokenKind::link, "cam01"));
  EXPECT_EQ(status(bearer(camera.secret)), 200);
  ASSERT_TRUE(state_->set_enabled("cam01", false));
  clock_.pass(1s);
  EXPECT_EQ(status(bearer(camera.secret)), 401);
  EXPECT_EQ(status(link(guest.secret)), 200);  // what it has recorded is still there
  ASSERT_TRUE(state_->remove_device("cam01"));
  clock_.pass(1s);
  EXPECT_EQ(status(link(guest.secret)), 404);
}

TEST_F(AccessTest, WhatExpiresEndsAtItsTime) {
  state::Token wanted = of("owner");
  wanted.until = now() + 10s;
  const auto made = token(wanted);
  const auto guest = token(of_kind(state::TokenKind::link, "cam01"));
  const Principal owner = must(bearer(made.secret));
  const Principal viewer = must(basic("viewer", "viewer's password"));
  clock_.pass(*wanted.until - now() - 1ms);
  EXPECT_EQ(may(owner, "cam01"), "vcr");
  clock_.pass(1ms);
  EXPECT_EQ(may(owner, "cam01"), "");
  EXPECT_EQ(status(bearer(made.secret)), 401);
  EXPECT_EQ(may(viewer, "cam01"), "v");
  clock_.pass(1h);
  EXPECT_EQ(may(viewer, "cam01"), "");
  EXPECT_EQ(status(link(guest.secret)), 200);
  clock_.pass(24h);
  EXPECT_EQ(status(link(guest.secret)), 404);
}

TEST_F(AccessTest, WithoutStateTheKnownGoOnForHalfAMinute) {
  const auto made = token(of("owner"));
  const Principal owner = must(bearer(made.secret));
  const std::string path = store_->state_path();
  ASSERT_EQ(::rename(path.c_str(), (path + ".away").c_str()), 0);
  clock_.pass(29s);
  EXPECT_EQ(status(bearer(made.secret)), 200);
  EXPECT_EQ(may(owner, "cam01"), "vcr");
  EXPECT_EQ(status(bearer("cbx_unknown")), 401);
  clock_.pass(1s);
  const Response response = ask(bearer(made.secret));
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(header(response, "Retry-After"), "");
  EXPECT_EQ(may(owner, "cam01"), "");
  EXPECT_EQ(status(from("192.0.2.1")), 401);
  ASSERT_EQ(::rename((path + ".away").c_str(), path.c_str()), 0);
  clock_.pass(1s);
  EXPECT_EQ(status(bearer(made.secret)), 200);
}

TEST_F(AccessTest, AStoreWithoutStateLetsNobodyIn) {
  state_.reset();
  access_.reset();
  ASSERT_EQ(::unlink(store_->state_path().c_str()), 0);
  start({});
  EXPECT_EQ(status(basic("owner", "owner's password")), 503);
  EXPECT_EQ(hashed(), 0);
}

TEST_F(AccessTest, UseIsNotedOnceADay) {
  const auto made = token(of("owner"));
  const int64_t counter = *state_->change_counter();
  const auto used = [&] { return state_->tokens()->front().last_used; };
  const auto today = std::chrono::floor<std::chrono::days>(now());
  EXPECT_FALSE(used());
  for (int i = 0; i < 10; i++) EXPECT_EQ(status(bearer(made.secret)), 200);
  for (int i = 0; i < 600 && !used(); i++) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(used(), WallMs(today));
  EXPECT_EQ(*state_->change_counter(), counter);
  clock_.pass(24h);
  EXPECT_EQ(status(bearer(made.secret)), 200);
  for (int i = 0; i < 600 && used() == WallMs(today); i++) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(used(), WallMs(today + std::chrono::days{1}));
}

// Worth its time under ThreadSanitizer.
TEST_F(AccessTest, ManyAskWhileTokensComeAndGo) {
  const auto stays = token(of("owner"));
  std::atomic<bool> ending{false};
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++)
    threads.emplace_back([&, t] {
      for (int i = 0; !ending; i++) {
        Request request = i % 3 == 0 ? bearer(stays.secret)
                          : i % 3 == 1
                              ? basic("viewer", "viewer's password", "192.0.2." + std::to_string(t))
                              : basic("owner", "guess " + std::to_string(i), "10.0.0." + std::to_string(i % 250));
        auto answer = access_->with_principal(request, [&](const Principal& principal) {
          if (access_->may(principal, "cam01", Permission::view)) good++;
          return Response{};
        });
        if (auto* wait = std::get_if<http::Wait>(&answer)) wait_for(*wait);
        if (auto* response = std::get_if<Response>(&answer); response && i % 3 == 0 && response->status != 200) bad++;
      }
    });
  for (int i = 0; i < 40; i++) {
    const auto made = state_->add_token(of("owner"));
    ASSERT_TRUE(made);
    clock_.pass(1s);
    EXPECT_EQ(status(bearer(made->secret)), 200);
    ASSERT_TRUE(state_->remove_token(made->token.id));
    clock_.pass(1s);
    EXPECT_EQ(status(bearer(made->secret, "172.16.0." + std::to_string(i))), 401);
  }
  ending = true;
  for (auto& thread : threads) thread.join();
  EXPECT_GT(good, 0);
  EXPECT_EQ(bad, 0);
}

}  // namespace
}  // namespace cbx::web

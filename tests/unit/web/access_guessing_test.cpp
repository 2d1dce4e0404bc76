// Passwords: what a look at one costs, and who guesses.
#include "access_fixture.h"

namespace cbx::web {
namespace {

TEST_F(AccessTest, WrongNameAndWrongPasswordCostAndLookTheSame) {
  ASSERT_TRUE(state_->set_user_enabled("stranger", false));
  state::User tokens_only;
  tokens_only.name = "robot";
  ASSERT_TRUE(state_->add_user(tokens_only));
  std::set<std::string> answers;
  for (const auto& [name, password] :
       std::vector<std::pair<std::string, std::string>>{{"owner", "wrong"},
                                                        {"nobody", "wrong"},
                                                        {"stranger", "stranger's password"},  // disabled
                                                        {"robot", ""},
                                                        {"No Name At All", std::string(3000, 'x')},
                                                        {"owner", ""}}) {
    const int before = hashed();
    const Response response = ask(basic(name, password));
    EXPECT_EQ(hashed(), before + 1) << name;
    answers.insert(std::to_string(response.status) + header(response, "WWW-Authenticate") +
                   std::get<std::string>(response.body));
  }
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_FALSE(principal_);
}

TEST_F(AccessTest, ARightPasswordIsHashedOnceAMinute) {
  const auto ask_owner = [&] { return status(basic("owner", "owner's password")); };
  for (int i = 0; i < 50; i++) EXPECT_EQ(ask_owner(), 200);
  EXPECT_EQ(hashed(), 1);
  clock_.pass(59s);
  EXPECT_EQ(ask_owner(), 200);
  EXPECT_EQ(hashed(), 1);
  clock_.pass(1s);
  EXPECT_EQ(ask_owner(), 200);
  EXPECT_EQ(hashed(), 2);
  // Another change of state.db doesn't matter, one of the password does.
  add_user("another");
  clock_.pass(1s);
  EXPECT_EQ(ask_owner(), 200);
  EXPECT_EQ(hashed(), 2);
  ASSERT_TRUE(state_->set_password("owner", "hash of something else"));
  clock_.pass(1s);
  EXPECT_EQ(ask_owner(), 401);
  EXPECT_EQ(status(basic("owner", "something else")), 200);
  // A password that was wrong a moment ago may have become right.
  EXPECT_EQ(status(basic("viewer", "new password")), 401);
  ASSERT_TRUE(state_->set_password("viewer", "hash of new password"));
  clock_.pass(1s);
  EXPECT_EQ(status(basic("viewer", "new password")), 200);
}

TEST_F(AccessTest, GuessingFromOneAddressEnds) {
  for (int i = 0; i < 10; i++) EXPECT_EQ(status(basic("owner", "guess " + std::to_string(i))), 401);
  EXPECT_EQ(hashed(), 10);
  Response response = ask(basic("viewer", "another guess"));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(header(response, "Retry-After"), "60");
  EXPECT_EQ(status(basic("viewer", "viewer's password")), 429);
  EXPECT_EQ(hashed(), 10);
  EXPECT_EQ(status(bearer(token(of("owner")).secret)), 200);  // no guess
  EXPECT_EQ(status(basic("viewer", "viewer's password", "192.0.2.2")), 200);
  clock_.pass(60s);
  EXPECT_EQ(status(basic("viewer", "viewer's password")), 200);
}

TEST_F(AccessTest, GuessingEndsAlsoWhileTheRightPasswordIsRemembered) {
  EXPECT_EQ(status(basic("owner", "owner's password", "203.0.113.5")), 200);
  for (int i = 0; i < 10; i++) EXPECT_EQ(status(basic("owner", "guess " + std::to_string(i))), 401);
  EXPECT_EQ(status(basic("owner", "owner's password")), 429);
  EXPECT_EQ(status(basic("owner", "owner's password", "203.0.113.5")), 200);
  for (int i = 0; i < 10; i++) (void)ask(basic("owner", "guess " + std::to_string(i), "203.0.113.5"));
  EXPECT_EQ(status(basic("owner", "owner's password", "203.0.113.5")), 429);
}

TEST_F(AccessTest, TheSameWrongPasswordAgainIsNoFurtherGuess) {
  for (int i = 0; i < 100; i++) EXPECT_EQ(status(basic("owner", "old password")), 401);
  EXPECT_EQ(hashed(), 1);
  EXPECT_EQ(status(basic("owner", "owner's password")), 200);
  for (int i = 0; i < 100; i++) EXPECT_EQ(status(bearer("cbx_old")), 401);
  EXPECT_EQ(status(bearer("cbx_older")), 401);
}

TEST_F(AccessTest, WrongTokensEndIn429AndHinderNoPassword) {
  for (int i = 0; i < 10; i++) EXPECT_EQ(status(bearer("cbx_" + std::to_string(i))), 401);
  EXPECT_EQ(status(bearer("cbx_10")), 429);
  EXPECT_EQ(status(link("cbx_11")), 429);
  EXPECT_EQ(status(bearer("cbx_10", "192.0.2.2")), 401);
  EXPECT_EQ(status(basic("owner", "owner's password")), 200);
}

TEST_F(AccessTest, AnIpv6NetworkIsOneAddress) {
  for (int i = 0; i < 10; i++)
    EXPECT_EQ(status(basic("a" + std::to_string(i), "guess", "2001:db8:1:2::" + std::to_string(i + 1))), 401);
  EXPECT_EQ(status(basic("owner", "owner's password", "2001:db8:1:2:ffff::1")), 429);
  EXPECT_EQ(status(basic("owner", "owner's password", "2001:db8:1:3::1")), 200);
  // The same host under both spellings.
  for (int i = 0; i < 10; i++) EXPECT_EQ(status(basic("b" + std::to_string(i), "guess", "::ffff:198.51.100.7")), 401);
  EXPECT_EQ(status(basic("owner", "owner's password", "198.51.100.7")), 429);
  EXPECT_EQ(status(basic("owner", "owner's password", "198.51.100.8")), 200);
}

TEST_F(AccessTest, TheVictimOfGuessingIsNotLockedOut) {
  EXPECT_EQ(status(basic("owner", "owner's password", "203.0.113.5")), 200);
  clock_.pass(61s);
  // By one address: others are let in, also those that the account was never used from.
  for (int i = 0; i < 100; i++) (void)ask(basic("owner", "guess " + std::to_string(i), "198.51.100.1"));
  EXPECT_EQ(status(basic("owner", "owner's password", "198.51.100.1")), 429);
  EXPECT_EQ(status(basic("owner", "owner's password", "198.51.100.2")), 200);
  // By many.
  clock_.pass(61s);
  int refused = 0;
  for (int i = 3; i < 153; i++) {
    const std::string peer = "198.51.100." + std::to_string(i);
    refused += status(basic("owner", "guess " + std::to_string(i), peer)) == 429;
  }
  EXPECT_EQ(refused, 50);
  EXPECT_EQ(status(basic("owner", "owner's password", "198.51.100.200")), 429);  // from somewhere new
  EXPECT_EQ(status(basic("viewer", "viewer's password", "198.51.100.200")), 200);
  EXPECT_EQ(status(basic("owner", "owner's password", "203.0.113.5")), 200);  // from home
  // Nor by somebody who guesses others' passwords from there.
  clock_.pass(61s);
  for (int i = 0; i < 20; i++) (void)ask(basic("someone", "guess " + std::to_string(i), "203.0.113.5"));
  EXPECT_EQ(status(basic("someone", "a guess", "203.0.113.5")), 429);
  EXPECT_EQ(status(basic("owner", "owner's password", "203.0.113.5")), 200);
  // Guesses at the account from there are bounded, too.
  clock_.pass(61s);
  for (int i = 0; i < 10; i++) (void)ask(basic("owner", "guess " + std::to_string(i), "203.0.113.5"));
  EXPECT_EQ(status(basic("owner", "a guess", "203.0.113.5")), 429);
}

TEST_F(AccessTest, NamesThatNobodyHasAreLimitedLikeOthers) {
  for (const char* name : {"owner", "nobody"}) {
    int refused = 0;
    for (int i = 0; i < 110; i++)
      refused +=
          status(basic(name, "guess " + std::to_string(i),
                       std::string("2001:db8:") + (name[0] == 'o' ? "a:" : "b:") + std::to_string(i) + "::1")) == 429;
    EXPECT_EQ(refused, 10) << name;
  }
}

TEST_F(AccessTest, TooManyPasswordsAtOnceAreAnswered503) {
  std::mutex gate;
  std::unique_lock closed(gate);
  Access::Options options;
  options.hashing = 1;
  options.queue = 4;
  options.verify = [&](const std::string&, std::string_view) {
    const std::lock_guard lock(gate);
    return false;
  };
  Access access(*store_, options, clock_, log_);
  int pending = 0, busy = 0;
  std::vector<http::Wait> waits;
  for (int i = 0; i < 50; i++) {
    Request request = basic("name" + std::to_string(i), "guess", "10.0.0." + std::to_string(i));
    auto answer = access.with_principal(request, [](const Principal&) { return Response{}; });
    if (auto* wait = std::get_if<http::Wait>(&answer)) {
      pending++;
      waits.push_back(*wait);
      // The same again joins the first.
      auto again = access.with_principal(request, [](const Principal&) { return Response{}; });
      EXPECT_EQ(std::get<http::Wait>(again).on, wait->on);
      request.waited = true;
      again = access.with_principal(request, [](const Principal&) { return Response{}; });
      EXPECT_EQ(std::get<Response>(again).status, 503);
    } else {
      EXPECT_EQ(std::get<Response>(answer).status, 503);
      busy++;
    }
  }
  EXPECT_GE(pending, 4);
  EXPECT_LE(pending, 5);
  EXPECT_EQ(busy, 50 - pending);
  closed.unlock();
  for (const auto& wait : waits) wait_for(wait);
}

TEST_F(AccessTest, ManyGuessesAtOnceAreNoWayAroundTheLimit) {
  Access::Options options;
  options.queue = 1000;
  start(options);
  int blocked = 0;
  for (int i = 0; i < 50; i++) {
    Request request = basic("owner", "guess " + std::to_string(i));
    auto answer = access_->with_principal(request, [](const Principal&) { return Response{}; });
    if (auto* response = std::get_if<Response>(&answer)) blocked += response->status == 429;
  }
  EXPECT_EQ(blocked, 40);
}

TEST_F(AccessTest, RealPasswordsAreArgon2id) {
  access_.reset();
  Access access(*store_, {}, clock_, log_);
  const auto hash = state::hash_password("correct horse");
  ASSERT_TRUE(hash);
  ASSERT_TRUE(state_->set_password("owner", *hash));
  const auto ask_real = [&](std::string_view password) {
    Request request = basic("owner", password);
    auto answer = access.with_principal(request, [](const Principal&) { return Response{}; });
    while (auto* wait = std::get_if<http::Wait>(&answer)) {
      wait_for(*wait);
      answer = access.with_principal(request, [](const Principal&) { return Response{}; });
    }
    return std::get<Response>(answer).status;
  };
  EXPECT_EQ(ask_real("correct horse"), 200);
  EXPECT_EQ(ask_real("correct horses"), 401);
}

}  // namespace
}  // namespace cbx::web

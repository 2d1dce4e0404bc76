// Who is let in, and to what.
#include "web/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "state/state.h"
#include "temp_dir.h"
#include "web/test_clock.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using http::Response;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string base64(std::string_view text) {
  std::string out(sodium_base64_encoded_len(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

Request from(std::string peer, Method method = Method::get) {
  Request request;
  request.method = method;
  request.path = "/media/cam01/hls/live/main.m3u8";
  request.peer = std::move(peer);
  return request;
}
Request bearer(std::string_view token, std::string peer = "192.0.2.1", Method method = Method::get) {
  Request request = from(std::move(peer), method);
  request.headers["authorization"] = "Bearer " + std::string(token);
  return request;
}
Request basic(std::string_view name, std::string_view password, std::string peer = "192.0.2.1",
              Method method = Method::get) {
  Request request = from(std::move(peer), method);
  request.headers["authorization"] = "Basic " + base64(std::string(name) + ":" + std::string(password));
  return request;
}
Request link(std::string_view token, Method method = Method::get) {
  Request request = from("192.0.2.1", method);
  request.path = "/t/" + std::string(token) + request.path;
  Access::take_share_link(request);
  return request;
}

std::string header(const Response& response, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : response.headers)
    if (key == name) all += (all.empty() ? "" : " | ") + value;
  return all;
}

// A hash of a password is the password here, so that tests don't wait for Argon2id; each look is counted.
class AccessTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = store::Store::init(dir_.path() + "/root", UtcOffset{}, std::nullopt);
    ASSERT_TRUE(made);
    store_.emplace(std::move(*made));
    state_.emplace(std::move(*state::State::open(store_->state_path(), true)));
    for (const char* name : {"owner", "viewer", "stranger", "boss"}) add_user(name);
    ASSERT_TRUE(state_->set_user_enabled("boss", true));
    for (const char* id : {"cam01", "cam02"}) {
      state::Device device;
      device.id = id;
      ASSERT_TRUE(state_->add_device(device));
    }
    ASSERT_TRUE(state_->set_owner("cam01", "owner"));
    ASSERT_TRUE(state_->share({"cam01", "viewer", now() + 1h, now()}));
    start({});
  }
  void start(Access::Options options) {
    access_.reset();
    options.verify = [this](const std::string& hash, std::string_view password) {
      const std::lock_guard lock(mutex_);
      hashed_++;
      return hash == "hash of " + std::string(password);
    };
    access_.emplace(*store_, options, clock_, log_);
  }
  void add_user(const std::string& name) {
    state::User user;
    user.name = name;
    user.password_hash = "hash of " + name + "'s password";
    user.admin = name == "boss";
    ASSERT_TRUE(state_->add_user(user));
  }
  WallMs now() const { return floor_ms(clock_.wall()); }
  int hashed() {
    const std::lock_guard lock(mutex_);
    return hashed_;
  }
  // As the server does it: calls again when there is news.
  Response ask(Request request) {
    principal_.reset();
    for (int calls = 0; calls < 100; calls++) {
      auto answer = access_->with_principal(request, [&](const Principal& principal) {
        principal_ = principal;
        return Response{};
      });
      user_ = request.user;
      if (auto* response = std::get_if<Response>(&answer)) return std::move(*response);
      wait_for(std::get<http::Wait>(answer));
    }
    ADD_FAILURE() << "no answer";
    return {};
  }
  static void wait_for(const http::Wait& wait) {
    std::mutex mutex;
    std::condition_variable changed;
    const auto subscription = wait.on->subscribe([&] {
      const std::lock_guard lock(mutex);
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 30s, [&] { return wait.on->count() != wait.seen; }));
  }
  Principal must(Request request) {
    const Response response = ask(std::move(request));
    EXPECT_EQ(response.status, 200);
    return principal_.value_or(Principal{});
  }
  int status(Request request) { return ask(std::move(request)).status; }
  std::string may(const Principal& principal, std::string_view device) {
    std::string out;
    if (access_->may(principal, device, Permission::view)) out += "v";
    if (access_->may(principal, device, Permission::change)) out += "c";
    if (access_->may(principal, device, Permission::report)) out += "r";
    return out;
  }
  state::NewToken token(state::Token wanted) {
    wanted.created = now();
    auto made = state_->add_token(std::move(wanted));
    EXPECT_TRUE(made);
    clock_.pass(1s);
    return *made;
  }
  state::Token of(const std::string& user) {
    state::Token wanted;
    wanted.user = user;
    return wanted;
  }
  state::Token of_kind(state::TokenKind kind, const std::string& device) {
    state::Token wanted;
    wanted.kind = kind;
    wanted.device = device;
    if (kind == state::TokenKind::link) wanted.until = now() + 24h;
    return wanted;
  }

  test::TempDir dir_;
  test::TestClock clock_;
  Logger log_ = Logger::silent();
  std::optional<store::Store> store_;
  std::optional<state::State> state_;
  std::mutex mutex_;
  int hashed_ = 0;
  std::optional<Access> access_;
  std::optional<Principal> principal_;
  std::string user_;
};

TEST_F(AccessTest, EveryRoleAndPermission) {
  const auto as = [&](const std::string& name) { return must(basic(name, name + "'s password")); };
  const Principal owner = as("owner"), viewer = as("viewer"), stranger = as("stranger"), boss = as("boss");
  EXPECT_EQ(may(owner, "cam01"), "vcr");
  EXPECT_EQ(may(viewer, "cam01"), "v");
  EXPECT_EQ(may(stranger, "cam01"), "");
  EXPECT_EQ(may(boss, "cam01"), "vcr");
  for (const auto& p : {owner, viewer, stranger}) {
    EXPECT_EQ(may(p, "cam02"), "");    // nobody's
    EXPECT_EQ(may(p, "unknown"), "");  // of the index alone
    EXPECT_EQ(may(p, ""), "");
    EXPECT_FALSE(p.admin);
  }
  EXPECT_TRUE(boss.admin);
  EXPECT_EQ(may(boss, "cam02"), "vcr");
  EXPECT_EQ(may(boss, "unknown"), "vcr");

  const Principal camera = must(bearer(token(of_kind(state::TokenKind::device, "cam01")).secret));
  EXPECT_EQ(may(camera, "cam01"), "r");
  EXPECT_EQ(may(camera, "cam02"), "");
  EXPECT_EQ(camera.kind, Principal::Kind::device);
  EXPECT_EQ(camera.name, "cam01");
  EXPECT_EQ(user_, "device:cam01");
  const Principal guest = must(link(token(of_kind(state::TokenKind::link, "cam01")).secret));
  EXPECT_EQ(may(guest, "cam01"), "v");
  EXPECT_EQ(may(guest, "cam02"), "");
  EXPECT_EQ(guest.kind, Principal::Kind::link);
  EXPECT_TRUE(user_.starts_with("link:"));

  const std::vector<std::string> all{"unknown", "cam02", "cam01"};
  EXPECT_THAT(access_->visible(boss, all), ElementsAre("unknown", "cam02", "cam01"));
  for (const auto& p : {owner, viewer, guest}) EXPECT_THAT(access_->visible(p, all), ElementsAre("cam01"));
  for (const auto& p : {stranger, camera}) EXPECT_TRUE(access_->visible(p, all).empty());
  EXPECT_EQ(may(Principal{}, "cam01"), "");
}

TEST_F(AccessTest, TokensMayWhatTheirUserMayOrLess) {
  state::Token wanted = of("owner");
  EXPECT_EQ(may(must(bearer(token(wanted).secret)), "cam01"), "vcr");
  wanted.read_only = true;
  EXPECT_EQ(may(must(bearer(token(wanted).secret)), "cam01"), "v");
  wanted = of("boss");
  EXPECT_TRUE(must(bearer(token(wanted).secret)).admin);
  wanted.device = "cam01";
  const Principal narrow = must(bearer(token(wanted).secret));
  EXPECT_FALSE(narrow.admin);  // other than its device there is nothing for it
  EXPECT_EQ(may(narrow, "cam01"), "vcr");
  EXPECT_EQ(may(narrow, "cam02"), "");
  wanted = of("stranger");
  wanted.device = "cam01";
  EXPECT_EQ(may(must(bearer(token(wanted).secret)), "cam01"), "");
  // As players show it.
  EXPECT_EQ(must(basic("x", token(of("owner")).secret)).name, "owner");
  EXPECT_EQ(must(basic("", token(of("owner")).secret)).name, "owner");
  EXPECT_EQ(hashed(), 0);
}

TEST_F(AccessTest, LinksAreForLookingOnly) {
  const auto guest = token(of_kind(state::TokenKind::link, "cam01"));
  Request request = link(guest.secret);
  EXPECT_EQ(request.path, "/media/cam01/hls/live/main.m3u8");
  EXPECT_EQ(status(request), 200);
  EXPECT_EQ(status(link(guest.secret, Method::head)), 200);
  for (const Method method : {Method::post, Method::put, Method::patch, Method::del}) {
    EXPECT_EQ(status(link(guest.secret, method)), 403);
    EXPECT_EQ(status(bearer(guest.secret, "192.0.2.1", method)), 403);
  }
  // A token that can do more doesn't belong into addresses.
  EXPECT_EQ(status(link(token(of("owner")).secret)), 404);
  EXPECT_EQ(status(link(token(of_kind(state::TokenKind::device, "cam01")).secret)), 404);
  // A browser's own header doesn't make more of it.
  request = link(guest.secret);
  request.headers["authorization"] = basic("boss", "boss's password").headers["authorization"];
  EXPECT_TRUE(must(request).read_only);
  request = link("wrong");
  request.headers["authorization"] = basic("boss", "boss's password").headers["authorization"];
  EXPECT_EQ(status(request), 404);
}

TEST_F(AccessTest, ThePrefixOfALink) {
  const auto path = [](std::string text) {
    Request request;
    request.path = std::move(text);
    Access::take_share_link(request);
    return request.path + (request.headers.empty() ? "" : " " + request.headers.begin()->second);
  };
  EXPECT_EQ(path("/t/abc/media/x"), "/media/x abc");
  EXPECT_EQ(path("/t/abc"), "/ abc");
  EXPECT_EQ(path("/t/abc/"), "/ abc");
  EXPECT_EQ(path("/t/"), "/ ");
  EXPECT_EQ(path("/t"), "/t");
  EXPECT_EQ(path("/tt/abc"), "/tt/abc");
  EXPECT_EQ(path("/x/t/abc"), "/x/t/abc");
}

TEST_F(AccessTest, SecretsAreTakenOutOfAddresses) {
  const std::string secret = "cbx_" + std::string(43, 'x');
  EXPECT_EQ(Access::redact("/t/" + secret + "/media/cam01?a=b"), "/t/…/media/cam01?a=b");
  EXPECT_EQ(Access::redact("/t/short"), "/t/…");
  EXPECT_EQ(Access::redact("//t/short"), "//t/…");
  EXPECT_EQ(Access::redact("/media/t/cam01"), "/media/t/cam01");
  EXPECT_EQ(Access::redact("/x?token=abc&b=c&Access_Token=d"), "/x?token=…&b=c&Access_Token=…");
  for (const std::string& hidden :
       {"/" + secret, "/%74/" + secret, "/x?y=" + secret, "/x?" + secret, "/x?y=cbx%5F" + std::string(43, 'x'),
        "/cbx%5f" + std::string(43, 'x') + "/y", "/%74/" + std::string(20, 'x'), std::string("/x?t%6Fken=xxxx")})
    EXPECT_THAT(Access::redact(hidden), Not(HasSubstr("xxxx"))) << hidden;
  for (const char* harmless : {"", "/", "/a/b.mp4", "?", "/a?b", "/a?b=c&", "/%", "/%zz?%", "*"})
    EXPECT_EQ(Access::redact(harmless), harmless);
}

TEST_F(AccessTest, WithoutCredentialsTheAnswerNamesTheWays) {
  const Response response = ask(from("192.0.2.1"));
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(header(response, "WWW-Authenticate"), HasSubstr("Basic realm=\"cbx\""));
  EXPECT_THAT(header(response, "WWW-Authenticate"), HasSubstr("Bearer"));
  for (const char* field :
       {"", "Digest x", "Basic", "Basic !!!!", "Basic YWJj", "Bearer", "Bearer ", "cbx", "Basic  "}) {
    Request request = from("192.0.2.1");
    request.headers["authorization"] = field;
    EXPECT_EQ(status(request), 401) << field;
  }
  for (int i = 0; i < 100; i++) EXPECT_EQ(status(from("192.0.2.1")), 401);  // asking is no failure
  EXPECT_EQ(hashed(), 0);
}

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

TEST_F(AccessTest, OtherSitesPagesMayLookButNotChange) {
  Request request = basic("owner", "owner's password", "192.0.2.1", Method::del);
  EXPECT_EQ(status(request), 200);
  for (const char* site : {"cross-site", "same-site"}) {
    request.headers["sec-fetch-site"] = site;
    EXPECT_EQ(status(request), 403);
  }
  request.headers["sec-fetch-site"] = "same-origin";
  EXPECT_EQ(status(request), 200);
  request.method = Method::get;
  request.headers["sec-fetch-site"] = "cross-site";
  EXPECT_EQ(status(request), 200);
  request = bearer(token(of("owner")).secret, "192.0.2.1", Method::del);
  request.headers["sec-fetch-site"] = "cross-site";
  EXPECT_EQ(status(request), 200);  // no browser adds a token by itself
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

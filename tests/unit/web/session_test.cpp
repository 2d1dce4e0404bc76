// Sessions as credentials.
#include <gtest/gtest.h>
#include <sodium.h>

#include "state/state.h"
#include "temp_dir.h"
#include "web/access.h"
#include "web/credentials.h"
#include "web/directory.h"
#include "web/test_clock.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;

class SessionTest : public testing::Test {
 protected:
  SessionTest() : store_(*store::Store::init(dir_.path(), UtcOffset{}, std::nullopt)) {
    state_.emplace(*state::State::open(store_.state_path(), true));
    for (const char* name : {"kim", "boss"}) {
      state::User user;
      user.name = name;
      user.email = std::string(name) + "@Example.org";
      user.admin = user.name == "boss";
      user.created = now();
      EXPECT_TRUE(state_->add_user(user));
    }
    Access::Options options;
    options.verify = [](const std::string&, std::string_view) { return false; };
    access_.emplace(store_, options, clock_, log_);
    kim_ = session("kim");
  }

  WallMs now() const { return floor_ms(clock_.wall()); }
  state::NewSession session(const char* user) { return *state_->add_session(user, "192.0.2.7", "browser", now()); }
  static Request with(const std::string& secret, Method method = Method::get) {
    Request request;
    request.method = method;
    request.path = "/api/v1/me";
    request.peer = "192.0.2.7";
    request.headers["host"] = "cbx.example.org";
    request.headers["cookie"] = "a=b; __Host-cbx=" + secret + "; c=d";
    return request;
  }
  http::Response ask(Request request) {
    auto answer = access_->with_principal(request, [&](const Principal& principal) {
      principal_ = principal;
      return http::Response{};
    });
    return std::get<http::Response>(answer);
  }
  int status(const Request& request) { return ask(request).status; }
  static std::string challenges(const http::Response& response) {
    std::string all;
    for (const auto& [name, value] : response.headers)
      if (name == "WWW-Authenticate") all += value.substr(0, value.find(' ')) + " ";
    return all;
  }

  test::TempDir dir_;
  test::TestClock clock_;
  Logger log_ = Logger::silent();
  store::Store store_;
  std::optional<state::State> state_;
  std::optional<Access> access_;
  state::NewSession kim_;
  Principal principal_;
};

TEST_F(SessionTest, LetsInWhoseItIs) {
  EXPECT_EQ(status(with(kim_.secret)), 200);
  EXPECT_EQ(principal_.name, "kim");
  EXPECT_EQ(principal_.session, kim_.session.id);
  EXPECT_FALSE(principal_.admin);
  EXPECT_EQ(status(with("")), 401);
  EXPECT_EQ(status(with(kim_.secret.substr(1))), 401);
  EXPECT_EQ(status(with(kim_.secret + "x")), 401);
  // Another cookie that looks alike is none.
  Request other = with("");
  other.headers["cookie"] = "x__Host-cbx=" + kim_.secret + "; __Host-cbx2=" + kim_.secret;
  EXPECT_EQ(status(other), 401);
}

TEST_F(SessionTest, AnAuthorizationFieldAndALinkWinOverIt) {
  Request bearer = with(kim_.secret);
  bearer.headers["authorization"] = "Bearer cbx_wrong";
  EXPECT_EQ(status(bearer), 401);
  Request link = with(kim_.secret);
  link.path = "/t/cbx_wrong/api/v1/me";
  Access::take_share_link(link);
  EXPECT_EQ(status(link), 404);
}

TEST_F(SessionTest, EndsAtOnceHereAndWithinASecondElsewhere) {
  const auto second = session("kim");
  clock_.pass(1s);
  EXPECT_EQ(status(with(second.secret)), 200);
  const Principal before = principal_;
  ASSERT_TRUE(state_->end_session(second.session.id));
  EXPECT_EQ(status(with(second.secret)), 200);  // not looked at yet
  access_->refresh();
  EXPECT_EQ(status(with(second.secret)), 401);
  EXPECT_EQ(status(with(kim_.secret)), 200);
  ASSERT_TRUE(state_->end_sessions("kim", ""));
  clock_.pass(1s);
  EXPECT_EQ(status(with(kim_.secret)), 401);
  // Who was let in before may nothing any more.
  state::Device device;
  device.id = "cam01";
  device.created = now();
  ASSERT_TRUE(state_->add_device(device));
  ASSERT_TRUE(state_->set_owner("cam01", "kim"));
  access_->refresh();
  EXPECT_FALSE(access_->may(before, "cam01", Permission::view));
  const auto third = session("kim");
  access_->refresh();
  EXPECT_EQ(status(with(third.secret)), 200);
  EXPECT_TRUE(access_->may(principal_, "cam01", Permission::change));
  ASSERT_TRUE(state_->set_user_enabled("kim", false));
  access_->refresh();
  EXPECT_FALSE(access_->may(principal_, "cam01", Permission::view));
  EXPECT_EQ(status(with(third.secret)), 401);
}

TEST_F(SessionTest, IdlesOutUnlessItIsUsed) {
  const auto idle = session("boss");
  EXPECT_EQ(status(with(kim_.secret)), 200);
  for (int day = 0; day < 20; day++) {
    clock_.pass(24h);
    EXPECT_EQ(status(with(kim_.secret)), 200) << day;
  }
  EXPECT_EQ(status(with(idle.secret)), 401);
  for (int day = 20; day < 89; day++) {
    clock_.pass(24h);
    EXPECT_EQ(status(with(kim_.secret)), 200) << day;
  }
  clock_.pass(25h);
  EXPECT_EQ(status(with(kim_.secret)), 401);  // 90 days, used or not
}

TEST_F(SessionTest, ItsUseIsNotedEveryTenMinutes) {
  const auto used = [&] {
    const auto all = state_->sessions();
    for (const auto& s : *all)
      if (s.id == kim_.session.id) return s.last_used;
    return WallMs{};
  };
  const WallMs start = now();
  clock_.pass(9min);
  EXPECT_EQ(status(with(kim_.secret)), 200);
  clock_.pass(1min);
  EXPECT_EQ(status(with(kim_.secret)), 200);
  for (int i = 0; i < 500 && used() == start; i++) usleep(10'000);
  EXPECT_EQ(used(), start + 10min);
}

TEST_F(SessionTest, ChangesSomethingFromOwnPagesOnly) {
  Request request = with(kim_.secret, Method::post);
  EXPECT_EQ(status(request), 403);
  const auto from = [&](const char* site, const char* origin, bool secure) {
    Request one = request;
    if (site) one.headers["sec-fetch-site"] = site;
    if (origin) one.headers["origin"] = origin;
    one.secure = secure;
    return status(one);
  };
  EXPECT_EQ(from("same-origin", nullptr, true), 200);
  EXPECT_EQ(from("same-origin", "https://evil.example", true), 200);  // browsers don't lie here
  for (const char* site : {"cross-site", "same-site", "none", "", "Same-Origin"})
    EXPECT_EQ(from(site, "https://cbx.example.org", true), 403) << site;
  EXPECT_EQ(from(nullptr, "https://cbx.example.org", true), 200);
  EXPECT_EQ(from(nullptr, "http://cbx.example.org", false), 200);
  for (const char* origin : {"http://cbx.example.org", "https://cbx.example.org:8443",
                             "https://cbx.example.org.evil.org", "https://evil.org", "null", "", "cbx.example.org"})
    EXPECT_EQ(from(nullptr, origin, true), 403) << origin;
  request.headers.erase("host");
  EXPECT_EQ(from(nullptr, "https://", true), 403);
}

TEST_F(SessionTest, BrowsersAreNotMadeToAskForPasswords) {
  Request page;
  page.peer = "192.0.2.7";
  EXPECT_EQ(challenges(ask(page)), "Basic Bearer ");
  page.headers["x-requested-with"] = "cbx";
  EXPECT_EQ(challenges(ask(page)), "Bearer ");
  EXPECT_EQ(challenges(ask(with("ended"))), "Bearer ");
}

TEST_F(SessionTest, KnowsUsersByAddressAndPlace) {
  const auto now = access_->directory();
  ASSERT_TRUE(now);
  ASSERT_TRUE(now->user_who_is("KIM@example.ORG"));
  EXPECT_EQ(now->user_who_is("KIM@example.ORG")->name, "kim");
  EXPECT_EQ(now->user_who_is("kim")->name, "kim");
  EXPECT_FALSE(now->user_who_is("Kim"));
  EXPECT_FALSE(now->user_who_is("lee@example.org"));
  EXPECT_TRUE(now->is_known_place("kim", "192.0.2.7"));
  EXPECT_FALSE(now->is_known_place("boss", "192.0.2.7"));
}

TEST(SessionCookie, WhereBrowsersKeepIt) {
  for (const auto& [host, kept] : {std::pair{"localhost", true},
                                   {"localhost:8080", true},
                                   {"LOCALHOST", true},
                                   {"127.0.0.1:8080", true},
                                   {"127.1.2.3", true},
                                   {"[::1]", true},
                                   {"[::1]:8080", true},
                                   {"cbx.localhost", true},
                                   {"cbx.example.org", false},
                                   {"192.168.0.2:8080", false},
                                   {"[::1].example.org", false},
                                   {"127.0.0.1.example.org", false},
                                   {"notlocalhost", false},
                                   {"", false}}) {
    http::Request request;
    request.headers["host"] = host;
    EXPECT_EQ(keeps_session_cookie(request), kept) << host;
    request.secure = true;
    EXPECT_TRUE(keeps_session_cookie(request));
  }
  EXPECT_EQ(session_cookie("secret", 60s), "__Host-cbx=secret; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
}

}  // namespace
}  // namespace cbx::web

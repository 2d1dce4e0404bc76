// Who is let in, and to what.
#include "access_fixture.h"

namespace cbx::web {
namespace {

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

TEST_F(AccessTest, APasswordAloneIsNoWayAroundTheSecondFactor) {
  EXPECT_EQ(status(basic("owner", "owner's password")), 200);
  ASSERT_TRUE(state_->set_email("owner", "owner@example.org", {}));
  clock_.pass(1s);
  const Response refused = ask(basic("owner", "owner's password"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(std::get<std::string>(refused.body), HasSubstr("second factor"));
  EXPECT_THAT(std::get<std::string>(ask(basic("owner", "a guess")).body), Not(HasSubstr("second factor")));
  EXPECT_EQ(status(basic("owner", token(of("owner")).secret)), 200);
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

}  // namespace
}  // namespace cbx::web

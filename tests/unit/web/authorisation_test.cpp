// Who may what: every route that is registered, asked by everybody.  A route that the table doesn't know fails the
// test, as does a line of the table that no route has.
#include <set>

#include "api_fixture.h"

namespace cbx::web {
namespace {

// Who asks, in the order of the table's columns.
constexpr const char* kAskers[] = {"nobody",       "stranger",  "viewer",    "owner",   "admin", "device",
                                   "other_device", "read_only", "elsewhere", "expired", "link",  "session"};
constexpr size_t kOwner = 3, kSession = 11;

// + answered · - 401 · 0 404, as if there was nothing · x 403 · b 400: it got as far as the body · g 410
struct Line {
  // Below the camera's address where it begins with no slash; $ is the first file, ! the link, ^ an invitation.
  const char *route, *path;
  // nobody stranger viewer owner admin device other read_only elsewhere expired link, and the owner's session where
  // that may something else than the owner's token
  const char* expected;
  const char* body = "";
  bool changes_accounts = false;  // state.db is put back before each is asked
};

constexpr const char* kAnybody = "+++++++++++";
constexpr const char* kAnyPrincipal = "-++++++++-+";
constexpr const char* kView = "-0+++00+0-+";
constexpr const char* kChange = "-0x++00x0-x";
constexpr const char* kWholeUser = "-++++xxxx-x+";  // who changes something of their own
constexpr const char* kViewer = "-0+++00x0-x";      // to take oneself off, with a token that may change something
constexpr const char* kAdmin = "-xxx+xxxx-x";
constexpr const char* kUser = "-++++xx+x-x+";
// With a session: its password or code was wrong.
constexpr const char* kSessionWrong = "-xxxxxxxx-x-";
constexpr const char* kAll401 = "------------";
constexpr const char* kAllGone = "gggggggggggg";
constexpr const char* kAllBad = "bbbbbbbbbbbb";
constexpr const char* kAllRefused = "xxxxxxxxxxxx";
constexpr const char* kProof = R"({"challenge":"x","code":"123456"})";

constexpr Line kTable[] = {
    {"getHealth", "/healthz", kAnybody},
    {"getReadiness", "/readyz", kAnybody},
    {"getMetrics", "/metrics", kAdmin},
    {"getDescription", "/api/v1/openapi.json", kAnybody},
    {"getMe", "/api/v1/me", kAnyPrincipal},
    {"getStore", "/api/v1/store", kAdmin},
    {"listDevices", "/api/v1/devices", kAnyPrincipal},
    {"getDevice", "", kView},
    {"addDevice", "/api/v1/devices", kWholeUser, R"({"nickname":"another"})", true},
    {"claimDevice", "/api/v1/devices/claim", kWholeUser, R"({"device":"cam02","key":"key-of-cam02"})", true},
    {"getDeviceKey", "/key", kChange},
    {"renewDeviceKey", "/key", kChange, "", true},
    {"changeDevice", "", kChange, R"({"nickname":"renamed"})", true},
    {"removeDevice", "?footage=keep", kChange, "", true},
    {"listShares", "/shares", kChange},
    {"shareDevice", "/shares/stranger", kChange, "{}", true},
    {"unshareDevice", "/shares/viewer", kViewer, "", true},
    {"addLink", "/links", kChange, R"({"until":"2099-01-01"})", true},
    {"removeLink", "/links/!", kChange, "", true},
    {"listUsers", "/api/v1/users", kAdmin},
    {"changeUser", "/api/v1/users/viewer", kAdmin, R"({"enabled":false})", true},
    {"removeUser", "/api/v1/users/viewer", kAdmin, "", true},
    {"endUserSessions", "/api/v1/users/viewer/sessions", kAdmin, "", true},
    {"clearUserTotp", "/api/v1/users/viewer/totp", kAdmin, "", true},
    {"listInvites", "/api/v1/invites", kAdmin},
    {"addInvite", "/api/v1/invites", kAdmin, "{}", true},
    {"removeInvite", "/api/v1/invites/^", kAdmin, "", true},
    {"getCoverage", "/coverage?range=2026-11-20", kView},
    {"listGaps", "/gaps?range=2026-11-20", kView},
    {"listDays", "/days", kView},
    {"explainMinute", "/minutes/2026-11-20T08:01:00Z", kView},
    {"listSegments", "/segments", kView},
    {"getSegment", "/segments/$", kView},
    {"deleteSegment", "/segments/$?dry_run=1", kChange},
    {"deleteDay", "/days/2026-11-20?dry_run=1", kChange},
    {"listEvents", "/events", kView},
    {"addEvent", "/events", kChange, R"({"kind":"mark","time":"2026-11-20T08:00:01Z"})"},
    {"listPins", "/pins", kView},
    {"addPin", "/pins", kChange, R"({"from":"2026-11-19","to":"2026-11-19T12:00:00Z","reason":"court"})"},
    {"removePins", "/pins?range=2026-11-19", kChange},
    {"getHlsMain", "/media/cam01/hls/2026-11-20/main.m3u8", kView},
    {"getHlsMedia", "/media/cam01/hls/2026-11-20/media.m3u8", kView},
    {"getDashManifest", "/media/cam01/dash/2026-11-20/manifest.mpd", kView},
    {"getInit", "/media/cam01/init/=.mp4", kView},
    {"getStretch", "/media/cam01/$/@", kView},
    {"getSegmentFile", "/media/cam01/$/segment.mp4", kView},
    {"getTrackStretch", "/media/cam01/$/video/~", kView},
    {"getPicture", "/media/cam01/picture/latest.jpg", kView},
    {"getCut", "/media/cam01/cut/2026-11-20/video.mp4", kView},
    {"getCutManifest", "/media/cam01/cut/2026-11-20/manifest", kView},
    {"getCutSignature", "/media/cam01/cut/2026-11-20/manifest.sig", kView},
    // Pages say nothing of anybody; what they ask for, does.
    {"pageHome", "/", kAnybody},
    {"pageLogin", "/login", kAnybody},
    {"pageSignup", "/signup", kAnybody},
    {"pageReset", "/reset", kAnybody},
    {"pageAccount", "/account", kAnybody},
    {"pageAdd", "/add", kAnybody},
    {"pageCalendar", "/d/cam01", kAnybody},
    {"pageSettings", "/d/cam01/settings", kAnybody},
    {"pageLive", "/d/cam01/live", kAnybody},
    {"pageDay", "/d/cam01/2026-11-20", kAnybody},
    {"pageTogether", "/together", kAnybody},
    {"pageAdmin", "/admin", kAnybody},
    {"pageAdminUsers", "/admin/users", kAnybody},
    {"pageAdminStore", "/admin/store", kAnybody},
    {"getAsset", "/assets/none/app.js", kAnybody},
    {"getWelcome", "/api/v1/welcome", kAnybody},
    {"login", "/api/v1/login", kAll401, R"({"name":"nobody","password":"wrong password"})"},
    {"confirmLogin", "/api/v1/login/code", kAllGone, kProof},
    {"resendCode", "/api/v1/challenge/resend", kAllGone, R"({"challenge":"x"})"},
    {"signUp", "/api/v1/signup", kAllRefused, R"({"name":"kim","email":"kim@example.org","password":"long enough"})"},
    {"confirmSignUp", "/api/v1/signup/confirm", kAllGone, kProof},
    {"resetPassword", "/api/v1/reset", kAllBad, R"({"email":"none"})"},
    {"confirmReset", "/api/v1/reset/code", kAllGone, kProof},
    {"finishReset", "/api/v1/reset/password", kAllGone, R"({"challenge":"x","password":"long enough"})"},
    {"getAccount", "/api/v1/account", kUser},
    {"changeAccount", "/api/v1/account", "-xxxxxxxx-x+", R"({"language":"ko"})"},
    {"changePassword", "/api/v1/account/password", kSessionWrong, R"({"current":"wrong","password":"long enough"})"},
    {"changeEmail", "/api/v1/account/email", kSessionWrong, R"({"email":"kim@example.org","password":"wrong"})"},
    {"confirmEmail", "/api/v1/account/email/confirm", "-xxxxxxxx-xg", kProof},
    {"beginTotp", "/api/v1/account/totp", kSessionWrong, R"({"password":"wrong"})"},
    {"confirmTotp", "/api/v1/account/totp/confirm", "-xxxxxxxx-xg", R"({"code":"123456"})"},
    {"removeTotp", "/api/v1/account/totp/remove", kSessionWrong, R"({"password":"wrong","code":"123456"})"},
    {"listSessions", "/api/v1/account/sessions", kUser},
    {"endSession", "/api/v1/account/sessions/0123456789ab", "-xxxxxxxx-x0"},
    {"endOtherSessions", "/api/v1/account/sessions", "-xxxxxxxx-x+"},
    {"logout", "/api/v1/logout", kAnybody},  // last: the session ends by it
};

char outcome(int status) {
  if (status >= 200 && status < 300) return '+';
  return status == 401   ? '-'
         : status == 404 ? '0'
         : status == 403 ? 'x'
         : status == 400 ? 'b'
         : status == 410 ? 'g'
                         : '?';
}

class Authorisation : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    clock_.advance(std::chrono::hours(1));
    // The first group of the first file, as the playlist names it.
    const std::string playlist = get("/media/cam01/hls/2026-11-20/media.m3u8").body;
    const size_t end = playlist.find(".m4s");
    ASSERT_NE(end, std::string::npos) << playlist;
    const size_t begin = playlist.find_last_of("/\n", end) + 1;
    stretch_ = playlist.substr(begin, end + 4 - begin);
    // And as the manifest names its video.
    const std::string manifest = get("/media/cam01/dash/2026-11-20/manifest.mpd").body;
    const size_t video = manifest.find(id(starts_[0]) + "/video/$Time$.m4s"), at = manifest.find(" t=\"", video);
    ASSERT_NE(at, std::string::npos) << manifest;
    const size_t init = playlist.find("/init/");
    ASSERT_NE(init, std::string::npos) << playlist;
    init_ = playlist.substr(init + 6, 16);
    time_ = manifest.substr(at + 4, manifest.find('"', at + 4) - at - 4) + ".m4s";
    auto state = state::State::open(store_.state_path(), false);
    ASSERT_TRUE(state) << state.error().message();
    const auto all = state->tokens();
    ASSERT_TRUE(all);
    for (const auto& token : *all)
      if (token.kind == state::TokenKind::link) link_ = token.id;
    state::Invite wanted;
    wanted.created = floor_ms(clock_.wall());
    const auto invite = state->add_invite(wanted);
    ASSERT_TRUE(invite) << invite.error().message();
    invite_ = invite->invite.id;
    ASSERT_TRUE(state->backup(dir_.path() + "/accounts", false));
  }

  std::string address(const Line& line) const {
    std::string path = line.path;
    for (const auto& [mark, text] : {std::pair<const char*, std::string>{"$", id(starts_[0])},
                                     {"@", stretch_},
                                     {"~", time_},
                                     {"!", link_},
                                     {"^", invite_},
                                     {"=.", init_ + "."}})
      if (const size_t at = path.find(mark); at != std::string::npos)
        path.replace(at, std::string_view(mark).size(), text);
    for (const char* root : {"/api/", "/media/", "/healthz", "/readyz", "/metrics", "/assets/"})
      if (path.starts_with(root)) return path;
    if (std::string_view(line.route).starts_with("page")) return path;
    return cam_ + path;
  }

  void put_accounts_back() {
    const Status done = state::State::restore(dir_.path() + "/accounts", store_.state_path(), true);
    ASSERT_TRUE(done) << done.error().message();
    access_->refresh();
    vault_->refresh();
  }

  std::string stretch_, time_, init_, link_, invite_;
};

TEST_F(Authorisation, EveryRouteByEverybody) {
  std::map<std::string, http::Method> registered;
  for (const auto* routes : {&routes_, &page_routes_})
    for (const auto& route : *routes)
      EXPECT_TRUE(registered.emplace(route.name, route.method).second) << "two routes are called " << route.name;
  std::set<std::string> tried;
  for (const Line& line : kTable) {
    std::string expected = line.expected;
    if (expected.size() == kSession) expected += expected[kOwner];
    ASSERT_EQ(expected.size(), std::size(kAskers)) << line.route;
    tried.insert(line.route);
    const auto route = registered.find(line.route);
    if (route == registered.end()) {
      ADD_FAILURE() << "no route is called " << line.route;
      continue;
    }
    for (size_t i = 0; i < std::size(kAskers); i++) {
      if (line.changes_accounts) put_accounts_back();
      const auto reply = ask(kAskers[i], std::string(http::method_name(route->second)), address(line), line.body);
      EXPECT_EQ(outcome(reply.status), expected[i])
          << line.route << " as " << kAskers[i] << ": " << reply.status << " " << reply.body.substr(0, 300);
    }
    if (line.changes_accounts) put_accounts_back();
  }
  for (const auto& [name, method] : registered) EXPECT_TRUE(tried.contains(name)) << "the table does not know " << name;
}

// Where a browser's own cookie is all that a request shows, another site's page may have made it.
TEST_F(Authorisation, ASessionChangesNothingForOtherSites) {
  const std::string cookie = "Cookie: __Host-cbx=" + tokens_["session"] + "\r\n";
  const auto ask_from = [&](const std::string& method, const std::string& path, const std::string& body,
                            const std::string& from) {
    http::Client client(server_->addresses().front());
    const auto reply = client.request(method, path,
                                      cookie + from + "Content-Type: application/json\r\nContent-Length: " +
                                          std::to_string(body.size()) + "\r\nConnection: close\r\n",
                                      body);
    EXPECT_TRUE(reply) << path;
    return reply ? reply->status : 0;
  };
  std::map<std::string, http::Method> registered;
  for (const auto& route : routes_) registered.emplace(route.name, route.method);
  for (const Line& line : kTable) {
    const auto method = registered.find(line.route);
    if (method == registered.end() || method->second == http::Method::get) continue;
    const std::string name(http::method_name(method->second));
    for (const char* from : {"", "Sec-Fetch-Site: cross-site\r\n",
                             "Sec-Fetch-Site: same-site\r\nOrigin: http://test\r\n", "Sec-Fetch-Site: none\r\n",
                             "Origin: null\r\n", "Origin: https://test\r\n", "Origin: http://test.example\r\n"})
      EXPECT_EQ(ask_from(name, address(line), line.body, from), 403) << line.route << " " << from;
  }
  EXPECT_EQ(ask_from("PATCH", "/api/v1/account", R"({"language":"ko"})", "Origin: http://test\r\n"), 200);
  EXPECT_EQ(ask_from("GET", "/api/v1/account", "", "Sec-Fetch-Site: cross-site\r\n"), 200);  // SameSite's matter
}

TEST_F(Authorisation, WhatMayNotBeSeenIsNotToldFromWhatIsNot) {
  for (const char* path : {"", "/segments", "/coverage", "/days"}) {
    const auto hidden = get(cam_ + path, "stranger"),
               absent = get("/api/v1/devices/nowhere" + std::string(path), "stranger");
    EXPECT_EQ(hidden.status, 404);
    const TestJson a = TestJson::parse(hidden.body), b = TestJson::parse(absent.body);
    EXPECT_EQ(a.value("detail", ""), b.value("detail", ""));
    EXPECT_EQ(a.value("title", ""), b.value("title", ""));
  }
}

TEST_F(Authorisation, ListsHoldWhatMayBeSeen) {
  const auto ids = [&](const char* who) {
    std::string out;
    const TestJson list = json("/api/v1/devices", who);
    for (const auto& d : list["devices"])
      out += d["device"].get<std::string>() + ":" + d["role"].get<std::string>() + " ";
    return out;
  };
  EXPECT_EQ(ids("stranger"), "");
  EXPECT_EQ(ids("viewer"), "cam01:viewer ");
  EXPECT_EQ(ids("owner"), "cam01:owner ");
  EXPECT_EQ(ids("read_only"), "cam01:owner ");
  EXPECT_EQ(ids("admin"), "cam01:admin cam02:admin ");
  EXPECT_EQ(ids("link"), "cam01:viewer ");
}

}  // namespace
}  // namespace cbx::web

// Who may what: every route that is registered, asked by everybody.  A route that the table doesn't know fails the
// test, as does a line of the table that no route has.
#include <set>

#include "api_fixture.h"

namespace cbx::web {
namespace {

// Who asks, in the order of the table's columns.
constexpr const char* kAskers[] = {"nobody",       "stranger",  "viewer",    "owner",   "admin", "device",
                                   "other_device", "read_only", "elsewhere", "expired", "link"};

// + answered · - 401 · 0 404, as if there was nothing · x 403
struct Line {
  const char *route, *path;  // below the camera's address where it begins with no slash; $ is the first file
  //                 nobody stranger viewer owner admin device other read_only elsewhere expired link
  const char* expected;
  const char* body = "";
};

constexpr const char* kAnybody = "+++++++++++";
constexpr const char* kAnyPrincipal = "-++++++++-+";
constexpr const char* kView = "-0+++00+0-+";
constexpr const char* kChange = "-0x++00x0-x";
constexpr const char* kAdmin = "-xxx+xxxx-x";

constexpr Line kTable[] = {
    {"getHealth", "/healthz", kAnybody},
    {"getReadiness", "/readyz", kAnybody},
    {"getMetrics", "/metrics", kAdmin},
    {"getDescription", "/api/v1/openapi.json", kAnybody},
    {"getMe", "/api/v1/me", kAnyPrincipal},
    {"getStore", "/api/v1/store", kAdmin},
    {"listDevices", "/api/v1/devices", kAnyPrincipal},
    {"getDevice", "", kView},
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
    {"getCut", "/media/cam01/cut/2026-11-20/video.mp4", kView},
    {"getCutManifest", "/media/cam01/cut/2026-11-20/manifest", kView},
    {"getCutSignature", "/media/cam01/cut/2026-11-20/manifest.sig", kView},
};

char outcome(int status) {
  if (status >= 200 && status < 300) return '+';
  return status == 401 ? '-' : status == 404 ? '0' : status == 403 ? 'x' : '?';
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
  }

  std::string address(const Line& line) const {
    std::string path = line.path;
    for (const auto& [mark, text] :
         {std::pair<const char*, std::string>{"$", id(starts_[0])}, {"@", stretch_}, {"~", time_}, {"=.", init_ + "."}})
      if (const size_t at = path.find(mark); at != std::string::npos)
        path.replace(at, std::string_view(mark).size(), text);
    for (const char* root : {"/api/", "/media/", "/healthz", "/readyz", "/metrics"})
      if (path.starts_with(root)) return path;
    return cam_ + path;
  }

  std::string stretch_, time_, init_;
};

TEST_F(Authorisation, EveryRouteByEverybody) {
  std::map<std::string, http::Method> registered;
  for (const auto& route : routes_)
    EXPECT_TRUE(registered.emplace(route.name, route.method).second) << "two routes are called " << route.name;
  std::set<std::string> tried;
  for (const Line& line : kTable) {
    ASSERT_EQ(std::string_view(line.expected).size(), std::size(kAskers)) << line.route;
    tried.insert(line.route);
    const auto route = registered.find(line.route);
    if (route == registered.end()) {
      ADD_FAILURE() << "no route is called " << line.route;
      continue;
    }
    for (size_t i = 0; i < std::size(kAskers); i++) {
      const auto reply = ask(kAskers[i], std::string(http::method_name(route->second)), address(line), line.body);
      EXPECT_EQ(outcome(reply.status), line.expected[i])
          << line.route << " as " << kAskers[i] << ": " << reply.status << " " << reply.body.substr(0, 300);
    }
  }
  for (const auto& [name, method] : registered) EXPECT_TRUE(tried.contains(name)) << "the table does not know " << name;
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

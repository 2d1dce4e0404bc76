// What the interface does, over a real server.
#include <sys/file.h>

#include <set>

#include "api_fixture.h"
#include "web/device_health.h"

namespace cbx::web {
namespace {

using Api = ApiTest;

std::string detail(const http::Reply& reply) {
  return TestJson::parse(reply.body, nullptr, false).value("detail", "");
}

TEST_F(Api, ADeviceSaysHowItIs) {
  const TestJson d = json(cam_);
  EXPECT_EQ(d["nickname"], "car of cam01");
  EXPECT_EQ(d["tags"], TestJson::array({"taxi"}));
  EXPECT_EQ(d["state"], "silent");
  EXPECT_EQ(d["last_seen"], "2026-11-20T08:05:00.033Z");
  EXPECT_EQ(d["link"]["bit_rate"], 4'000'000);
  EXPECT_EQ(d["link"]["lost"], 1);
  EXPECT_EQ(d["last_segment"]["id"], id(starts_.back()));
  EXPECT_EQ(d["today"]["covered_ms"], 0);
  EXPECT_EQ(json("/api/v1/devices/cam02", "admin")["state"], "never_seen");
  EXPECT_EQ(get("/api/v1/devices/..%2fetc", "admin").status / 100, 4);
  EXPECT_EQ(get("/api/v1/devices/CAM01", "admin").status, 404);
}

TEST_F(Api, MisspeltParametersAreRefused) {
  for (const std::string& path :
       {cam_ + "/segments?form=-2h", cam_ + "/segments?limit=5&limit=6", cam_ + "/gaps?dry_run=1",
        std::string("/api/v1/me?x=1"), std::string("/api/v1/openapi.json?format=yaml"),
        cam_ + "/coverage?from=2001-01-01", cam_ + "/segments?cursor=abc", cam_ + "/segments?limit=0",
        cam_ + "/events?kind=Sh%20ock"}) {
    const auto reply = get(path);
    EXPECT_EQ(reply.status, 400) << path;
    EXPECT_EQ(reply.header("content-type"), "application/problem+json") << path;
    EXPECT_FALSE(detail(reply).empty()) << path;
  }
  EXPECT_NE(detail(get(cam_ + "/segments?form=-2h")).find("'from'"), std::string::npos);
}

TEST_F(Api, CoverageAndGapsAgree) {
  const TestJson coverage = json(cam_ + "/coverage?from=2026-11-20T08:00:00Z&to=2026-11-20T08:10:00Z");
  const TestJson gaps = json(cam_ + "/gaps?from=2026-11-20T08:00:00Z&to=2026-11-20T08:10:00Z");
  EXPECT_EQ(coverage["spans"].size(), 3u);
  // Every file lasts about two seconds.
  const int64_t covered = coverage["covered_ms"], missing = gaps["missing_ms"];
  EXPECT_NEAR(static_cast<double>(covered + missing), 600'000, 500);
  EXPECT_EQ(gaps["gaps"].back()["cause"], "offline");
  // In pages they are the same.
  std::vector<TestJson> found;
  std::string next = "?from=2026-11-20T08:00:00Z&to=2026-11-20T08:10:00Z&limit=1";
  while (!next.empty() && found.size() < 20) {
    const TestJson page = json(cam_ + "/gaps" + next);
    ASSERT_EQ(page["gaps"].size(), 1u);
    EXPECT_EQ(page["missing_ms"], missing);
    found.push_back(page["gaps"][0]);
    next = page.value("next", "");
  }
  EXPECT_EQ(TestJson(found), gaps["gaps"]);
}

TEST_F(Api, SegmentsComeInPagesThatStayTheSame) {
  const TestJson first = json(cam_ + "/segments?limit=1&from=2026-11-20");
  ASSERT_EQ(first["segments"].size(), 1u);
  const TestJson& s = first["segments"][0];
  EXPECT_EQ(s["id"], id(starts_[0]));
  EXPECT_EQ(s["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(get(s["url"]).status, 200);
  EXPECT_EQ(std::to_string(s["bytes"].get<int64_t>()), get(s["url"]).header("content-length"));
  // What is deleted meanwhile takes no other one along.
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/segments/" + id(starts_[0])).status, 200);
  const TestJson second = json(cam_ + "/segments" + first["next"].get<std::string>());
  EXPECT_EQ(second["segments"][0]["id"], id(starts_[1]));
  const TestJson third = json(cam_ + "/segments" + second["next"].get<std::string>());
  EXPECT_EQ(third["segments"][0]["id"], id(starts_[2]));
  EXPECT_FALSE(third.contains("next"));
}

TEST_F(Api, DeletingIsTheOneDeletion) {
  const std::string path = cam_ + "/segments/" + id(starts_[1]);
  const std::string file = media(store_.segment_path("cam01", starts_[1]));
  const TestJson tried = TestJson::parse(ask("owner", "DELETE", path + "?dry_run=1").body);
  EXPECT_EQ(tried["deleted"], 1);
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(ask("owner", "DELETE", path).status, 200);
  EXPECT_FALSE(std::filesystem::exists(file));
  const std::string journal = content(store_.journal_path("cam01", starts_[1]));
  EXPECT_NE(journal.find(R"("reason":"api")"), std::string::npos) << journal;
  EXPECT_NE(journal.find(R"("who":"owner")"), std::string::npos) << journal;
  const auto again = ask("owner", "DELETE", path);
  EXPECT_EQ(again.status, 404);
  EXPECT_NE(detail(again).find("was deleted"), std::string::npos);
  EXPECT_EQ(get("/media/cam01/" + id(starts_[1]) + "/segment.mp4").status, 404);
}

TEST_F(Api, WhatIsPinnedStays) {
  const std::string pin = R"({"from":"2026-11-20T08:00:00Z","to":"2026-11-20T08:00:30Z","reason":"court"})";
  EXPECT_EQ(ask("owner", "POST", cam_ + "/pins", pin).status, 201);
  EXPECT_EQ(json(cam_ + "/pins")["pins"][0]["who"], "owner");
  EXPECT_TRUE(json(cam_ + "/segments/" + id(starts_[0]))["pinned"]);
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/segments/" + id(starts_[0])).status, 409);
  const TestJson day = TestJson::parse(ask("owner", "DELETE", cam_ + "/days/2026-11-20").body);
  EXPECT_EQ(day["deleted"], 2);
  EXPECT_EQ(day["kept_pinned"], 1);
  EXPECT_EQ(json(cam_ + "/segments")["segments"].size(), 1u);
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/pins").status, 400);
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/pins?range=2026-11-20").status, 200);
  EXPECT_EQ(json(cam_ + "/pins")["pins"].size(), 0u);
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/segments/" + id(starts_[0])).status, 200);
}

TEST_F(Api, DeletingADayKnowsWhatOnlyTheJournalKnows) {
  const WallMs late = t0_ + std::chrono::minutes(10);
  Writing w = begin("cam01", late);
  go_on(w, 2);
  const Record record = finish(w, "cam01", late);
  ASSERT_TRUE(store::append_journal(fs_, store_, {&record, 1}));
  EXPECT_EQ(TestJson::parse(ask("owner", "DELETE", cam_ + "/days/2026-11-20").body)["deleted"], 4);
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/days/2026-11-31").status, 400);
}

TEST_F(Api, BodiesAreChecked) {
  const std::string events = cam_ + "/events";
  for (const char* wrong :
       {"[]", "{", "{\"kind\":5}", "{\"kind\":\"Shock\"}", "{\"knid\":\"mark\"}", "{\"value\":\"1\"}",
        "{\"time\":\"soon\"}", "{\"time\":\"2027-11-20\"}", "{\"kind\":\"\"}"}) {
    const auto reply = ask("owner", "POST", events, wrong);
    EXPECT_EQ(reply.status, 400) << wrong << reply.body;
    EXPECT_FALSE(detail(reply).empty()) << wrong;
  }
  EXPECT_EQ(ask("owner", "POST", events, "{\"note\":\"" + std::string(2000, 'x') + "\"}").status, 400);
  EXPECT_EQ(ask("owner", "POST", events, "{\"note\":\"" + std::string(20'000, 'x') + "\"}").status, 413);
  // A form of a foreign page can't say that it is JSON.
  http::Client client(server_->addresses().front());
  const auto form = client.request(
      "POST", events,
      "Authorization: Bearer " + tokens_["owner"] + "\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n", "{}");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->status, 415);
  EXPECT_EQ(json(events + "?from=2026-11-01")["events"].size(), 1u);
}

TEST_F(Api, AnswersAreCachedByTheirTag) {
  const auto first = get(cam_ + "/segments");
  const std::string tag = first.header("etag");
  ASSERT_FALSE(tag.empty());
  EXPECT_NE(first.header("cache-control").find("private"), std::string::npos);
  EXPECT_EQ(ask("owner", "GET", cam_ + "/segments", "", "If-None-Match: " + tag + "\r\n").status, 304);
  const auto head = ask("owner", "HEAD", cam_ + "/segments");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), first.header("content-length"));
}

TEST_F(Api, ReadinessSaysWhyNot) {
  EXPECT_EQ(get("/readyz", "nobody").status, 200);
  std::filesystem::rename(store_.media_path(), store_.root() + "/elsewhere");
  clock_.advance(std::chrono::seconds(5));
  const auto reply = get("/readyz", "nobody");
  EXPECT_EQ(reply.status, 503);
  EXPECT_NE(detail(reply).find("media"), std::string::npos);
  EXPECT_EQ(reply.body.find(store_.root()), std::string::npos);
  std::filesystem::rename(store_.root() + "/elsewhere", store_.media_path());
  std::filesystem::rename(store_.state_path(), store_.root() + "/elsewhere");
  clock_.advance(std::chrono::seconds(5));
  EXPECT_NE(detail(get("/readyz", "nobody")).find("users"), std::string::npos);
  std::filesystem::rename(store_.root() + "/elsewhere", store_.state_path());
}

TEST_F(Api, MetricsCountWhatHappened) {
  EXPECT_EQ(get("/metrics", "owner").status, 403);
  get(cam_ + "/segments");
  // An answer is counted when it is over, which the client may know before.
  std::string text;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  do {
    text = get("/metrics", "admin").body;
  } while (text.find("listSegments") == std::string::npos && std::chrono::steady_clock::now() < until);
  for (const char* line :
       {"cbx_http_requests_total{route=\"listSegments\",status=\"200\"} 1\n", "cbx_devices{state=\"silent\"} 1\n",
        "cbx_devices{state=\"never_seen\"} 1\n", "cbx_device_live{device=\"cam01\"} 0\n",
        "cbx_stored_files{device=\"cam01\"} 3\n", "cbx_http_request_duration_seconds_bucket{le=\"+Inf\"}"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST_F(Api, WithoutAnIndexTheServerIsStillWatched) {
  EXPECT_NE(get("/metrics", "admin").body.find("\ncbx_index_readable 1\n"), std::string::npos);
  std::filesystem::rename(store_.index_path(), store_.root() + "/elsewhere");
  const auto reply = get("/metrics", "admin");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("\ncbx_index_readable 0\n"), std::string::npos);
  EXPECT_NE(reply.body.find("cbx_http_requests_total"), std::string::npos);
  const auto store = get("/api/v1/store", "admin");
  EXPECT_EQ(store.status, 503);
  EXPECT_NE(detail(store).find("no index"), std::string::npos);
  std::filesystem::rename(store_.root() + "/elsewhere", store_.index_path());
}

TEST_F(Api, WhereACameraIsOnlyItsOwnerIsTold) {
  const WallMs now = floor_ms(clock_.wall());
  add_to_index({ConnectionOpenRecord{"cam01", now - Millis{600'000}, "c1", "192.0.2.1:5", "srt", 0, 0}});
  const std::string minute = cam_ + "/minutes/-2m";
  for (const char* who : {"owner", "admin"})
    EXPECT_NE(get(minute, who).body.find("192.0.2.1"), std::string::npos) << who;
  const auto reply = get(minute, "viewer");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("\"connection\":\"c1\""), std::string::npos);
  EXPECT_EQ(reply.body.find("192.0.2.1"), std::string::npos);
}

TEST_F(Api, PrometheusTakesTheMetrics) {
  if (std::system("command -v promtool >/dev/null") != 0) GTEST_SKIP() << "no promtool here (Debian: prometheus)";
  const std::string file = dir_.path() + "/metrics";
  std::ofstream(file) << get("/metrics", "admin").body;
  EXPECT_EQ(std::system(("promtool check metrics <'" + file + "'").c_str()), 0);
}

// The states of cameras, by their records and their files.
class Health : public RecordingsTest {
 protected:
  Health() { add_to_index({EventRecord{"cam01", t0_, "mark", "", "", std::nullopt}}); }
  DeviceState state(const std::string& device, WallMs now) {
    auto index = index::Index::open(store_, index::Access::read);
    const auto health = device_health(*index, device, now);
    EXPECT_TRUE(health) << health.error().message();
    return health->state;
  }
  void link(WallMs minute, int64_t bytes) {
    add_to_index({LinkRecord{"cam01", minute, "c1", 60'000, bytes, bytes / 1316, 0, 0, 0, 0, 40, 0}});
  }
};

TEST_F(Health, ByConnectionAndLink) {
  EXPECT_EQ(state("cam01", t0_), DeviceState::never_seen);
  EXPECT_EQ(state("unheard_of", t0_), DeviceState::never_seen);
  add_to_index({ConnectionOpenRecord{"cam01", t0_, "c1", "192.0.2.1:5", "srt", 0, 0}});
  // Connected, but nothing has come.
  EXPECT_EQ(state("cam01", t0_ + Millis{1000}), DeviceState::silent);
  const WallMs minute{std::chrono::floor<std::chrono::minutes>(t0_)};
  link(minute, 1'000'000);
  EXPECT_EQ(state("cam01", minute + Millis{119'000}), DeviceState::live);
  EXPECT_EQ(state("cam01", minute + Millis{151'000}), DeviceState::silent);
  // Stalled: the link is told of each minute, and carries nothing.
  link(minute + Millis{60'000}, 0);
  EXPECT_EQ(state("cam01", minute + Millis{151'000}), DeviceState::silent);
  link(minute + Millis{120'000}, 5000);
  EXPECT_EQ(state("cam01", minute + Millis{185'000}), DeviceState::live);
  add_to_index({ConnectionCloseRecord{"cam01", minute + Millis{186'000}, "c1", "peer_closed", "", 1, 2, 3, 0}});
  EXPECT_EQ(state("cam01", minute + Millis{187'000}), DeviceState::silent);
}

TEST_F(Health, ByTheFileBeingWritten) {
  const WallMs now = floor_ms(SystemClock{}.wall());
  Writing w = begin("cam01", now - Millis{20'000});
  go_on(w, 2);
  EXPECT_EQ(state("cam01", floor_ms(SystemClock{}.wall())), DeviceState::silent) << "nobody holds the file's lock";
  const UniqueFd lock{::open(media(store_.part_path("cam01", now - Millis{20'000})).c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  // Written to in the last seconds; the records come later.
  std::filesystem::last_write_time(media(store_.part_path("cam01", now - Millis{20'000})),
                                   std::filesystem::file_time_type::clock::now());
  EXPECT_EQ(state("cam01", floor_ms(SystemClock{}.wall())), DeviceState::live);
  EXPECT_EQ(state("cam01", floor_ms(SystemClock{}.wall()) + Millis{60'000}), DeviceState::silent);
}

}  // namespace
}  // namespace cbx::web

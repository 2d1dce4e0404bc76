// Pictures over HTTP: which one is meant, who may see it, and that it goes with its recording.
#include <thread>

#include "api_fixture.h"
#include "store/derived.h"
#include "web/picture_cache.h"
#include "web/picture_process.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;

// Of a file's key frames the second one: a second behind the first but for what B-frames make of it.
constexpr Millis kSecond{1080};

class PicturesTest : public ApiTest {
 protected:
  http::Reply picture(const std::string& when, const std::string& who = "owner", const std::string& query = "") {
    return get("/media/cam01/picture/" + when + ".jpg" + query, who);
  }
  int made() const {
    std::ifstream file(dir_.path() + "/pictures-made");
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }
  int kept() const {
    int count = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store::derived_path(store_), error))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  std::string time(Millis after) const { return format_rfc3339(t0_ + after); }
};

TEST_F(PicturesTest, TheKeyFrameAtOrBefore) {
  const auto reply = picture(time(Millis{400}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("content-type"), "image/jpeg");
  EXPECT_EQ(reply.header("x-cbx-time"), time(Millis{0}));
  EXPECT_EQ(reply.header("cache-control"), "private, max-age=31536000, immutable");
  EXPECT_NE(reply.body.find("--width 320 -o - " + time(Millis{0})), std::string::npos) << reply.body;
  EXPECT_EQ(picture(time(Millis{1300})).header("x-cbx-time"), time(kSecond));
  const auto latest = picture("latest", "owner", "?width=640");
  EXPECT_EQ(latest.header("x-cbx-time"), format_rfc3339(starts_.back() + kSecond));
  EXPECT_EQ(latest.header("cache-control"), "private, max-age=5");
  EXPECT_NE(latest.body.find("--width 640"), std::string::npos);
  // Up to ten seconds after a recording there is its last one; but it may be that more is to come.
  EXPECT_EQ(picture(time(Millis{9000})).header("x-cbx-time"), time(kSecond));
  EXPECT_EQ(picture(time(Millis{9000})).header("cache-control"), "private, max-age=5");
  EXPECT_EQ(picture(time(Millis{13'000})).status, 404);
  EXPECT_EQ(picture(time(Millis{-1})).status, 404);
}

TEST_F(PicturesTest, IsMadeOnce) {
  const auto first = picture(time(Millis{0})), second = picture(time(Millis{500}));
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(made(), 1);
  EXPECT_EQ(picture(time(Millis{0}), "viewer").body, first.body);
  EXPECT_EQ(made(), 1);
  EXPECT_EQ(picture(time(Millis{0}), "owner", "?width=64").status, 200);
  EXPECT_EQ(made(), 2);
  EXPECT_EQ(kept(), 2);
  // What a power cut has left of one is not served.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store::derived_path(store_)))
    if (entry.is_regular_file()) std::filesystem::resize_file(entry.path(), 1);
  EXPECT_EQ(picture(time(Millis{0})).body, first.body);
  EXPECT_EQ(made(), 3);
}

TEST_F(PicturesTest, WrongQuestions) {
  for (const char* when : {"yesterday", "2026-11-20", "", "2026-11-20T08:00:00"})
    EXPECT_EQ(picture(when).status, 400) << when;
  for (const char* width : {"63", "1921", "0", "-64", "x", "", "064"})
    EXPECT_EQ(picture("latest", "owner", std::string("?width=") + width).status, 400) << width;
  EXPECT_EQ(get("/media/cam01/picture/latest").status, 404);
  EXPECT_EQ(get("/media/cam01/picture/latest.png").status, 404);
  EXPECT_EQ(made(), 0);
}

TEST_F(PicturesTest, GoesWithItsRecording) {
  const std::string when = time(Millis{0});
  ASSERT_EQ(picture(when).status, 200);
  const std::string other = format_rfc3339(starts_[1]);
  ASSERT_EQ(picture(other).status, 200);
  ASSERT_EQ(kept(), 2);
  ASSERT_EQ(ask("owner", "DELETE", cam_ + "/segments/" + id(starts_[0])).status, 200);
  EXPECT_EQ(kept(), 1);
  EXPECT_EQ(picture(when).status, 404);
  EXPECT_EQ(picture(other).status, 200);
  ASSERT_EQ(ask("owner", "DELETE", cam_ + "/days/2026-11-20").status, 200);
  EXPECT_EQ(kept(), 0);
  EXPECT_EQ(picture(other).status, 404);
  EXPECT_EQ(picture("latest").status, 404);
}

TEST_F(PicturesTest, IsNotServedWithoutItsRecording) {
  const std::string when = time(Millis{0});
  ASSERT_EQ(picture(when).status, 200);
  // Somebody else's hand: the picture stays.
  ASSERT_TRUE(std::filesystem::remove(media(store_.segment_path("cam01", starts_[0]))));
  EXPECT_EQ(kept(), 1);
  EXPECT_EQ(picture(when).status, 404);
}

TEST_F(PicturesTest, WhoAsksMuchOfOneCameraLeavesRoomForOthers) {
  Writing w = begin("cam02", t0_);
  go_on(w, 2);
  finish(w, "cam02", t0_);
  const std::string ready = dir_.path() + "/ready";
  std::ofstream(context_->picture_tool) << "#!/bin/sh\nwhile [ ! -e '" << ready << "' ]; do sleep 0.05; done\n"
                                        << "printf '\\377\\330\\377\\331'\n";
  std::vector<std::unique_ptr<http::Client>> clients;
  const auto begin_asking = [&](const std::string& device, int width) {
    clients.push_back(std::make_unique<http::Client>(server_->addresses().front()));
    clients.back()->send("GET /media/" + device + "/picture/latest.jpg?width=" + std::to_string(width) +
                         " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + tokens_["admin"] + "\r\n\r\n");
  };
  for (int i = 0; i < 20; i++) begin_asking("cam01", 100 + i);
  const auto answered = [&] {
    return std::count_if(clients.begin(), clients.end(), [](const auto& c) { return c->readable(0ms); });
  };
  const auto until = std::chrono::steady_clock::now() + http::Client::kPatience;
  while (answered() < 12 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(answered(), 12);
  begin_asking("cam02", 100);
  std::ofstream(ready) << "ready";
  int made = 0, refused = 0, other = 0;
  for (const auto& client : clients) {
    const auto reply = client->receive();
    ASSERT_TRUE(reply);
    made += reply->status == 200 ? 1 : 0;
    refused += reply->status == 503 && reply->header("retry-after") == "1" ? 1 : 0;
    if (client == clients.back()) other = reply->status;
  }
  EXPECT_EQ(other, 200);
  EXPECT_EQ(made, 9);
  EXPECT_EQ(refused, 12);
}

class PictureProcess : public testing::Test {
 protected:
  std::string tool(const std::string& script) const {
    const std::string path = dir_.path() + "/tool";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  Result<std::string> run(const std::string& path, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    std::ofstream(dir_.path() + "/input") << "input";
    PosixFilesystem fs;
    const auto file = fs.open(dir_.path() + "/input", OpenMode::read);
    const UniqueFd fd(::dup((*file)->fd()));
    return run_picture_tool(path, fd, WallMs{}, 320, patience);
  }
  ErrorCode code(const std::string& script) {
    const auto result = run(tool(script));
    return result ? ErrorCode::internal : result.error().code();
  }
  test::TempDir dir_;
};

TEST_F(PictureProcess, WhatTheToolSays) {
  EXPECT_EQ(run(tool("cat; echo noise >&2")).value_or("none"), "input");
  EXPECT_EQ(code("exit 66"), ErrorCode::no_input);
  EXPECT_EQ(code("exit 65"), ErrorCode::data);
  EXPECT_EQ(code("exit 70"), ErrorCode::unavailable);
  EXPECT_EQ(code("kill -SEGV $$"), ErrorCode::data);
  const auto absent = run(dir_.path() + "/nothing");
  EXPECT_EQ(absent ? ErrorCode::internal : absent.error().code(), ErrorCode::unavailable);
}

TEST_F(PictureProcess, OneThatHangsOrFloodsIsEnded) {
  const auto begin = std::chrono::steady_clock::now();
  const auto hangs = run(tool("exec sleep 60"), std::chrono::milliseconds(300));
  EXPECT_EQ(hangs ? ErrorCode::internal : hangs.error().code(), ErrorCode::try_again);
  EXPECT_EQ(code("exec cat /dev/zero"), ErrorCode::data);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST_F(PicturesTest, TheCacheHasABound) {
  const std::string jpeg = "\xff\xd8" + std::string(10'000, 'x') + "\xff\xd9";
  PictureCache cache(store_, 100'000, clock_, log_);
  for (int i = 0; i < 50; i++)
    cache.keep(store::picture_path(store_, "cam01", starts_[0], starts_[0] + Millis{i}, 320), jpeg);
  EXPECT_LE(kept(), 10);
  EXPECT_GE(kept(), 7);
  // Of no recording.
  const std::string none = store::picture_path(store_, "cam01", starts_[0] + Millis{7}, starts_[0] + Millis{7}, 320);
  cache.keep(none, jpeg);
  EXPECT_EQ(cache.find(none), nullptr);
  EXPECT_NE(cache.find(store::picture_path(store_, "cam01", starts_[0], starts_[0] + Millis{49}, 320)), nullptr);
}

}  // namespace
}  // namespace cbx::web

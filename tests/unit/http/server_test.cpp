#include "http/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "http/client.h"
#include "temp_dir.h"

namespace cbx::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Logger kLog = Logger::silent();

Route get(std::string pattern, Handler handler) {
  return {Method::get, pattern, "get" + pattern, std::move(handler), 0};
}

Response text(std::string body) {
  return {200, {{"Content-Type", "text/plain"}}, std::move(body), {}};
}

Server start(std::vector<Route> routes, ServerOptions options = {}, Server::Hooks hooks = {}) {
  if (options.listen.empty()) options.listen.push_back({"127.0.0.1", 0, ""});
  options.threads = 2;
  auto server = Server::start(std::move(options), std::move(routes), std::move(hooks), kLog);
  EXPECT_TRUE(server) << server.error().message();
  return *std::move(server);
}

TEST(Server, AnswersWithStrings) {
  const auto shared = std::make_shared<const std::string>("shared");
  Server server = start({get("/", [](Request&) { return text("root"); }),
                         get("/shared",
                             [&](Request&) {
                               return Response{200, {}, shared, {}};
                             }),
                         get("/devices/{device}", [](Request& r) { return text(std::string(r.param("device"))); }),
                         get("/devices/all", [](Request&) { return text("every"); })});
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/")->body, "root");
  EXPECT_EQ(client.get("/shared")->body, "shared");
  EXPECT_EQ(client.get("/devices/cam%2001")->body, "cam 01");
  EXPECT_EQ(client.get("/devices/all")->body, "every");
  EXPECT_EQ(client.get("/nothing")->status, 404);
  const auto head = client.request("HEAD", "/shared");
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("content-length"), "6");
  const auto wrong = client.request("DELETE", "/shared");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.get("/")->body, "root");
}

TEST(Server, SendsStretchesOfFiles) {
  const test::TempDir folder;
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); i++) content[i] = static_cast<char>(i * 7 + i / 251);
  std::ofstream(folder.path() + "/file") << content;
  const auto fd = std::make_shared<const UniqueFd>(open((folder.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  Server server = start({get("/file", [&](Request& request) {
    return represent(request, {FileBody{fd, 1000, 250'000}, 250'000, "video/mp4", "abc", WallMs{}, "no-cache", ""});
  })});
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/file")->body, content.substr(1000, 250'000));
  const auto part = client.get("/file", "Range: bytes=200000-\r\n");
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->header("content-range"), "bytes 200000-249999/250000");
  EXPECT_EQ(part->body, content.substr(201'000, 50'000));
  EXPECT_EQ(client.get("/file", "If-None-Match: \"abc\"\r\n")->status, 304);
  EXPECT_EQ(client.request("HEAD", "/file")->header("content-length"), "250000");
}

TEST(Server, WaitsForABroadcast) {
  const auto news = std::make_shared<Broadcast>();
  std::atomic<int> value{0};
  Server server = start({get("/wait", [&](Request& request) -> Answer {
    const uint64_t seen = news->count();
    if (value.load() == 0 && !request.waited) return Wait{news, seen, std::chrono::steady_clock::now() + 60s};
    return text(std::to_string(value.load()));
  })});
  Client client(server.addresses().at(0));
  client.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
  while (server.stats().waiting == 0) std::this_thread::sleep_for(1ms);
  EXPECT_FALSE(client.readable(50ms));
  news->announce();  // of something else
  EXPECT_FALSE(client.readable(50ms));
  value = 7;
  news->announce();
  EXPECT_EQ(client.receive()->body, "7");
}

TEST(Server, WaitsForATime) {
  const auto news = std::make_shared<Broadcast>();
  Server server = start({get("/wait", [&](Request& request) -> Answer {
    if (!request.waited) return Wait{news, news->count(), std::chrono::steady_clock::now() + 100ms};
    return text("time");
  })});
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/wait")->body, "time");
  EXPECT_EQ(client.get("/wait")->body, "time");
}

TEST(Server, WorksElsewhere) {
  Server server = start({get("/work", [](Request&) -> Answer { return Work{[] { return text("done"); }}; })});
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/work")->body, "done");
  EXPECT_EQ(client.get("/work")->body, "done");
}

}  // namespace
}  // namespace cbx::http

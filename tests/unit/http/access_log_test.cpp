#include "http/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "http/server_fixture.h"
#include "temp_dir.h"

namespace cbx::http {
namespace {

using namespace std::chrono_literals;

std::vector<nlohmann::json> lines_of(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(AccessLog, TellsOfEachRequest) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/access.jsonl";
  Server::Hooks hooks;
  hooks.redact = [](std::string_view target) {
    return std::string(target.substr(0, target.find("token="))) + (target.find("token=") < target.size() ? "…" : "");
  };
  ServerOptions options;
  options.access_log = path;
  {
    Server server = start({get("/a/{b}",
                               [](Request& r) {
                                 r.user = "alice";
                                 return text("four");
                               })},
                          options, hooks);
    Client client(server.addresses().at(0));
    const auto reply = client.get("/a/x?token=secret", "User-Agent: a\"b\\c\xff\r\n");
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(client.get("/b")->status, 404);
    EXPECT_EQ(client.request("HEAD", "/a/x")->status, 200);
    EXPECT_EQ(client.get("/" + std::string(20'000, 'c'))->status, 414);
    ASSERT_TRUE(eventually([&] { return lines_of(path).size() == 4; }));
    const auto lines = lines_of(path);
    EXPECT_EQ(lines[0]["peer"], "127.0.0.1");
    EXPECT_EQ(lines[0]["user"], "alice");
    EXPECT_EQ(lines[0]["method"], "GET");
    EXPECT_EQ(lines[0]["path"], "/a/x?…");
    EXPECT_EQ(lines[0]["route"], "get/a/{b}");
    EXPECT_EQ(lines[0]["status"], 200);
    EXPECT_EQ(lines[0]["bytes"], 4);
    EXPECT_EQ(lines[0]["id"], reply->header("x-request-id"));
    EXPECT_EQ(lines[0]["user_agent"], "a\"b\\c\xef\xbf\xbd");
    EXPECT_TRUE(parse_rfc3339(lines[0]["time"].get<std::string>()));
    EXPECT_GE(lines[0]["duration_ms"].get<double>(), 0);
    EXPECT_EQ(lines[1]["status"], 404);
    EXPECT_FALSE(lines[1].contains("route"));
    EXPECT_EQ(lines[2]["bytes"], 0);
    EXPECT_EQ(lines[3]["path"], "/" + std::string(1023, 'c') + "…");

    std::filesystem::rename(path, path + ".1");
    ASSERT_TRUE(server.reload());
    EXPECT_EQ(client.get("/b")->status, 404);
    EXPECT_TRUE(eventually([&] { return lines_of(path).size() == 1; }));
    client.get("/b");
  }
  EXPECT_EQ(lines_of(path).size(), 2U);  // what was left is written at the end
}

// A pipe that nobody reads.
TEST(AccessLog, ThatStallsHoldsUpNobody) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ServerOptions options;
  options.access_log = path;
  {
    Server server = start({get("/a", [](Request&) { return text("a"); })}, options);
    Client client(server.addresses().at(0));
    const std::string agent = "User-Agent: " + std::string(200, 'x') + "\r\n";
    for (int i = 0; i < 25'000; i++) ASSERT_EQ(client.get("/a", agent)->body, "a");
  }
}

TEST(AccessLog, ThatIsFullHoldsUpNobody) {
  ServerOptions options;
  options.access_log = "/dev/full";
  Server server = start({get("/a", [](Request&) { return text("a"); })}, options);
  Client client(server.addresses().at(0));
  for (int i = 0; i < 100; i++) EXPECT_EQ(client.get("/a")->body, "a");
}

TEST(Stats, CountWhatWasAnswered) {
  Server server = start({get("/a", [](Request&) { return text("four"); })});
  Client client(server.addresses().at(0));
  for (int i = 0; i < 5; i++) client.get("/a");
  client.get("/nothing");
  ASSERT_TRUE(eventually([&] {
    uint64_t n = 0;
    for (const RouteCount& count : server.stats().routes) n += count.requests;
    return n == 6;
  }));
  const ServerStats stats = server.stats();
  for (const RouteCount& count : stats.routes) {
    if (count.route == "get/a") {
      EXPECT_EQ(count.status, 200);
      EXPECT_EQ(count.requests, 5U);
      EXPECT_EQ(count.bytes, 20U);
    } else {
      EXPECT_EQ(count.route, "");
      EXPECT_EQ(count.status, 404);
    }
  }
  EXPECT_EQ(stats.connections, 1U);
  EXPECT_EQ(stats.accepted, 1U);
  EXPECT_LE(stats.duration_buckets.back().second, 6U);
  EXPECT_GT(stats.duration_sum, 0);
}

}  // namespace
}  // namespace cbx::http

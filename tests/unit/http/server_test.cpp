#include "http/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "http/client.h"
#include "http/read_memory.h"
#include "http/server_fixture.h"
#include "temp_dir.h"

namespace cbx::http {
namespace {

using namespace std::chrono_literals;

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
  const auto same = client.get("/file", "If-None-Match: \"abc\"\r\n");
  EXPECT_EQ(same->status, 304);
  EXPECT_EQ(same->header("content-length"), "250000");
  EXPECT_EQ(same->body, "");
  EXPECT_EQ(client.request("HEAD", "/file")->header("content-length"), "250000");
}

// More than is read at once, to more clients than all of which may have a share of the memory.
TEST(Server, SendsLongFilesToManyClients) {
  const test::TempDir folder;
  std::string content(3'000'000, '\0');
  for (size_t i = 0; i < content.size(); i++) content[i] = static_cast<char>(i * 7 + i / 251);
  std::ofstream(folder.path() + "/file") << content;
  const auto fd = std::make_shared<const UniqueFd>(open((folder.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  ServerOptions options;
  options.per_address = 200;
  std::vector<Route> routes{get("/file", [&](Request& request) {
    return represent(request, {FileBody{fd, 999, 2'900'000}, 2'900'000, "video/mp4", "abc", WallMs{}, "no-cache", ""});
  })};
  Server server = start(std::move(routes), std::move(options));
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 140; i++) {
    slow.push_back(std::make_unique<Client>(server.addresses().at(0)));
    slow.back()->send("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return server.stats().connections == 140; }));
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/file")->body, content.substr(999, 2'900'000));
  EXPECT_EQ(client.get("/file", "Range: bytes=1-1000000\r\n")->body, content.substr(1000, 1'000'000));
  EXPECT_EQ(client.get("/file", "Range: bytes=2000-2099\r\n")->body, content.substr(2999, 100));
  for (const size_t i : {0U, 139U}) EXPECT_EQ(slow[i]->receive()->body, content.substr(999, 2'900'000));
}

TEST(ReadMemory, GivesAsMuchAsThereIs) {
  ReadMemory memory(1000);
  auto most = memory.take(900);
  EXPECT_TRUE(most);
  EXPECT_FALSE(memory.take(101));
  EXPECT_TRUE(memory.take(100));
  most.reset();
  EXPECT_TRUE(memory.take(1000));
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
  ASSERT_TRUE(eventually([&] { return server.stats().waiting == 1; }));
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

// An answer before the body has been read ends the connection; otherwise it stays.
TEST(Server, KeepsConnectionsAndPipelines) {
  Server server = start({get("/a", [](Request&) { return text("a"); }),
                         get("/b", [](Request&) -> Answer { return Work{[] { return text("b"); }}; })});
  Client client(server.addresses().at(0));
  std::string many;
  for (int i = 0; i < 20; i++)
    many += "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nHEAD /a HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(many);
  for (int i = 0; i < 20; i++) {
    EXPECT_EQ(client.receive()->body, "a");
    EXPECT_EQ(client.receive()->body, "b");
    EXPECT_EQ(client.receive(true)->header("content-length"), "1");
  }
  client.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive()->body, "a");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(server.stats().accepted, 1U);
}

TEST(Server, TakesBodies) {
  Server server = start({{Method::post, "/echo", "echo", [](Request& r) { return text(r.body); }, 100'000}});
  Client client(server.addresses().at(0));
  const std::string body(90'000, 'x');
  EXPECT_EQ(client.request("POST", "/echo", "Content-Length: 90000\r\n", body)->body, body);
  EXPECT_EQ(client.request("POST", "/echo", "Content-Length: 0\r\n")->body, "");
  EXPECT_EQ(client.request("POST", "/echo")->body, "");
  EXPECT_EQ(
      client.request("POST", "/echo", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")->body,
      "abcde");
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client.readable(Client::kPatience));  // before the body was sent
  client.send("ok");
  EXPECT_EQ(client.receive()->body, "ok");
}

TEST(Server, TellsHeadersOfEveryAnswer) {
  ServerOptions options;
  options.allow_origin = "https://example.org";
  Server server = start({get("/a", [](Request& r) { return text(r.id); })}, options);
  Client client(server.addresses().at(0));
  for (const char* path : {"/a", "/b", "/a/"}) {
    const auto reply = client.get(path, "Origin: https://example.org\r\n");
    EXPECT_EQ(reply->header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply->header("referrer-policy"), "no-referrer");
    EXPECT_EQ(reply->header("x-request-id").size(), 16U);
    EXPECT_EQ(reply->header("access-control-allow-origin"), "https://example.org");
    EXPECT_EQ(reply->header("vary"), "Origin");
    EXPECT_FALSE(reply->header("date").empty());
  }
  const auto reply = client.get("/a");
  EXPECT_EQ(reply->header("x-request-id"), reply->body);
  const auto asked = client.request("OPTIONS", "/a");
  EXPECT_EQ(asked->status, 204);
  EXPECT_EQ(asked->header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
}

TEST(Server, RewritesAndRedacts) {
  Server::Hooks hooks;
  hooks.rewrite = [](Request& r) {
    if (r.path.starts_with("/t/")) r.path = r.path.substr(4);
  };
  Server server = start({get("/a", [](Request&) { return text("a"); })}, {}, hooks);
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/t/x/a")->body, "a");
  EXPECT_EQ(client.get("/t//a")->status, 400);
  EXPECT_EQ(client.get("/t/x")->status, 404);
}

TEST(Server, SurvivesItsHandlers) {
  Server server = start(
      {get("/throw", [](Request&) -> Answer { throw std::runtime_error("secret"); }),
       get("/odd", [](Request&) -> Answer { throw 7; }),
       get("/work", [](Request&) -> Answer { return Work{[]() -> Response { throw std::runtime_error("secret"); }}; }),
       get("/wait", [](Request&) -> Answer { return Wait{}; }),
       get("/injected", [](Request&) { return text("x").with("X-A", "a\r\nX-B: b"); }),
       get("/status",
           [](Request&) {
             return Response{7, {}, {}, {}};
           }),
       get("/ok", [](Request&) { return text("ok"); })});
  for (const char* path : {"/throw", "/odd", "/work", "/wait"}) {
    const auto reply = Client(server.addresses().at(0)).get(path);
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, 500) << path;
    EXPECT_EQ(reply->body.find("secret"), std::string::npos);
  }
  EXPECT_EQ(Client(server.addresses().at(0)).get("/injected")->header("x-b"), "");
  Client(server.addresses().at(0)).get("/status");
  EXPECT_EQ(Client(server.addresses().at(0)).get("/ok")->body, "ok");
}

class Pattern final : public ByteSource {
 public:
  Pattern(uint64_t size, uint64_t there) : size_(size), there_(there) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const override {
    if (offset >= there_) return fail(ErrorCode::io, "torn");
    const size_t n = std::min<uint64_t>({data.size(), there_ - offset, 5000});
    for (size_t i = 0; i < n; i++) data[i] = static_cast<uint8_t>('a' + (offset + i) % 23);
    return n;
  }

 private:
  uint64_t size_, there_;
};

TEST(Server, SendsWhatIsMadeWhileItIsRead) {
  const auto whole = std::make_shared<const Pattern>(200'000, 200'000);
  const auto torn = std::make_shared<const Pattern>(200'000, 100'000);
  Server server = start({get("/whole",
                             [&](Request&) {
                               return Response{200, {}, whole, {}};
                             }),
                         get("/torn", [&](Request&) {
                           return Response{200, {}, torn, {}};
                         })});
  Client client(server.addresses().at(0));
  const auto reply = client.get("/whole");
  ASSERT_EQ(reply->body.size(), 200'000U);
  EXPECT_EQ(reply->body[199'999], static_cast<char>('a' + 199'999 % 23));
  EXPECT_EQ(client.request("HEAD", "/torn")->header("content-length"), "200000");
  EXPECT_FALSE(client.get("/torn"));
  EXPECT_TRUE(client.ends());
}

// As prune may do to a reader.
TEST(Server, EndsTheAnswerWhenItsFileHasBecomeShorter) {
  const test::TempDir folder;
  std::ofstream(folder.path() + "/file") << std::string(1000, 'x');
  const auto fd = std::make_shared<const UniqueFd>(open((folder.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  Server server = start({get("/file",
                             [&](Request&) {
                               return Response{200, {}, FileBody{fd, 0, 5000}, {}};
                             }),
                         get("/ok", [](Request&) { return text("ok"); })});
  Client client(server.addresses().at(0));
  EXPECT_FALSE(client.get("/file"));
  EXPECT_TRUE(client.ends());
  EXPECT_TRUE(eventually([&] { return server.stats().connections == 0; }));
  EXPECT_EQ(Client(server.addresses().at(0)).get("/ok")->body, "ok");
}

TEST(Server, SendsStretchesOfMappedFiles) {
  const test::TempDir folder;
  std::string content(300'000, '\0');
  for (size_t i = 0; i < content.size(); i++) content[i] = static_cast<char>(i * 7 + i / 251);
  std::ofstream(folder.path() + "/file") << content;
  const auto fd = std::make_shared<const UniqueFd>(open((folder.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  const auto map = FileMap::make(fd->get(), 300'000), longer = FileMap::make(fd->get(), 64'000'000);
  ASSERT_TRUE(map && longer);
  EXPECT_TRUE(map->at(299'999, 1));
  EXPECT_FALSE(map->at(299'999, 2));
  EXPECT_FALSE(map->at(300'001, 0));
  const auto file = [&](const std::shared_ptr<const FileMap>& mapped) {
    return [&fd, mapped](Request& request) {
      return represent(request, {FileBody{fd, 1000, 299'000, mapped}, 299'000, "video/mp4", "abc", {}, "", ""});
    };
  };
  Server server = start({get("/map", file(map)), get("/longer", file(longer))});
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/map")->body, content.substr(1000));
  EXPECT_EQ(client.get("/map", "Range: bytes=200000-\r\n")->body, content.substr(201'000));
  EXPECT_EQ(client.request("HEAD", "/map")->header("content-length"), "299000");
  EXPECT_EQ(client.get("/longer")->body, content.substr(1000));
  content += std::string(100'000, 'y');
  std::ofstream(folder.path() + "/file", std::ios::app) << content.substr(300'000);
  EXPECT_EQ(client.get("/longer")->body, content.substr(1000, 299'000));
  EXPECT_EQ(memcmp(longer->at(300'000, 100'000), &content[300'000], 100'000), 0) << "what is added is seen";
  // The rest of the answer isn't there any more.
  std::filesystem::resize_file(folder.path() + "/file", 100'000);
  EXPECT_FALSE(client.get("/map"));
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(Client(server.addresses().at(0)).get("/map", "Range: bytes=0-50000\r\n")->body,
            content.substr(1000, 50'001));
}

// A few fast clients keep several cores busy.
TEST(Server, SpreadsConnectionsOverItsThreads) {
  std::mutex mutex;
  std::map<std::thread::id, int> served;
  ServerOptions options;
  options.threads = 4;
  Server server = start({get("/",
                             [&](Request&) {
                               const std::lock_guard lock(mutex);
                               served[std::this_thread::get_id()]++;
                               return text("ok");
                             })},
                        options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; i++) {
    clients.push_back(std::make_unique<Client>(server.addresses().at(0)));
    EXPECT_EQ(clients.back()->get("/")->body, "ok");
  }
  EXPECT_EQ(served.size(), 4U);
  for (const auto& [thread, count] : served) EXPECT_EQ(count, 2);
}

TEST(Server, FreesTheWaitOfWhoHasLeft) {
  const auto news = std::make_shared<Broadcast>();
  Server server = start({get("/wait", [&](Request&) -> Answer {
    return Wait{news, news->count(), std::chrono::steady_clock::now() + 60s};
  })});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; i++) {
    clients.push_back(std::make_unique<Client>(server.addresses().at(0)));
    clients.back()->send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return server.stats().waiting == 20; }));
  clients.resize(3);
  EXPECT_TRUE(eventually([&] { return server.stats().waiting == 3 && server.stats().connections == 3; }));
}

// Many at once, whose news come while they are about to wait.
TEST(Server, WakesAllThatWait) {
  const auto news = std::make_shared<Broadcast>();
  std::atomic<int> value{0};
  Server server = start({get("/next/{seen}", [&](Request& request) -> Answer {
    const uint64_t count = news->count();
    const int now = value.load();
    if (std::to_string(now) == request.param("seen")) return Wait{news, count, std::chrono::steady_clock::now() + 60s};
    return text(std::to_string(now));
  })});
  std::atomic<bool> stop{false};
  std::thread announcer([&] {
    while (!stop) {
      value++;
      news->announce();
      std::this_thread::sleep_for(200us);
    }
  });
  std::vector<std::thread> clients;
  std::atomic<int> answers{0};
  for (int i = 0; i < 8; i++)
    clients.emplace_back([&] {
      Client client(server.addresses().at(0));
      std::string seen = "0";
      for (int k = 0; k < 200; k++) {
        const auto reply = client.get("/next/" + seen);
        if (!reply || reply->body == seen) return;
        seen = reply->body;
        answers++;
      }
    });
  for (std::thread& client : clients) client.join();
  stop = true;
  announcer.join();
  EXPECT_EQ(answers, 1600);
}

TEST(Server, StopsGracefully) {
  std::atomic<bool> go{false};
  Server server = start({get("/work",
                             [&](Request&) -> Answer {
                               return Work{[&] {
                                 while (!go) std::this_thread::sleep_for(1ms);
                                 return text("done");
                               }};
                             }),
                         get("/wait", [](Request& request) -> Answer {
                           if (request.waited) return text("waited");
                           return Wait{nullptr, 0, std::chrono::steady_clock::now() + 60s};
                         })});
  Client worker(server.addresses().at(0)), waiter(server.addresses().at(0)), idle(server.addresses().at(0));
  worker.send("GET /work HTTP/1.1\r\nHost: x\r\n\r\n");
  waiter.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.stats().waiting == 1 && server.stats().working == 1; }));
  const std::string address = server.addresses().at(0);
  std::thread stopper([&] { server.stop(30s); });
  EXPECT_EQ(waiter.receive()->body, "waited");
  EXPECT_TRUE(eventually([&] { return !Client(address).connected(); }));
  go = true;
  const auto reply = worker.receive();
  EXPECT_EQ(reply->body, "done");
  EXPECT_EQ(reply->header("connection"), "close");
  stopper.join();
  EXPECT_TRUE(idle.ends());
}

// What is still waiting, working or being sent when the grace is over.
TEST(Server, StopsAtOnce) {
  const auto whole = std::make_shared<const Pattern>(200'000'000, 200'000'000);
  std::vector<std::unique_ptr<Client>> clients;
  Server server = start({get("/wait",
                             [](Request&) -> Answer {
                               return Wait{nullptr, 0, std::chrono::steady_clock::now() + 60s};
                             }),
                         get("/work",
                             [](Request&) -> Answer {
                               return Work{[] {
                                 std::this_thread::sleep_for(100ms);
                                 return text("");
                               }};
                             }),
                         get("/whole", [&](Request&) {
                           return Response{200, {}, whole, {}};
                         })});
  for (const char* path : {"/wait", "/work", "/whole", "/work", "/work", "/work", "/wait", "/whole"}) {
    clients.push_back(std::make_unique<Client>(server.addresses().at(0)));
    clients.back()->send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return server.stats().waiting == 2; }));
  server.stop(0ms);
  EXPECT_EQ(server.stats().connections, 0U);
}

TEST(Server, ListensAtUnixSockets) {
  const test::TempDir folder;
  const std::string path = folder.path() + "/sock";
  ServerOptions options;
  options.listen = {{"", 0, path}, {"", 0, ""}};
  options.unix_mode = 0600;
  {
    Server server = start({get("/peer", [](Request& r) { return text(r.peer); })}, options);
    ASSERT_EQ(server.addresses().size(), 2U);
    EXPECT_EQ(server.addresses()[0], "unix:" + path);
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
    Client client(server.addresses()[0]);
    EXPECT_EQ(client.get("/peer")->body, "unix");
    EXPECT_EQ(client.get("/peer")->body, "unix");
    EXPECT_EQ(Client(server.addresses()[1]).get("/peer")->body, "127.0.0.1");
    const auto second = Server::start(options, {}, {}, silent());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::unavailable);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  {  // a socket whose server has died
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  EXPECT_TRUE(Server::start(options, {}, {}, silent()));
  std::ofstream(path) << "precious";
  const auto refused = Server::start(options, {}, {}, silent());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::cannot_create);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Server, BelievesTrustedProxies) {
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.1"};
  const auto tell = [](Request& r) { return text(r.peer + (r.secure ? " secure " : " plain ") + r.id); };
  const char* headers = "X-Forwarded-For: 9.9.9.9, 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Request-Id: abc\r\n";
  Server trusting = start({get("/", tell)}, options);
  EXPECT_EQ(Client(trusting.addresses().at(0)).get("/", headers)->body, "192.0.2.7 secure abc");
  Server wary = start({get("/", tell)});
  EXPECT_EQ(Client(wary.addresses().at(0)).get("/", headers)->body.substr(0, 16), "127.0.0.1 plain ");
}

TEST(Server, TellsWhatItCannotDo) {
  const auto code = [](ServerOptions options) {
    if (options.listen.empty()) options.listen.push_back({"127.0.0.1", 0, ""});
    const auto server = Server::start(options, {}, {}, silent());
    return server ? 0 : server.error().exit_code();
  };
  Server server = start({});
  const std::string address = server.addresses().at(0);
  ServerOptions options;
  options.listen.push_back({"127.0.0.1", static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))), ""});
  EXPECT_EQ(code(options), 69);
  options = {};
  options.listen.push_back({"192.0.2.1", 0, ""});
  EXPECT_EQ(code(options), 69);
  options = {};
  options.certificate = "/nowhere";
  EXPECT_EQ(code(options), 78);
  options.key = "/nowhere";
  EXPECT_EQ(code(options), 78);
  options = {};
  options.trusted_proxies = {"nobody"};
  EXPECT_EQ(code(options), 64);
  options = {};
  options.access_log = "/nowhere/log";
  EXPECT_NE(code(options), 0);
}

}  // namespace
}  // namespace cbx::http

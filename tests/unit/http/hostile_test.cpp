// Requests that are wrong on purpose, and clients that are slow on purpose.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "http/server_fixture.h"
#include "temp_dir.h"

namespace cbx::http {
namespace {

using namespace std::chrono_literals;

Route echo(size_t limit) {
  return {Method::post, "/echo", "echo", [](Request& r) { return text(r.body); }, limit};
}
Route ok() {
  return get("/ok", [](Request&) { return text("ok"); });
}

// The status of the answer to what is sent as it is; 0 if there is none.
int answer_to(const Server& server, std::string_view bytes) {
  Client client(server.addresses().at(0));
  client.send(bytes);
  const auto reply = client.receive();
  return reply ? reply->status : 0;
}

TEST(Hostile, RequestLines) {
  const Server server = start({ok(), echo(100)});
  const auto line = [&](std::string_view request) {
    return answer_to(server, std::string(request) + "\r\nHost: x\r\nConnection: close\r\n\r\n");
  };
  EXPECT_EQ(line("GET /ok HTTP/1.1"), 200);
  EXPECT_EQ(line("GET http://x/ok HTTP/1.1"), 200);
  EXPECT_EQ(line("GET /../etc/passwd HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /ok/%2e%2e/x HTTP/1.1"), 400);
  EXPECT_EQ(line("GET //ok HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /ok%00 HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /ok% HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /\xff HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /ok?a=%ff HTTP/1.1"), 400);
  EXPECT_EQ(line("GET * HTTP/1.1"), 400);
  EXPECT_EQ(line("GET /o k HTTP/1.1"), 400);
  EXPECT_EQ(line("BREW /ok HTTP/1.1"), 501);
  EXPECT_EQ(line("get /ok HTTP/1.1"), 501);
  EXPECT_EQ(line("TRACE /ok HTTP/1.1"), 501);
  EXPECT_EQ(line("CONNECT x:80 HTTP/1.1"), 501);
  EXPECT_EQ(line("GET /" + std::string(9000, 'a') + " HTTP/1.1"), 414);
  EXPECT_EQ(line("GET /" + std::string(100'000, 'a') + " HTTP/1.1"), 414);
  EXPECT_GE(line("GET /ok HTTP/9.9"), 400);
  line("GET");
  line("");
  line("\x16\x03\x01\x02");
  EXPECT_EQ(line("GET /ok HTTP/1.1"), 200);
}

TEST(Hostile, Heads) {
  const Server server = start({ok(), echo(100)});
  const auto head = [&](std::string_view fields, std::string_view request = "GET /ok HTTP/1.1") {
    return answer_to(server, std::string(request) + "\r\n" + std::string(fields) + "\r\n");
  };
  EXPECT_EQ(head("Host: x\r\n"), 200);
  // RFC 9112, 3.2.
  EXPECT_EQ(head(""), 400);
  EXPECT_EQ(head("Host: x\r\nHost: x\r\n"), 400);
  EXPECT_EQ(head("Host: x\r\nHost: y\r\n"), 400);
  EXPECT_EQ(head("Host: x, y\r\n"), 400);
  EXPECT_EQ(head("Host: x/y\r\n"), 400);
  EXPECT_EQ(head("Host: a@x\r\n"), 400);
  EXPECT_EQ(head("Host: [::1]:8080\r\n"), 200);
  EXPECT_EQ(head("Host:\r\n"), 200);
  EXPECT_EQ(head("Host: x\r\nA: " + std::string(100'000, 'a') + "\r\n"), 431);
  std::string many = "Host: x\r\n";
  for (int i = 0; i < 5000; i++) many += "A" + std::to_string(i) + ": b\r\n";
  EXPECT_EQ(head(many), 431);
  EXPECT_EQ(head("Host: x\r\nA b: c\r\n"), 400);
  EXPECT_EQ(head("Host: x\r\nA: \x01\r\n"), 400);
  EXPECT_EQ(head("Host: x\r\nTransfer-Encoding : chunked\r\n"), 400);
  constexpr const char* kPost = "POST /echo HTTP/1.1";
  EXPECT_EQ(head("Host: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n", kPost), 400);
  EXPECT_EQ(head("Host: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n", kPost), 400);
  EXPECT_EQ(head("Host: x\r\nContent-Length: -2\r\n", kPost), 400);
  EXPECT_EQ(head("Host: x\r\nContent-Length: 0x2\r\n", kPost), 400);
  EXPECT_EQ(head("Host: x\r\nTransfer-Encoding: gzip, chunked\r\n", kPost), 501);
  EXPECT_EQ(head("Host: x\r\nTransfer-Encoding: identity\r\n", kPost), 501);
  EXPECT_EQ(head("Host: x\r\n"), 200);
}

// Also what is refused before a route is known is answered as all else is: once, in a form that can be read.
TEST(Hostile, WhatIsWrongWithAHeadIsToldAsAProblem) {
  const Server server = start({ok()});
  for (const char* head : {"GET /ok HTTP/1.1\r\n\r\n", "GET /ok HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                           "GET /ok HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", "BREW /ok HTTP/1.1\r\nHost: x\r\n\r\n",
                           "GET /../x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}) {
    Client client(server.addresses().at(0));
    client.send(head);
    const auto reply = client.receive();
    ASSERT_TRUE(reply) << head;
    EXPECT_GE(reply->status, 400) << head;
    EXPECT_EQ(reply->header("content-type"), "application/problem+json") << head;
    EXPECT_TRUE(reply->body.starts_with("{")) << reply->body;
    EXPECT_NE(reply->header("x-request-id"), "");
  }
  EXPECT_EQ(answer_to(server, "GET /ok HTTP/1.0\r\n\r\n"), 200) << "which knew no Host";
}

TEST(Hostile, BodiesThatAreTooLong) {
  const Server server = start({ok(), echo(1000)});
  const auto post = [&](std::string_view fields, std::string_view body) {
    return answer_to(server, "POST /echo HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n" + std::string(body));
  };
  EXPECT_EQ(post("Content-Length: 1001\r\n", ""), 413);  // before it is read
  EXPECT_EQ(post("Content-Length: 99999999999999999999\r\n", ""), 413);
  EXPECT_EQ(post("Content-Length: 1001\r\nExpect: 100-continue\r\n", ""), 413);
  EXPECT_EQ(post("Transfer-Encoding: chunked\r\n", "7d0\r\n" + std::string(2000, 'x') + "\r\n0\r\n\r\n"), 413);
  EXPECT_EQ(answer_to(server, "GET /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), 413);
  EXPECT_EQ(answer_to(server, "GET /ok HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), 413);
  // One that never ends is not read for ever.
  Client endless(server.addresses().at(0));
  endless.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  int sent = 0;
  while (sent < 2000 && endless.send(chunk)) sent++;
  EXPECT_LT(sent, 2000);
}

// The answer is there long before the client has sent all: it can be read in peace, and nobody sends for ever.
TEST(Hostile, AnAnswerBeforeTheBodyIsRead) {
  const test::TempDir folder;
  ServerOptions options;
  options.listen = {{"127.0.0.1", 0, ""}, {"", 0, folder.path() + "/sock"}};
  const Server server = start({ok(), echo(1000)}, options);
  for (const std::string& address : server.addresses()) {
    for (const char* head : {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n",
                             "POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"}) {
      Client client(address);
      client.send(head);
      ASSERT_TRUE(client.readable(10s));
      for (int i = 0; i < 10; i++) {
        EXPECT_TRUE(client.send(std::string(20'000, 'x'))) << address << ' ' << i;
        std::this_thread::sleep_for(50ms);
      }
      const auto reply = client.receive();
      ASSERT_TRUE(reply);
      EXPECT_GE(reply->status, 405);
      EXPECT_NE(reply->body, "");
      EXPECT_TRUE(client.ends());
    }
  }
  Client endless(server.addresses().at(0));
  endless.send("POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n");
  int sent = 0;
  while (sent < 4000 && endless.send(std::string(65536, 'x'))) sent++;
  EXPECT_LT(sent, 4000);
}

// Sends a byte now and then until the connection is gone.
void trickle(Client& client, std::string_view bytes) {
  for (size_t i = 0; i < 400 && !client.readable(50ms); i++)
    if (!client.send(bytes.substr(i % bytes.size(), 1))) return;
}

TEST(Deadlines, HeadsThatTrickle) {
  ServerOptions options;
  options.header_deadline = 1s;
  const Server server = start({ok()}, options);
  Client client(server.addresses().at(0));
  client.send("GET /ok HTTP/1.1\r\nA: ");
  trickle(client, "a");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(server.stats().late, 1U);
  Client silent_one(server.addresses().at(0));
  EXPECT_TRUE(silent_one.ends());
  EXPECT_EQ(server.stats().late, 2U);
}

// The second request's first byte starts its time; until then the connection may rest.
TEST(Deadlines, LaterHeadsThatTrickle) {
  ServerOptions options;
  options.header_deadline = 1s;
  options.idle = 60s;
  const Server server = start({ok()}, options);
  Client resting(server.addresses().at(0)), client(server.addresses().at(0));
  EXPECT_EQ(resting.get("/ok")->status, 200);
  EXPECT_EQ(client.get("/ok")->status, 200);
  EXPECT_FALSE(client.readable(500ms));
  trickle(client,
          "GET /ok HTTP/1.1\r\nA: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(server.stats().late, 1U);
  EXPECT_EQ(resting.get("/ok")->status, 200);
}

TEST(Deadlines, BodiesThatTrickle) {
  ServerOptions options;
  options.body_deadline = 1s;
  const Server server = start({echo(1000)}, options);
  Client client(server.addresses().at(0));
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  trickle(client, "a");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(server.stats().late, 1U);
}

TEST(Deadlines, IdleConnectionsEnd) {
  ServerOptions options;
  options.idle = 1s;
  const Server server = start({ok()}, options);
  Client client(server.addresses().at(0));
  EXPECT_EQ(client.get("/ok")->status, 200);
  EXPECT_TRUE(client.ends());
}

TEST(Deadlines, ReadersWhoDontRead) {
  ServerOptions options;
  options.idle = 1s;
  const Server server = start({get("/zeros",
                                   [](Request&) {
                                     class Zeros final : public ByteSource {
                                       uint64_t size() const override { return uint64_t{1} << 30; }
                                       Result<size_t> read_at(uint64_t, std::span<uint8_t> data) const override {
                                         return data.size();
                                       }
                                     };
                                     return Response{200, {}, std::make_shared<const Zeros>(), {}};
                                   })},
                              options);
  Client client(server.addresses().at(0));
  client.send("GET /zeros HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.readable(Client::kPatience));
  EXPECT_TRUE(eventually([&] { return server.stats().connections == 0; }));
}

// More slow clients than threads: they hold up nobody.
TEST(Deadlines, SlowClientsCostNoThread) {
  ServerOptions options;
  options.per_address = 1000;
  const Server server = start({ok()}, options);
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 100; i++) {
    slow.push_back(std::make_unique<Client>(server.addresses().at(0)));
    slow.back()->send("GET /ok HT");
  }
  EXPECT_EQ(Client(server.addresses().at(0)).get("/ok")->body, "ok");
  for (auto& client : slow) client->send("TP/1.1\r\nHost: x\r\n\r\n");
  for (auto& client : slow) EXPECT_EQ(client->receive()->body, "ok");
}

TEST(Limits, ConnectionsOfOneAddress) {
  ServerOptions options;
  options.per_address = 3;
  const Server server = start({ok()}, options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; i++) {
    clients.push_back(std::make_unique<Client>(server.addresses().at(0)));
    EXPECT_EQ(clients.back()->get("/ok")->status, 200);
  }
  Client refused(server.addresses().at(0));
  EXPECT_TRUE(refused.ends());
  EXPECT_EQ(server.stats().refused, 1U);
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return server.stats().connections == 2; }));
  EXPECT_EQ(Client(server.addresses().at(0)).get("/ok")->status, 200);
}

TEST(Limits, ProxiesAreExemptFromTheLimitOfOneAddress) {
  ServerOptions options;
  options.per_address = 1;
  options.connections = 4;
  options.trusted_proxies = {"127.0.0.0/8"};
  const Server server = start({ok()}, options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; i++) {
    clients.push_back(std::make_unique<Client>(server.addresses().at(0)));
    EXPECT_EQ(clients.back()->get("/ok")->status, 200);
  }
  EXPECT_TRUE(Client(server.addresses().at(0)).ends());
}

// A server with one worker, whose work ends when `go` is set, for those who say who they are.
Server start_working(const std::atomic<bool>& go) {
  ServerOptions options;
  options.workers = 1;
  options.per_address = 1000;
  return start({get("/work",
                    [&go](Request& request) -> Answer {
                      request.user = request.header("x-user").value_or("");
                      return Work{[&go, user = request.user] {
                        while (!go) std::this_thread::sleep_for(1ms);
                        return text("done for " + user);
                      }};
                    }),
                ok()},
               options);
}
std::unique_ptr<Client> ask_for_work(const Server& server, const std::string& user) {
  auto client = std::make_unique<Client>(server.addresses().at(0));
  client->send("GET /work HTTP/1.1\r\nHost: x\r\nX-User: " + user + "\r\n\r\n");
  return client;
}

int count_answered(const std::vector<std::unique_ptr<Client>>& clients) {
  return static_cast<int>(std::ranges::count_if(clients, [](const auto& c) { return c->readable(0ms); }));
}

TEST(Limits, WorkThatPilesUp) {
  std::atomic<bool> go{false};
  const Server server = start_working(go);
  std::vector<std::unique_ptr<Client>> clients;
  clients.push_back(ask_for_work(server, "first"));
  ASSERT_TRUE(eventually([&] { return server.stats().working == 1; }));
  for (int i = 0; i < 140; i++) clients.push_back(ask_for_work(server, std::to_string(i % 35)));
  EXPECT_TRUE(eventually([&] { return count_answered(clients) == 12; }));
  EXPECT_EQ(server.stats().working, 129U);
  EXPECT_EQ(Client(server.addresses().at(0)).get("/ok")->body, "ok");
  clients.clear();  // the work of those who left is done all the same
  go = true;
  EXPECT_TRUE(eventually([&] { return server.stats().working == 0; }));
}

TEST(Limits, WorkOfOneIsNotInTheWayOfOthers) {
  std::atomic<bool> go{false};
  const Server server = start_working(go);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 40; i++) clients.push_back(ask_for_work(server, "greedy"));
  EXPECT_TRUE(eventually([&] { return count_answered(clients) == 24; }));
  const auto other = ask_for_work(server, "other");
  EXPECT_TRUE(eventually([&] { return server.stats().working == 17; }));
  go = true;
  EXPECT_EQ(other->receive()->body, "done for other");
  int done = 0, refused = 0;
  for (auto& client : clients) {
    const auto reply = client->receive();
    ASSERT_TRUE(reply);
    (reply->status == 200 ? done : refused)++;
    EXPECT_EQ(reply->header("retry-after").empty(), reply->status == 200);
  }
  EXPECT_EQ(done, 16);
  EXPECT_EQ(refused, 24);
}

}  // namespace
}  // namespace cbx::http

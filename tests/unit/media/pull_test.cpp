#include "media/pull.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "fixture.h"
#include "media/import.h"

namespace cbx::media {
namespace {

// Answers each request with what `answer` gives for its path; an empty answer keeps the line open and says nothing.
class TinyServer {
 public:
  explicit TinyServer(std::function<std::string(const std::string& path)> answer) : answer_(std::move(answer)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::listen(listener_.get(), 8) != 0)
      return;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TinyServer() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  const std::vector<std::string>& asked() const { return asked_; }

 private:
  void serve() {
    std::vector<UniqueFd> open;
    while (!stop_) {
      pollfd p{listener_.get(), POLLIN, 0};
      if (::poll(&p, 1, 50) <= 0) continue;
      UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char request[4096];
      const ssize_t n = ::recv(peer.get(), request, sizeof(request), 0);
      const std::string text(request, n > 0 ? static_cast<size_t>(n) : 0);
      const size_t from = text.find(' ') + 1;
      const std::string path = text.substr(from, text.find(' ', from) - from);
      asked_.push_back(path);
      const std::string body = answer_(path);
      if (body.empty()) {
        open.push_back(std::move(peer));
        continue;
      }
      const std::string reply = "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      size_t sent = 0;
      while (sent < reply.size()) {
        const ssize_t w = ::send(peer.get(), reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
        if (w <= 0) break;
        sent += static_cast<size_t>(w);
      }
    }
  }

  std::function<std::string(const std::string&)> answer_;
  UniqueFd listener_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::vector<std::string> asked_;
  std::thread thread_;
};

class PullTest : public test::MediaTest {
 protected:
  std::string source() const {
    return copy(make("a.mp4", "-c:v libx264 -preset ultrafast -g 25 -bf 2 -c:a aac"), "a.ts");
  }
  static PullOptions options() {
    PullOptions o;
    o.open_timeout = Millis(5000);
    o.read_timeout = Millis(2000);
    return o;
  }
};

TEST_F(PullTest, HttpStreamComesOutAsTransportStream) {
  const std::string file = source();
  TinyServer server([&](const std::string&) { return *read_file(file, 10 << 20); });
  auto puller = Puller::open(server.url("/live.ts"), options());
  ASSERT_TRUE(puller) << puller.error().message();
  std::string out;
  const PullEnd end = puller->run([&](ByteSpan data) -> Status {
    EXPECT_LE(data.size(), 64u << 10);
    out += as_string(data);
    return {};
  });
  EXPECT_EQ(end.cause, "peer_closed");
  EXPECT_EQ(end.bytes, out.size());
  EXPECT_EQ(out.size() % 188, 0u);
  ASSERT_TRUE(replace_file(path("out.ts"), out, 0600));
  EXPECT_EQ(packet_md5(path("out.ts"), "a"), packet_md5(file, "a"));
  EXPECT_EQ(packet_md5(path("out.ts"), "v", "-c:v rawvideo"), packet_md5(file, "v", "-c:v rawvideo"));
}

TEST_F(PullTest, ARefusingWriterEndsIt) {
  const std::string file = source();
  TinyServer server([&](const std::string&) { return *read_file(file, 10 << 20); });
  auto puller = Puller::open(server.url("/live.ts"), options());
  ASSERT_TRUE(puller);
  int calls = 0;
  const PullEnd end = puller->run([&](ByteSpan) -> Status {
    if (++calls > 3) return fail(ErrorCode::io, "pipe is gone");
    return {};
  });
  EXPECT_EQ(end.cause, "reader_closed");
  EXPECT_EQ(end.detail, "pipe is gone");
  EXPECT_EQ(calls, 4);
}

TEST_F(PullTest, SilenceAndStopEndTheWaiting) {
  TinyServer server([](const std::string&) { return std::string(); });
  PullOptions o = options();
  o.open_timeout = Millis(300);
  auto late = Puller::open(server.url("/x"), o);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::unavailable);
  EXPECT_NE(late.error().message().find("timed out"), std::string::npos);

  o.open_timeout = Millis(60000);
  const auto begin = std::chrono::steady_clock::now();
  o.stop = [&] { return std::chrono::steady_clock::now() - begin > Millis(200); };
  auto stopped = Puller::open(server.url("/x"), o);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::try_again);
}

TEST_F(PullTest, APlaylistCannotNameFilesOrOtherProtocols) {
  const std::string file = source();
  for (const std::string& target : {"file://" + file, file, std::string("tcp://127.0.0.1:1"), "concat:" + file}) {
    const std::string list = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + target + "\n#EXT-X-ENDLIST\n";
    TinyServer server([&](const std::string& path) { return path == "/x.m3u8" ? list : std::string("no"); });
    auto puller = Puller::open(server.url("/x.m3u8"), options());
    if (!puller) continue;
    const PullEnd end = puller->run([](ByteSpan) -> Status { return {}; });
    EXPECT_EQ(end.bytes, 0u) << target;
  }
}

TEST_F(PullTest, NothingListening) {
  const auto puller = Puller::open("rtmp://user:secret@127.0.0.1:1/live/key", options());
  ASSERT_FALSE(puller);
  EXPECT_EQ(puller.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(puller.error().message().find("secret"), std::string::npos);
  EXPECT_EQ(puller.error().message().find("key"), std::string::npos);
}

TEST(PublicUrl, TellsNoSecret) {
  EXPECT_EQ(public_url("rtsp://user:pass@cam.lan:554/stream?token=1"), "rtsp://cam.lan:554");
  EXPECT_EQ(public_url("https://cam.lan/key/index.m3u8"), "https://cam.lan");
  EXPECT_EQ(public_url("http://a:b@c@host/"), "http://host");
  EXPECT_EQ(public_url("http://user:pa/ss@host/x"), "http");
  EXPECT_EQ(public_url("nonsense"), "url");
}

TEST(CanPull, BySchemeOnly) {
  EXPECT_TRUE(can_pull("rtsp://x/"));
  EXPECT_TRUE(can_pull("rtmps://x/"));
  EXPECT_FALSE(can_pull("file:///etc/passwd"));
  EXPECT_FALSE(can_pull("srt://x:1"));
  EXPECT_FALSE(can_pull("/etc/passwd"));
  EXPECT_EQ(Puller::open("file:///etc/passwd", {}).error().code(), ErrorCode::usage);
}

}  // namespace
}  // namespace cbx::media

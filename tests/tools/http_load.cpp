// cbx-http-load: asks an HTTP server for the same things over and over, and throws away what it gets without copying
// it, so that it leaves most of a small machine to the server.
//
//   cbx-http-load --port PORT --targets FILE [--connections N] [--seconds S] [--header 'Name: value'] …
//
// FILE has a line for each thing to ask for: PATH, or PATH FIRST-LAST for a range of it.  Each connection is kept and
// goes through all of them, from a place of its own on.  An answer that is not 200 or 206, or has no length, is an
// error; the first one ends the run.  Prints one JSON line.  Exit status 1 after an error.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cbx::load {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kDiscard = 1 << 20;  // bytes at a time
constexpr size_t kMostHead = 16 << 10;

struct Options {
  std::string host = "127.0.0.1", targets;
  uint16_t port = 0;
  size_t connections = 8;
  double seconds = 5;
  std::vector<std::string> headers;
};

struct Counts {
  uint64_t requests = 0, bytes = 0;
  std::vector<float> took_ms;
};

std::optional<uint64_t> content_length(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  auto at = std::search(head.begin(), head.end(), kName.begin(), kName.end(), same);
  if (at == head.end()) return std::nullopt;
  at += static_cast<ptrdiff_t>(kName.size());
  while (at != head.end() && *at == ' ') ++at;
  uint64_t value = 0;
  const char* begin = head.data() + (at - head.begin());
  if (std::from_chars(begin, head.data() + head.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

// One kept connection with one request under way at a time.
class Connection {
 public:
  Connection(const std::vector<std::string>& requests, size_t first) : requests_(requests), next_(first) {}
  Connection(Connection&& other) noexcept = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool open(const sockaddr_in& to) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 && ask();
  }
  int fd() const { return fd_; }
  const std::string& error() const { return error_; }

  // Takes what is there; false after an error.
  bool take(Counts& counts) {
    for (;;) {
      if (left_ > 0) {
        const ssize_t got = ::recv(fd_, nullptr, std::min<uint64_t>(left_, kDiscard), MSG_TRUNC | MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return true;
        if (got <= 0) return fail(got == 0 ? "closed inside a body" : std::strerror(errno));
        left_ -= static_cast<uint64_t>(got);
        counts.bytes += static_cast<uint64_t>(got);
        if (left_ > 0) continue;
      } else {
        char more[4096];
        const ssize_t got = ::recv(fd_, more, sizeof more, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return true;
        if (got <= 0) return fail(got == 0 ? "closed before an answer" : std::strerror(errno));
        head_.append(more, static_cast<size_t>(got));
        const size_t end = head_.find("\r\n\r\n");
        if (end == std::string::npos) {
          if (head_.size() > kMostHead) return fail("an endless head");
          continue;
        }
        if (!start_body(end + 4, counts)) return false;
        if (left_ > 0) continue;
      }
      counts.requests++;
      counts.took_ms.push_back(std::chrono::duration<float, std::milli>(SteadyClock::now() - asked_).count());
      if (!ask()) return false;
    }
  }

 private:
  bool fail(std::string_view what) {
    error_ = std::string(what) + " (" + requests_[asked_for_].substr(0, requests_[asked_for_].find('\r')) + ")";
    return false;
  }

  bool ask() {
    asked_for_ = next_;
    const std::string& request = requests_[next_];
    next_ = (next_ + 1) % requests_.size();
    head_.clear();
    asked_ = SteadyClock::now();
    return ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()) ||
           fail("cannot send");
  }

  bool start_body(size_t body, Counts& counts) {
    const std::string_view head(head_.data(), body);
    if (!head.starts_with("HTTP/1.1 200") && !head.starts_with("HTTP/1.1 206")) return fail(head.substr(0, 60));
    const auto length = content_length(head);
    if (!length) return fail("an answer without length");
    const uint64_t here = head_.size() - body;
    if (here > *length) return fail("more than was promised");
    counts.bytes += here;
    left_ = *length - here;
    return true;
  }

  const std::vector<std::string>& requests_;
  size_t next_ = 0, asked_for_ = 0;
  int fd_ = -1;
  std::string head_, error_;
  uint64_t left_ = 0;  // of the body
  SteadyClock::time_point asked_{};
};

std::vector<std::string> read_requests(const Options& o) {
  std::vector<std::string> requests;
  std::ifstream in(o.targets);
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    const size_t space = line.find(' ');
    std::string request =
        "GET " + line.substr(0, space) + " HTTP/1.1\r\nHost: " + o.host + ":" + std::to_string(o.port) + "\r\n";
    if (space != std::string::npos) request += "Range: bytes=" + line.substr(space + 1) + "\r\n";
    for (const std::string& header : o.headers) request += header + "\r\n";
    requests.push_back(request + "\r\n");
  }
  return requests;
}

// Of this process so far: a client that is always busy is what is measured.
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

float quantile(std::vector<float>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<ptrdiff_t>(static_cast<double>(values.size() - 1) * share);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

int run(const Options& o) {
  const std::vector<std::string> requests = read_requests(o);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(o.port);
  if (requests.empty() || ::inet_pton(AF_INET, o.host.c_str(), &to.sin_addr) != 1) {
    std::fprintf(stderr, "cbx-http-load: nothing to ask for in '%s', or no IPv4 address\n", o.targets.c_str());
    return 64;
  }
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> connections;
  for (size_t i = 0; i < o.connections; i++) {
    auto& c = *connections.emplace_back(std::make_unique<Connection>(requests, i * requests.size() / o.connections));
    if (!c.open(to)) {
      std::fprintf(stderr, "cbx-http-load: cannot connect: %s\n", std::strerror(errno));
      return 69;
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &c}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, c.fd(), &event);
  }
  Counts counts;
  const auto start = SteadyClock::now();
  const auto end = start + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(o.seconds));
  while (SteadyClock::now() < end) {
    epoll_event events[64];
    const int n = ::epoll_wait(epoll, events, 64, 100);
    for (int i = 0; i < n; i++) {
      auto& c = *static_cast<Connection*>(events[i].data.ptr);
      if (c.take(counts)) continue;
      std::fprintf(stderr, "cbx-http-load: %s\n", c.error().c_str());
      return 1;
    }
  }
  const double took = std::chrono::duration<double>(SteadyClock::now() - start).count();
  std::printf(
      R"({"seconds":%.3f,"requests":%llu,"bytes":%llu,"per_second":%.1f,"mb_per_second":%.1f,"p50_ms":%.2f,"p99_ms":%.2f,"cpu_seconds":%.3f})"
      "\n",
      took, static_cast<unsigned long long>(counts.requests), static_cast<unsigned long long>(counts.bytes),
      static_cast<double>(counts.requests) / took, static_cast<double>(counts.bytes) / 1e6 / took,
      quantile(counts.took_ms, 0.5), quantile(counts.took_ms, 0.99), cpu_seconds());
  return 0;
}

}  // namespace
}  // namespace cbx::load

int main(int argc, char** argv) {
  cbx::load::Options o;
  CLI::App app("Asks an HTTP server for the same things over and over");
  app.add_option("--host", o.host, "IPv4 address");
  app.add_option("--port", o.port)->required();
  app.add_option("--targets", o.targets, "File: PATH [FIRST-LAST] on each line")->required();
  app.add_option("--connections", o.connections)->check(CLI::Range(1, 10000));
  app.add_option("--seconds", o.seconds);
  app.add_option("--header", o.headers, "Sent along, 'Name: value'");
  CLI11_PARSE(app, argc, argv);
  return cbx::load::run(o);
}

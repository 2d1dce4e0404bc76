// cbx-udp-relay: a bad line between two UDP ends on loopback, for tests.
//
//   cbx-udp-relay --listen PORT --to PORT [--loss PERCENT] [--delay MS] [--reorder PERCENT] [--cut AT:FOR]… [--for S]
//
// Losses, reordering and cuts concern both directions.  Every client gets an upstream socket of its own.  The loss is
// drawn from a fixed seed.  It ends by itself after --for seconds (at most 600) or with TERM.  Prints a line when ready
// and a JSON line with counters at the end.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr size_t kMaxDatagram = 2048;
constexpr size_t kMaxClients = 4096;
constexpr size_t kMaxQueued = 200000;

struct Options {
  int listen = 0, to = 0;
  double loss = 0, delay_ms = 0, reorder = 0, run_s = 60;
  std::vector<std::string> cut_texts;
  std::vector<std::pair<double, double>> cuts;  // from, until, in seconds since the first datagram
  unsigned seed = 1;
};

struct Datagram {
  Clock::time_point due;
  uint64_t order;
  int socket;
  sockaddr_in to;
  std::vector<char> data;
  bool operator>(const Datagram& o) const { return std::tie(due, order) > std::tie(o.due, o.order); }
};

sockaddr_in loopback(int port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(static_cast<uint16_t>(port));
  return a;
}

int bound_socket(int port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int size = 8 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  const sockaddr_in a = loopback(port);
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0) {
    std::perror("cbx-udp-relay: cannot bind");
    std::exit(1);
  }
  return fd;
}

class Relay {
 public:
  explicit Relay(Options options) : options_(std::move(options)), random_(options_.seed) {
    polled_.push_back({bound_socket(options_.listen), POLLIN, 0});
    clients_.emplace_back();  // slot of the listening socket
  }

  void run(int signals) {
    polled_.push_back({signals, POLLIN, 0});
    clients_.emplace_back();
    const auto end = Clock::now() + Seconds(options_.run_s);
    while (Clock::now() < end) {
      int wait_ms = 50;
      if (!queue_.empty()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(queue_.top().due - Clock::now()).count();
        wait_ms = static_cast<int>(std::clamp<int64_t>(left, 0, 50));
      }
      ::poll(polled_.data(), polled_.size(), wait_ms);
      if (polled_[1].revents) break;
      for (size_t i = 0, n = polled_.size(); i < n; ++i)
        if (i != 1 && polled_[i].revents) receive(i);
      deliver();
    }
    std::printf("{\"forwarded\":%llu,\"lost\":%llu,\"cut\":%llu,\"reordered\":%llu}\n", forwarded_, lost_, cut_,
                reordered_);
  }

 private:
  void receive(size_t i) {
    std::array<char, kMaxDatagram> buffer;
    for (int k = 0; k < 256; ++k) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t n =
          ::recvfrom(polled_[i].fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return;
      if (!started_) start_ = Clock::now(), started_ = true;
      const std::vector<char> data(buffer.data(), buffer.data() + n);
      if (i == 0) {
        const int upstream = upstream_of(from);
        if (upstream >= 0) pass(upstream, loopback(options_.to), data);
      } else {
        pass(polled_[0].fd, clients_[i], data);
      }
    }
  }

  int upstream_of(const sockaddr_in& client) {
    const auto key = std::pair(client.sin_addr.s_addr, client.sin_port);
    const auto it = upstream_.find(key);
    if (it != upstream_.end()) return it->second;
    if (upstream_.size() >= kMaxClients) return -1;
    const int fd = bound_socket(0);
    upstream_[key] = fd;
    polled_.push_back({fd, POLLIN, 0});
    clients_.push_back(client);
    return fd;
  }

  bool percent(double p) { return p > 0 && std::uniform_real_distribution<>(0, 100)(random_) < p; }

  void pass(int socket, const sockaddr_in& to, const std::vector<char>& data) {
    const auto now = Clock::now();
    const double t = Seconds(now - start_).count();
    for (const auto& [from, until] : options_.cuts)
      if (t >= from && t < until) {
        ++cut_;
        return;
      }
    if (percent(options_.loss) || queue_.size() >= kMaxQueued) {
      ++lost_;
      return;
    }
    double delay = options_.delay_ms;
    if (percent(options_.reorder)) {
      delay += 15;
      ++reordered_;
    }
    const auto due = now + std::chrono::duration_cast<Clock::duration>(Seconds(delay / 1000));
    queue_.push(Datagram{due, order_++, socket, to, data});
  }

  void deliver() {
    const auto now = Clock::now();
    while (!queue_.empty() && queue_.top().due <= now) {
      const Datagram& d = queue_.top();
      if (::sendto(d.socket, d.data.data(), d.data.size(), 0, reinterpret_cast<const sockaddr*>(&d.to), sizeof d.to) >
          0)
        ++forwarded_;
      queue_.pop();
    }
  }

  Options options_;
  std::mt19937 random_;
  std::vector<pollfd> polled_;        // 0: where clients send to, 1: signals, others: upstream sockets
  std::vector<sockaddr_in> clients_;  // whom polled_[i] belongs to
  std::map<std::pair<uint32_t, uint16_t>, int> upstream_;
  std::priority_queue<Datagram, std::vector<Datagram>, std::greater<>> queue_;
  uint64_t order_ = 0;
  bool started_ = false;
  Clock::time_point start_{};
  unsigned long long forwarded_ = 0, lost_ = 0, cut_ = 0, reordered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("A bad line between two UDP ends on loopback");
  app.add_option("--listen", options.listen, "Port that clients send to")->required()->check(CLI::Range(1, 65535));
  app.add_option("--to", options.to, "Port that it goes on to")->required()->check(CLI::Range(1, 65535));
  app.add_option("--loss", options.loss, "Percent of datagrams lost, each way")->check(CLI::Range(0.0, 100.0));
  app.add_option("--delay", options.delay_ms, "Milliseconds each way")->check(CLI::Range(0.0, 5000.0));
  app.add_option("--reorder", options.reorder, "Percent of datagrams that come 15 ms late")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--cut", options.cut_texts, "AT:FOR, seconds since the first datagram in which nothing passes");
  app.add_option("--for", options.run_s, "Seconds to run")->check(CLI::Range(0.1, 600.0));
  app.add_option("--seed", options.seed, "Of the random numbers");
  CLI11_PARSE(app, argc, argv);
  for (const std::string& text : options.cut_texts) {
    double at = 0, length = 0;
    if (std::sscanf(text.c_str(), "%lf:%lf", &at, &length) != 2 || at < 0 || length <= 0) {
      std::fprintf(stderr, "cbx-udp-relay: bad --cut '%s'\n", text.c_str());
      return 64;
    }
    options.cuts.emplace_back(at, at + length);
  }
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT}) sigaddset(&set, s);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
  Relay relay(options);
  std::printf("ready\n");
  std::fflush(stdout);
  relay.run(signals);
  return 0;
}

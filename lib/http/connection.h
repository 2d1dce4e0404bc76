// One connection, and what is known of all of them: how many, of whom, and which are late.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/time.h"
#include "http/address.h"

namespace cbx::http {

enum class Phase : uint8_t {
  head,       // of the first request
  body,       // of a request
  answering,  // a handler is at it, or the answer is on its way
  idle,       // between two requests, or in the head of the next one
};

class KeyPair;

struct Connection {
  Connection(int descriptor, const Address& address, bool with_tls, bool is_proxy)
      : fd(descriptor), peer(address), peer_text(address.text()), tls(with_tls), proxy(is_proxy) {
    enter(Phase::head);
  }
  const int fd;
  const Address peer;
  const std::string peer_text;
  const bool tls;
  const bool proxy;                         // one that is trusted
  std::shared_ptr<const KeyPair> key_pair;  // that its TLS session uses

  // Where it is and since when; set by the thread that serves the connection, read by the Keeper.
  void enter(Phase phase) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto ms = static_cast<uint64_t>(std::chrono::duration_cast<Millis>(now).count());
    state_.store(ms << 2 | static_cast<uint64_t>(phase), std::memory_order_relaxed);
  }
  std::pair<Phase, Monotonic> state() const {
    const uint64_t state = state_.load(std::memory_order_relaxed);
    return {static_cast<Phase>(state & 3), Monotonic(Millis(state >> 2))};
  }

  // The Keeper's own.
  struct Watch {
    // Whether the next request's first byte has come, which nobody else can tell.
    Monotonic idle_since{}, head_since{};
    uint64_t received = 0;
    std::shared_ptr<const UniqueFd> file;  // that is being sent
    uint64_t file_end = 0;
    bool ended = false;
  } watch;

 private:
  std::atomic<uint64_t> state_{0};
};

// How many connections there are, in all and of each address.  Thread-safe.
class ConnectionCount {
 public:
  ConnectionCount(unsigned most, unsigned most_of_one) : most_(most), most_of_one_(most_of_one) {}
  // Counts one more, unless there would be too many: then false.  It is counted until closed().
  bool admit(int fd, const Address& peer, bool exempt);
  // The library serves it, and will say when it is closed.  One whose descriptor is given to another connection before
  // that is no more: then the library was out of memory.
  void opened(int fd);
  void closed(const Address& peer, bool exempt);
  uint64_t open() const { return open_.load(); }

 private:
  bool count(const Address& peer, bool exempt);
  void uncount(const Address& peer, bool exempt);

  const unsigned most_, most_of_one_;
  std::atomic<uint64_t> open_{0};
  std::mutex mutex_;
  std::map<Address, unsigned> of_party_;
  std::map<int, std::pair<Address, bool>> not_opened_;  // by descriptor: admitted, but the library has not said more
};

}  // namespace cbx::http

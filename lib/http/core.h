// What the callbacks of the HTTP library share.  Private to lib/http.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "http/access_log.h"
#include "http/certificate.h"
#include "http/connection.h"
#include "http/counters.h"
#include "http/keeper.h"
#include "http/read_memory.h"
#include "http/router.h"
#include "http/server.h"
#include "http/work_queue.h"

namespace cbx::http {

// Lets a message through once a minute, however often there is reason for it.  Thread-safe.
class Seldom {
 public:
  bool may_speak() {
    const int64_t now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::seconds(1);
    int64_t last = last_.load(std::memory_order_relaxed);
    return now - last >= 60 && last_.compare_exchange_strong(last, now);
  }

 private:
  std::atomic<int64_t> last_{-60};
};

// Immutable but for its thread-safe parts.
struct Core {
  // More jobs than that before the workers, and who asks next is told to come back: they would wait for seconds.
  static constexpr size_t kMostWaitingJobs = 128;
  // Of one user, link or address; nobody's work keeps others from theirs.
  static constexpr size_t kMostJobsOfOne = 16;
  // Of files on their way; as many as 128 fast clients keep busy.
  static constexpr size_t kReadMemory = size_t{64} * 1024 * 1024;

  Core(ServerOptions o, Router r, Server::Hooks h, Proxies p, std::unique_ptr<AccessLog> access,
       std::unique_ptr<Certificates> c, const Logger& l)
      : options(std::move(o)),
        router(std::move(r)),
        hooks(std::move(h)),
        proxies(std::move(p)),
        access_log(std::move(access)),
        certificates(std::move(c)),
        log(l),
        counters(router.routes()),
        connections(options.connections, options.per_address),
        keeper({options.header_deadline, options.body_deadline, options.idle}, counters.late),
        work(options.workers, kMostWaitingJobs, kMostJobsOfOne) {}

  const ServerOptions options;
  const Router router;
  const Server::Hooks hooks;
  const Proxies proxies;
  const std::unique_ptr<AccessLog> access_log;       // null: none
  const std::unique_ptr<Certificates> certificates;  // null: plain HTTP
  const Logger& log;
  Counters counters;
  ConnectionCount connections;
  std::atomic<uint64_t> active{0};    // requests from their first line to the end of the answer
  std::atomic<bool> stopping{false};  // connections end after the answer
  std::atomic<bool> ending{false};    // nothing is answered any more
  Seldom refusals;
  ReadMemory read_memory{kReadMemory};
  Keeper keeper;
  WorkQueue work;
};

}  // namespace cbx::http

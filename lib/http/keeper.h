// The one thread that watches time: ends connections whose request doesn't come to its end, wakes requests that wait,
// notices when nobody waits for the answer any more, and lets clients that are still sending read it.
#pragma once

#include <poll.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/file.h"
#include "http/connection.h"

namespace cbx::http {

// A request that stands by without a thread.
class Parked {
 public:
  enum class Wake { changed, time, gone };
  virtual ~Parked() = default;
  virtual int descriptor() const = 0;
  // Called at any time on any thread; only the first call since it was parked counts.
  virtual void wake(Wake why) noexcept = 0;
};

// Thread-safe.
class Keeper {
 public:
  struct Deadlines {
    std::chrono::milliseconds header{}, body{}, idle{};
  };
  Keeper(Deadlines deadlines, std::atomic<uint64_t>& late);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // remove() before the descriptor is closed: afterwards the connection is not touched any more.
  void add(Connection& connection);
  void remove(Connection& connection);

  // Ends the connection when the file that is being sent on it becomes shorter than `end`; null: none is sent any more.
  void watch_file(Connection& connection, std::shared_ptr<const UniqueFd> file, uint64_t end);

  // Of a connection that is about to be closed although its peer still sends: what comes is thrown away for a moment,
  // so that the peer reads the answer rather than a reset (RFC 9112, 9.6).
  void linger(int fd);

  // Wakes it at `until`, or when its peer has left.  After unpark() it is not touched any more.
  void park(Parked& parked, Monotonic until);
  void unpark(Parked& parked, Monotonic until);
  // Wakes all as if their time had come; with `from_now_on` also those that will be parked.
  void wake_all(bool from_now_on);
  uint64_t parked() const;

 private:
  struct Shard {
    std::mutex mutex;
    std::unordered_set<Connection*> connections;
  };
  Shard& shard_of(const Connection& connection) { return shards_[static_cast<size_t>(connection.fd) % shards_.size()]; }
  // A second descriptor of such a connection.
  struct Lingering {
    UniqueFd fd;
    Monotonic until{};
    size_t received = 0;
  };
  static bool goes_on(Lingering& lingering, Monotonic now);
  void run();
  void wake_due(Monotonic now);
  void wake_left();
  void end_late(Monotonic now);
  bool is_late(Connection& connection, Monotonic now) const;

  const Deadlines deadlines_;
  std::atomic<uint64_t>& late_;
  std::array<Shard, 16> shards_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::pair<Monotonic, Parked*>> parked_;
  std::vector<pollfd> polled_;
  std::vector<Lingering> lingering_;
  bool wake_at_once_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace cbx::http

#include "http/keeper.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "http/tcp_info.h"

namespace cbx::http {
namespace {

// How exact deadlines are, and how soon it is noticed that a peer has left.
constexpr Millis kTick{250};

// How many may linger, for how long, and how much of what they send is taken.
constexpr size_t kMostLingering = 64, kMostThrownAway = 4 << 20;
constexpr Millis kLinger{2000};

// Whether the file that is being sent has become shorter than was promised: the library would wait for the rest.
bool is_torn(const Connection::Watch& watch) {
  struct stat info {};
  return watch.file && fstat(watch.file->get(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<uint64_t>(info.st_size) < watch.file_end;
}

}  // namespace

Keeper::Keeper(Deadlines deadlines, std::atomic<uint64_t>& late) : deadlines_(deadlines), late_(late) {
  thread_ = std::thread([this] { run(); });
}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Keeper::add(Connection& connection) {
  Shard& shard = shard_of(connection);
  const std::lock_guard lock(shard.mutex);
  shard.connections.insert(&connection);
}

void Keeper::remove(Connection& connection) {
  Shard& shard = shard_of(connection);
  const std::lock_guard lock(shard.mutex);
  shard.connections.erase(&connection);
}

void Keeper::watch_file(Connection& connection, std::shared_ptr<const UniqueFd> file, uint64_t end) {
  Shard& shard = shard_of(connection);
  const std::lock_guard lock(shard.mutex);
  connection.watch.file.swap(file);
  connection.watch.file_end = end;
}

void Keeper::linger(int fd) {
  const std::lock_guard lock(mutex_);
  if (lingering_.size() >= kMostLingering) return;
  UniqueFd second(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (second) lingering_.push_back({std::move(second), std::chrono::steady_clock::now() + kLinger});
}

// Called at each tick, by when the library has done with it.
bool Keeper::goes_on(Lingering& lingering, Monotonic now) {
  const int fd = lingering.fd.get();
  (void)shutdown(fd, SHUT_WR);
  std::array<char, size_t{64} << 10> thrown_away;
  while (now < lingering.until && lingering.received < kMostThrownAway) {
    // Of a TCP socket MSG_TRUNC doesn't even copy it, tcp(7); Unix sockets do.
    const ssize_t n = recv(fd, thrown_away.data(), thrown_away.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (n == 0) return false;
    lingering.received += static_cast<size_t>(n);
  }
  return false;
}

void Keeper::park(Parked& parked, Monotonic until) {
  const std::lock_guard lock(mutex_);
  if (wake_at_once_) return parked.wake(Parked::Wake::time);
  const auto it = parked_.emplace(until, &parked).first;
  if (it == parked_.begin()) changed_.notify_all();
}

void Keeper::unpark(Parked& parked, Monotonic until) {
  const std::lock_guard lock(mutex_);
  parked_.erase({until, &parked});
}

void Keeper::wake_all(bool from_now_on) {
  const std::lock_guard lock(mutex_);
  wake_at_once_ = wake_at_once_ || from_now_on;
  for (const auto& [until, parked] : parked_) parked->wake(Parked::Wake::time);
  parked_.clear();
}

uint64_t Keeper::parked() const {
  const std::lock_guard lock(mutex_);
  return parked_.size();
}

void Keeper::run() {
  std::unique_lock lock(mutex_);
  Monotonic next_tick = std::chrono::steady_clock::now() + kTick;
  while (!ended_) {
    const Monotonic until = parked_.empty() ? next_tick : std::min(next_tick, parked_.begin()->first);
    changed_.wait_until(lock, until);
    const Monotonic now = std::chrono::steady_clock::now();
    wake_due(now);
    if (now < next_tick) continue;
    next_tick = now + kTick;
    wake_left();
    std::erase_if(lingering_, [now](Lingering& l) { return !goes_on(l, now); });
    lock.unlock();
    end_late(now);
    lock.lock();
  }
}

void Keeper::wake_due(Monotonic now) {
  while (!parked_.empty() && parked_.begin()->first <= now) {
    Parked* parked = parked_.begin()->second;
    parked_.erase(parked_.begin());
    parked->wake(Parked::Wake::time);
  }
}

// The HTTP library doesn't look at the sockets of requests that wait.  A peer that has closed its side has left.
void Keeper::wake_left() {
  if (parked_.empty()) return;
  polled_.clear();
  for (const auto& [until, parked] : parked_) polled_.push_back({parked->descriptor(), POLLRDHUP, 0});
  if (poll(polled_.data(), polled_.size(), 0) <= 0) return;
  auto polled = polled_.begin();
  for (auto it = parked_.begin(); it != parked_.end(); ++polled) {
    Parked* parked = it->second;
    const bool left = polled->revents != 0;
    it = left ? parked_.erase(it) : std::next(it);
    if (left) parked->wake(Parked::Wake::gone);
  }
}

void Keeper::end_late(Monotonic now) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (Connection* connection : shard.connections) {
      if (connection->watch.ended) continue;
      const bool late = is_late(*connection, now);
      if (!late && !is_torn(connection->watch)) continue;
      connection->watch.ended = true;
      if (late) late_++;
      // The thread that serves it sees the end of the stream and closes it.
      shutdown(connection->fd, SHUT_RDWR);
    }
  }
}

// Progress doesn't count, only the end of what is due: a client that sends a byte now and then is late, too.
bool Keeper::is_late(Connection& connection, Monotonic now) const {
  const auto [phase, since] = connection.state();
  switch (phase) {
    case Phase::head:
      return now - since > deadlines_.header;
    case Phase::body:
      return now - since > deadlines_.body;
    case Phase::answering:
      return false;  // silence in the midst of an answer is the library's timeout
    case Phase::idle:
      break;
  }
  Connection::Watch& watch = connection.watch;
  const auto received = tcp_bytes(connection.fd);
  if (watch.idle_since != since) {
    watch.idle_since = since;
    watch.head_since = {};
    watch.received = received ? received->received : 0;
  } else if (watch.head_since == Monotonic{} && received && received->received != watch.received) {
    watch.head_since = now;
  }
  if (watch.head_since != Monotonic{}) return now - watch.head_since > deadlines_.header;
  return now - since > deadlines_.idle + deadlines_.header;
}

}  // namespace cbx::http

// Which sockets have something to receive.
#pragma once

#include <vector>

#include "base/result.h"
#include "srt/socket.h"

namespace cbx::srt {

// Not thread-safe.  Never blocks: a recorder drains everything at a steady beat, which costs less than being woken.
class Poller {
 public:
  static Result<Poller> create();
  ~Poller();
  Poller(Poller&& other) noexcept : id_(std::exchange(other.id_, -1)), ready_(std::move(other.ready_)) {}
  Poller& operator=(Poller&&) = delete;

  Status add(SocketId socket);
  void remove(SocketId socket);
  // Sockets with data, or that are broken.  Valid until the next call.
  const std::vector<SocketId>& ready();

 private:
  explicit Poller(int id) : id_(id) {}
  int id_ = -1;
  std::vector<SocketId> ready_;
};

}  // namespace cbx::srt

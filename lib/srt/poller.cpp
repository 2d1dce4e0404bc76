#include "srt/poller.h"

#include <srt/srt.h>

#include <algorithm>
#include <array>

#include "srt/library.h"

namespace cbx::srt {

Result<Poller> Poller::create() {
  const int id = srt_epoll_create();
  if (id < 0) return fail(last_error("cannot create an SRT poll set"));
  // An empty set is no error: connections come and go.
  srt_epoll_set(id, SRT_EPOLL_ENABLE_EMPTY);
  return Poller(id);
}

Poller::~Poller() {
  if (id_ >= 0) srt_epoll_release(id_);
}

Status Poller::add(SocketId socket) {
  const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
  if (srt_epoll_add_usock(id_, socket, &events) == SRT_ERROR) return fail(last_error("cannot poll an SRT socket"));
  return {};
}

void Poller::remove(SocketId socket) {
  srt_epoll_remove_usock(id_, socket);
}

const std::vector<SocketId>& Poller::ready() {
  // One call tells of so many; with more, the rest is told of at the next beat's call, as libsrt starts from the first
  // again.  So ask for all that can be.
  std::array<SRT_EPOLL_EVENT, 4096> events;
  ready_.clear();
  const int n = srt_epoll_uwait(id_, events.data(), static_cast<int>(events.size()), 0);
  // 1.5.1 can answer one more than it was asked for, and then has not written that one.
  const size_t count = std::min<size_t>(n > 0 ? static_cast<size_t>(n) : 0, events.size());
  for (size_t i = 0; i < count; ++i) ready_.push_back(events[i].fd);
  return ready_;
}

}  // namespace cbx::srt

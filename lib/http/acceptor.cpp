#include "http/acceptor.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace cbx::http {
namespace {

// Before it is looked whether the server is to end.
constexpr int kAtOnce = 64;
// When there is no descriptor or memory left: until then some connection may have ended.
constexpr int kPauseMs = 100;

bool out_of_something(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::start(UniqueFd listening, Take take, const Logger& log) {
  UniqueFd end(eventfd(0, EFD_CLOEXEC));
  if (!end) return fail(os_error(errno, "cannot accept connections"));
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(listening), std::move(end), std::move(take), log));
}

Acceptor::Acceptor(UniqueFd listening, UniqueFd end, Take take, const Logger& log)
    : listening_(std::move(listening)), end_(std::move(end)), take_(std::move(take)), log_(log) {
  thread_ = std::thread([this] { run(); });
}

Acceptor::~Acceptor() {
  (void)eventfd_write(end_.get(), 1);
  thread_.join();
}

void Acceptor::run() {
  while (true) {
    std::array<pollfd, 2> polled{{{listening_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
    (void)poll(polled.data(), polled.size(), -1);
    if (polled[1].revents != 0) return;
    if (polled[0].revents != 0) take_some();
  }
}

bool Acceptor::end_within(int milliseconds) const {
  pollfd polled{end_.get(), POLLIN, 0};
  return poll(&polled, 1, milliseconds) > 0;
}

void Acceptor::take_some() {
  for (int i = 0; i < kAtOnce; i++) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const peer = reinterpret_cast<sockaddr*>(&address);
    UniqueFd connection(accept4(listening_.get(), peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      failing_ = false;
      take_(std::move(connection), peer, size);
      continue;
    }
    const int error = errno;
    if (error == EAGAIN || error == EWOULDBLOCK) return;
    if (!out_of_something(error)) continue;  // of that connection alone (accept(2), error handling)
    if (!std::exchange(failing_, true)) log_.warn("{}", os_error(error, "connections have to wait").message());
    (void)end_within(kPauseMs);
    return;
  }
}

}  // namespace cbx::http

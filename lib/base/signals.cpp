#include "base/signals.h"

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace cbx {

Result<SignalFd> SignalFd::create() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
  if (pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0)
    return fail(os_error(errno, "cannot block signals", ErrorCode::internal));
  UniqueFd fd{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!fd) return fail(os_error(errno, "cannot create a signal descriptor", ErrorCode::internal));
  return SignalFd(std::move(fd));
}

void SignalFd::drain() {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGHUP) {
      reload_ = true;
    } else {
      if (stop_) ::_exit(128 + static_cast<int>(info.ssi_signo));
      stop_ = true;
    }
  }
}

bool SignalFd::take_reload() {
  const bool r = reload_;
  reload_ = false;
  return r;
}

void notify_ready(int ready_fd) {
  if (ready_fd >= 0) {
    (void)!::write(ready_fd, "\n", 1);
    ::close(ready_fd);
  }
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (!path || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof(sockaddr_un::sun_path)) return;
  sockaddr_un addr{};
  addr.sun_family = AF_UNIX;
  std::memcpy(addr.sun_path, path, std::strlen(path));
  if (path[0] == '@') addr.sun_path[0] = '\0';
  UniqueFd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd) return;
  const socklen_t len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  static constexpr char kReady[] = "READY=1";
  (void)!::sendto(fd.get(), kReady, sizeof kReady - 1, MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&addr), len);
}

}  // namespace cbx

#include "outlet.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cbx::ingest {
namespace {

constexpr int kPipeSize = 1 << 20;
constexpr size_t kAtOnce = 256 << 10;

void enlarge_pipe(int fd) {
  // Unprivileged users have a quota for all their pipes: take what is left of it.
  for (int size = kPipeSize; size > (64 << 10); size /= 2)
    if (::fcntl(fd, F_SETPIPE_SZ, size) >= 0) return;
}

}  // namespace

Outlet Outlet::adopt(UniqueFd fd, std::string name) {
  struct stat st {};
  const bool known = ::fstat(fd.get(), &st) == 0;
  if (known && S_ISFIFO(st.st_mode)) {
    enlarge_pipe(fd.get());
    UniqueFd own{::open(fmt::format("/proc/self/fd/{}", fd.get()).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
    if (own) fd = std::move(own);
  }
  return Outlet(std::move(fd), std::move(name), known && S_ISSOCK(st.st_mode));
}

Result<Outlet> Outlet::standard_output() {
  UniqueFd fd{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
  if (!fd) return fail(os_error(errno, "cannot use standard output"));
  return adopt(std::move(fd), "standard output");
}

Result<size_t> Outlet::write_some(ByteSpan data) {
  // Where O_NONBLOCK couldn't be had (no /proc, a terminal), poll(2) at least keeps from waiting on a full pipe.
  pollfd ready{fd_.get(), POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) return size_t{0};
  const size_t size = std::min(data.size(), kAtOnce);
  for (;;) {
    const ssize_t n = is_socket_ ? ::send(fd_.get(), data.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : ::write(fd_.get(), data.data(), size);
    if (n >= 0) return static_cast<size_t>(n);
    const int e = errno;
    if (e == EINTR) continue;
    if (e == EAGAIN || e == EWOULDBLOCK) return size_t{0};
    if (e == EPIPE) return fail(ErrorCode::io, fmt::format("the reader of {} is gone", name_), e);
    return fail(os_error(e, fmt::format("cannot write to {}", name_)));
  }
}

}  // namespace cbx::ingest

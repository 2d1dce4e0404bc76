#include "http/tcp_info.h"

// The kernel's own header: the C library's has no byte counts, and the two can't be had in one file.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace cbx::http {

std::optional<TcpBytes> tcp_bytes(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return TcpBytes{info.tcpi_bytes_received, info.tcpi_bytes_acked};
}

}  // namespace cbx::http

// What the kernel knows of a TCP connection.
#pragma once

#include <cstdint>
#include <optional>

namespace cbx::http {

struct TcpBytes {
  uint64_t received = 0;  // from the peer, so far
  uint64_t acked = 0;     // sent, and acknowledged by the peer
};
// Nothing for other sockets.
std::optional<TcpBytes> tcp_bytes(int fd);

}  // namespace cbx::http

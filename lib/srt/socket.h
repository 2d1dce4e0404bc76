// Owns one SRT socket.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace cbx::srt {

// libsrt's SRTSOCKET, named here so that its header stays inside the module.
using SocketId = int32_t;
inline constexpr SocketId kNoSocket = -1;

// Move-only.  The destructor closes, which tells the peer.
class Socket {
 public:
  Socket() = default;
  explicit Socket(SocketId id) : id_(id) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : id_(std::exchange(other.id_, kNoSocket)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      id_ = std::exchange(other.id_, kNoSocket);
    }
    return *this;
  }
  static Result<Socket> create();

  SocketId id() const { return id_; }
  explicit operator bool() const { return id_ != kNoSocket; }
  void close();

  // Options by libsrt's SRT_SOCKOPT number; `name` is for the message.
  Status set(int option, int value, std::string_view name);
  Status set(int option, bool value, std::string_view name);
  Status set(int option, std::string_view value, std::string_view name);
  // 0 when the option can't be read.
  int get_int(int option) const;

 private:
  SocketId id_ = kNoSocket;
};

struct Settings {
  // Least latency to negotiate; the larger of both sides' counts.  For a recorder it only bounds how long a sender
  // keeps a packet that it may have to send again.
  int latency_ms = 120;
};
// What listener and caller of a recorder have in common (DESIGN §6): no delivery by time stamp, nothing dropped for
// being late, room for a line cut of several seconds at 20 Mbit/s.
Status set_receiver_options(Socket& socket, const Settings& settings);

// A cut of the line this long is no reconnect.
inline constexpr int kPeerIdleTimeoutMs = 15000;
// Packets of a connection that may be on their way or undelivered: 4 s at 20 Mbit/s, 20 s at 4.  (libsrt takes about 32
// bytes of tables for each, whether used or not.)
inline constexpr int kWindowPackets = 8192;
// The largest payload of a packet in live mode.
inline constexpr size_t kMaxPacket = 1456;
// What a listener's UDP socket should be able to hold while its one receiver thread is busy.
inline constexpr int kUdpReceiveBuffer = 8 << 20;

}  // namespace cbx::srt

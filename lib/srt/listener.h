// An SRT port that takes publishers in.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "srt/address.h"
#include "srt/gate.h"
#include "srt/socket.h"

namespace cbx::srt {

// A publisher that passed the gate and the key exchange.
struct Accepted {
  Socket socket;
  Address peer;
  Admission admission;
};

// Handshakes run on libsrt's receiver thread of this port, which asks the gate; accept() hands out the results.
// accept() and close() belong to one thread.  The gate and the log outlive the listener.
class Listener {
 public:
  static Result<std::unique_ptr<Listener>> open(const ListenUrl& url, const Gate& gate, const Logger& log);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The next waiting publisher; nullopt if there is none.  Never blocks.
  std::optional<Accepted> accept();
  // Says which callers were let in and failed in the key exchange; to be called about once a second.
  void look_for_failed_handshakes();
  const Address& address() const { return address_; }
  // Takes nobody in any more; accepted connections go on.
  void close() { socket_.close(); }
  SocketId id() const { return socket_.id(); }

 private:
  struct Handshakes;
  Listener(Socket socket, Address address, std::unique_ptr<Handshakes> handshakes);

  Address address_;
  std::unique_ptr<Handshakes> handshakes_;  // outlives socket_, whose callback uses it
  Socket socket_;
};

// A warning for the operator if the kernel grants less than kUdpReceiveBuffer to UDP sockets.
void warn_of_small_udp_buffer(const Logger& log);

}  // namespace cbx::srt

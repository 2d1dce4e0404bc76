// One listening socket with the library's threads behind it.  Private to lib/http.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/acceptor.h"
#include "http/address.h"
#include "http/core.h"

struct MHD_Daemon;

namespace cbx::http {

class Daemon {
 public:
  // With TLS if the core has a certificate, except on Unix sockets.  Error: unavailable.
  static Result<std::unique_ptr<Daemon>> start(Core& core, Listening listening);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  std::string address() const;
  // Accepts no more.
  void quiesce();
  // Ends what is still open, and the threads.  Nothing may be parked any more.
  void stop();

 private:
  Daemon(ListenAddress at, bool tls) : at_(std::move(at)), tls_(tls) {}
  void take(Core& core, UniqueFd connection, const sockaddr* address, socklen_t size);
  ListenAddress at_;
  bool tls_;
  std::vector<MHD_Daemon*> threads_;    // one each
  size_t next_ = 0;                     // the acceptor's
  std::unique_ptr<Acceptor> acceptor_;  // ends before the daemon to which it gives connections
};

}  // namespace cbx::http

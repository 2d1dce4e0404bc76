// One listening socket with the library's threads behind it.  Private to lib/http.
#pragma once

#include <chrono>
#include <memory>
#include <string>

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
  ListenAddress at_;
  bool tls_;
  bool quiesced_ = false;
  MHD_Daemon* mhd_ = nullptr;
};

}  // namespace cbx::http

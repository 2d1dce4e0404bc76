// The calling side, for fetching a stream from an SRT listener.
#pragma once

#include <optional>
#include <string>

#include "srt/address.h"
#include "srt/socket.h"

namespace cbx::srt {

// An attempt to connect that goes on by itself.  Not thread-safe.
class Call {
 public:
  // Looks the host up (may block) and starts the handshake.  `passphrase` may be empty.
  static Result<Call> start(const CallUrl& url, const std::string& passphrase);
  // The connected socket once it is; nullopt while it isn't; an Error (`unavailable`, or `permission` when the other
  // side refused) when it can't be.
  Result<std::optional<Socket>> poll();
  const Address& peer() const { return peer_; }

 private:
  Call(Socket socket, Address peer) : socket_(std::move(socket)), peer_(peer) {}
  Socket socket_;
  Address peer_;
};

}  // namespace cbx::srt

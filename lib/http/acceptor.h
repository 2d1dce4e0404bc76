// The thread that takes connections from a listening socket.  Private to lib/http.
//
// The HTTP library's own threads would take them as they wake up, often one thread all of them, and a few fast clients
// would have one core between them.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/file.h"
#include "base/log.h"

namespace cbx::http {

class Acceptor {
 public:
  // Called on the acceptor's thread with each connection, which doesn't block.
  using Take = std::function<void(UniqueFd connection, const sockaddr* peer, socklen_t size)>;
  // Error: io.
  static Result<std::unique_ptr<Acceptor>> start(UniqueFd listening, Take take, const Logger& log);
  // `take` is not called any more, and the socket is closed, when it returns.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  Acceptor(UniqueFd listening, UniqueFd end, Take take, const Logger& log);
  void run();
  void take_some();
  bool end_within(int milliseconds) const;

  const UniqueFd listening_, end_;
  const Take take_;
  const Logger& log_;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace cbx::http

// Starting servers in tests.
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include "http/client.h"

namespace cbx::http {

inline Route get(std::string pattern, Handler handler) {
  return {Method::get, pattern, "get" + pattern, std::move(handler), 0};
}

inline Response text(std::string body) {
  return {200, {{"Content-Type", "text/plain"}}, std::move(body), {}};
}

inline const Logger& silent() {
  static const Logger log = Logger::silent();
  return log;
}

inline Server start(std::vector<Route> routes, ServerOptions options = {}, Server::Hooks hooks = {}) {
  if (options.listen.empty()) options.listen.push_back({"127.0.0.1", 0, ""});
  if (options.threads == 0) options.threads = 2;
  auto server = Server::start(std::move(options), std::move(routes), std::move(hooks), silent());
  EXPECT_TRUE(server) << server.error().message();
  return *std::move(server);
}

// Waits, for as long as it takes on a busy machine, until something is so.
template <typename Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + Client::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace cbx::http

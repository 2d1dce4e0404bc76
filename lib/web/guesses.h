// How often somebody may guess at what is not theirs: keys of cameras, names of users (private to lib/web).
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

#include "http/message.h"
#include "web/limiter.h"
#include "web/password_check.h"

namespace cbx::web {

struct Call;

// Counts different wrong guesses of each account, and of each address (an IPv6 /64).  Thread-safe.
class Guesses {
 public:
  struct Options {
    int account = 10, address = 30;
    std::chrono::seconds in{600};
  };
  explicit Guesses(Options options);

  // Calls `ask` for whether it is so; the guess is counted before, so that many at once are no way around the limit,
  // and taken back when it was right, or could not be asked.  An answer instead, 429 with Retry-After, when there were
  // too many.  `what` tells one guess from another; it is not kept.
  Result<std::optional<http::Response>> check(const Call& call, std::string_view what,
                                              const std::function<Result<bool>()>& ask);

 private:
  const KeyedHash hash_;
  std::mutex mutex_;  // guards the two
  Limiter accounts_, addresses_;
};

}  // namespace cbx::web

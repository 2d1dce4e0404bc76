#include "web/guesses.h"

#include <fmt/format.h>

#include "web/api.h"
#include "web/credentials.h"

namespace cbx::web {
namespace {

constexpr size_t kMostRemembered = 16384;

}  // namespace

Guesses::Guesses(Options options)
    : accounts_(options.account, options.in, kMostRemembered),
      addresses_(options.address, options.in, kMostRemembered) {}

Result<std::optional<http::Response>> Guesses::check(const Call& call, std::string_view what,
                                                     const std::function<Result<bool>()>& ask) {
  const std::string group = address_group(call.request.peer);
  const uint64_t account = hash_.brief({"account", call.principal.name}), address = hash_.brief({"address", group}),
                 guess = hash_.brief({what});
  {
    const std::lock_guard lock(mutex_);
    const Monotonic now = call.context().clock.monotonic();
    for (auto [limiter, who] : {std::pair{&accounts_, account}, {&addresses_, address}}) {
      if (limiter->charge(who, guess, now) != Limiter::Verdict::blocked) continue;
      if (limiter->report_blocked(who))
        call.context().log.warn("'{}' at {} guesses too often ({})", call.principal.name, group, call.operation->name);
      const auto wait = limiter->wait(who, now);
      return http::problem(429, fmt::format("too many wrong guesses; try again in {} s", wait.count()), "too_many")
          .with("Retry-After", fmt::format("{}", wait.count()));
    }
  }
  const auto right = ask();
  const std::lock_guard lock(mutex_);
  for (auto [limiter, who] : {std::pair{&accounts_, account}, {&addresses_, address}}) {
    if (right && !*right)
      (void)limiter->wrong(who, guess);
    else
      limiter->right(who, guess);
  }
  if (!right) return fail(right.error());
  return std::optional<http::Response>{};
}

}  // namespace cbx::web

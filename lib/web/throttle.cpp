#include "web/throttle.h"

#include <algorithm>
#include <array>

#include "web/credentials.h"

namespace cbx::web {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// An entry takes about a hundred bytes; a letter costs its asker one of few of an address.
constexpr size_t kMost = 16384;

struct Limit {
  Rate rate;
  int most;
  std::chrono::seconds in;
};
constexpr std::array kLimits{
    Limit{Rate::sign_ups, 10, hours{1}},
    Limit{Rate::letters_by, 30, hours{1}},
    Limit{Rate::sign_up_letters, 5, hours{1}},
    Limit{Rate::reset_letters, 5, hours{1}},
    Limit{Rate::reset_by_stranger, 4, hours{1}},
    Limit{Rate::email_letters, 5, hours{1}},
    Limit{Rate::logins_known, 20, hours{1}},
    Limit{Rate::logins_strange, 10, hours{1}},
    Limit{Rate::new_passwords, 30, minutes{10}},
    Limit{Rate::wrong_codes_by, 50, minutes{10}},
    // A code is one of a million, or with an authenticator three of a million: 30 a day are found once in 30 years.
    Limit{Rate::wrong_codes_known, 30, hours{24}},
    Limit{Rate::wrong_codes, 30, hours{24}},
};

}  // namespace

Throttle::Throttle(const KeyedHash& hash, const Clock& clock) : hash_(hash), clock_(clock) {
  static_assert([] {
    for (size_t i = 0; i < kLimits.size(); i++)
      if (static_cast<size_t>(kLimits[i].rate) != i) return false;
    return true;
  }());
  for (const Limit& limit : kLimits) limiters_.emplace_back(limit.most, limit.in, kMost);
}

std::optional<std::chrono::seconds> Throttle::take(Rate rate, Who who, uint64_t* mark) {
  const uint64_t key = hash_.brief(who);
  const std::lock_guard lock(mutex_);
  Limiter& limiter = limiters_[static_cast<size_t>(rate)];
  const Monotonic now = clock_.monotonic();
  if (limiter.charge(key, ++next_, now) == Limiter::Verdict::blocked) return limiter.wait(key, now);
  if (mark) *mark = next_;
  return std::nullopt;
}

void Throttle::give_back(Rate rate, Who who, uint64_t mark) {
  const uint64_t key = hash_.brief(who);
  const std::lock_guard lock(mutex_);
  limiters_[static_cast<size_t>(rate)].right(key, mark);
}

std::string mailbox_key(std::string_view email) {
  std::string key = lower_case(email);
  const size_t at = std::min(key.rfind('@'), key.size());
  // RFC 5233: what many servers deliver to the same mailbox.
  if (const size_t plus = key.find('+'); plus != std::string::npos && plus > 0 && plus < at) key.erase(plus, at - plus);
  return key;
}

}  // namespace cbx::web

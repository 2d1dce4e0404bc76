// How often something may be asked for that costs somebody a letter, or is a guess (private to lib/web).
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "web/limiter.h"
#include "web/password_check.h"

namespace cbx::web {

// What is counted, each apart.  Strangers' part of a limit is smaller than the whole where somebody else could use it
// up: who asks from where the account is used (Directory::is_known_place()) then still gets a letter, or a try.
enum class Rate {
  sign_ups,           // begun from one address
  letters_by,         // that one address makes go out, in all
  sign_up_letters,    // to one mailbox
  reset_letters,      // to one mailbox …
  reset_by_stranger,  // … of them asked for from places that the account isn't used from
  email_letters,      // to one mailbox that is to become somebody's
  logins_known,       // begun with the right password, of one account, from one place that it is used from
  logins_strange,     // … and from all others together
  new_passwords,      // by resets of one address
  wrong_codes_by,     // of one address
  wrong_codes_known,  // for one account, from one place that it is used from
  wrong_codes,        // … and from all others together
};

// Thread-safe.
class Throttle {
 public:
  Throttle(const KeyedHash& hash, const Clock& clock);

  using Who = std::initializer_list<std::string_view>;
  // Counts one, which is `mark`, and says nothing; or says how long to wait when there were too many.
  std::optional<std::chrono::seconds> take(Rate rate, Who who, uint64_t* mark = nullptr);
  // It was none of those that are counted.
  void give_back(Rate rate, Who who, uint64_t mark);

 private:
  const KeyedHash& hash_;
  const Clock& clock_;
  std::mutex mutex_;  // guards all below
  std::vector<Limiter> limiters_;
  uint64_t next_ = 0;
};

// Of a mailbox: what stands for all addresses that end up there, as far as that can be told ("kim+cbx@…", case).
std::string mailbox_key(std::string_view email);

}  // namespace cbx::web

#include "web/password_check.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "state/password.h"

namespace cbx::web {
namespace {

// Bounds of memory; an entry takes a few hundred bytes.  An attempt costs a hash of 0.1 s, so that nobody can push
// others out of these tables within a minute.
constexpr size_t kMostCounted = 16384;
constexpr size_t kMostRight = 4096;
constexpr size_t kMostFamiliar = 32;
constexpr size_t kLongestPassword = 1024;
// Lines of the log in a minute about wrong passwords, all addresses together.
constexpr int kMostSaid = 60;

}  // namespace

KeyedHash::KeyedHash() {
  if (sodium_init() < 0) std::abort();  // no random generator: nothing could be safe
  randombytes_buf(key_.data(), key_.size());
}

KeyedHash::Long KeyedHash::of(std::initializer_list<std::string_view> parts) const {
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), Long{}.size());
  for (const std::string_view part : parts) {
    const uint64_t size = part.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  }
  Long out;
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

uint64_t KeyedHash::brief(std::initializer_list<std::string_view> parts) const {
  const Long whole = of(parts);
  uint64_t first = 0;
  std::memcpy(&first, whole.data(), sizeof first);
  return first;
}

size_t PasswordCheck::KeyHash::operator()(const Key& key) const {
  size_t first = 0;
  std::memcpy(&first, key.data(), sizeof first);
  return first;
}

PasswordCheck::PasswordCheck(const Access::Options& options, const KeyedHash& hash, const Clock& clock,
                             const Logger& log)
    : options_(options),
      hash_(hash),
      clock_(clock),
      log_(log),
      addresses_(options.failures, options.in, kMostCounted),
      accounts_(options.account_failures, options.in, kMostCounted),
      pairs_(options.failures, options.in, kMostCounted),
      pool_(options.hashing, options.queue) {
  (void)state::nobodys_hash();  // made now, so that the first unknown name takes no longer than others
}

PasswordCheck::Answer PasswordCheck::check(std::string_view name, const std::string* stored, std::string_view password,
                                           std::string_view group) {
  const std::string& against = stored && !stored->empty() ? *stored : state::nobodys_hash();
  Attempt attempt;
  // With the stored hash in it, what was right or wrong is forgotten when the password changes or the user goes.
  attempt.key = hash_.of({"password", name, against, password});
  std::memcpy(&attempt.what, attempt.key.data(), sizeof attempt.what);
  attempt.exists = stored && !stored->empty();
  const Monotonic now = clock_.monotonic();

  const std::lock_guard lock(mutex_);
  attempt.name = name.substr(0, 80);
  attempt.group = group;
  attempt.address = hash_.brief({"address", group});
  attempt.account = hash_.brief({"account", name});
  attempt.pair = hash_.brief({"pair", name, group});
  if (const auto places = familiar_.find(attempt.name); attempt.exists && places != familiar_.end())
    attempt.familiar = std::ranges::find(places->second, attempt.address) != places->second.end();
  if (const auto running = pending_.find(attempt.pair ^ attempt.what); running != pending_.end())
    return {Verdict::pending, running->second, running->second->count()};

  switch (charge(attempt, now)) {
    case Limiter::Verdict::blocked:
      return blocked(attempt, now);
    case Limiter::Verdict::repeated:
      return {Verdict::wrong};
    case Limiter::Verdict::go_on:
      break;
  }
  // Only now: otherwise guessing went on behind the limit, as long as somebody uses the account.
  if (attempt.exists && knows(attempt.key, now)) {
    withdraw(attempt);
    if (!attempt.familiar) make_familiar(attempt);
    return {Verdict::right};
  }
  return start(std::move(attempt), against, std::string(password.substr(0, kLongestPassword + 1)));
}

// Addresses that an account was used from are counted apart from all others, so that neither those who attack the
// account from elsewhere nor those who attack others from there shut its owner out.
Limiter::Verdict PasswordCheck::charge(const Attempt& a, Monotonic now) {
  if (a.familiar) return pairs_.charge(a.pair, a.what, now);
  const auto of_address = addresses_.charge(a.address, a.what, now);
  if (of_address != Limiter::Verdict::go_on) return of_address;
  const auto of_account = accounts_.charge(a.account, a.what, now);
  if (of_account == Limiter::Verdict::blocked) addresses_.right(a.address, a.what);
  if (of_account == Limiter::Verdict::repeated) addresses_.wrong(a.address, a.what);
  return of_account;
}

PasswordCheck::Answer PasswordCheck::blocked(const Attempt& a, Monotonic now) {
  Answer answer{Verdict::blocked};
  if (a.familiar) {
    answer.wait = pairs_.wait(a.pair, now);
    if (pairs_.report_blocked(a.pair)) say("too many wrong passwords", a);
    return answer;
  }
  answer.wait = std::max(addresses_.wait(a.address, now), accounts_.wait(a.account, now));
  const bool first = addresses_.report_blocked(a.address);
  if (accounts_.report_blocked(a.account) || first) say("too many wrong passwords", a);
  return answer;
}

PasswordCheck::Answer PasswordCheck::start(Attempt attempt, std::string stored, std::string password) {
  const auto done = std::make_shared<Broadcast>();
  const uint64_t id = attempt.pair ^ attempt.what;
  const uint64_t seen = done->count();
  const auto urgency = attempt.familiar ? WorkerPool::Urgency::soon : WorkerPool::Urgency::usual;
  const bool taken = pool_.push(urgency, [this, id, done, attempt, stored = std::move(stored),
                                          password = std::move(password)]() mutable {
    const bool matches = options_.verify ? options_.verify(stored, password) : state::verify_password(stored, password);
    sodium_memzero(password.data(), password.size());
    {
      const std::lock_guard lock(mutex_);
      settle(attempt, matches && attempt.exists);
      pending_.erase(id);
    }
    done->announce();
  });
  if (!taken) {
    withdraw(attempt);
    return {Verdict::busy};
  }
  pending_.emplace(id, done);
  return {Verdict::pending, done, seen, true};
}

void PasswordCheck::withdraw(const Attempt& a) {
  if (a.familiar) return pairs_.right(a.pair, a.what);
  addresses_.right(a.address, a.what);
  accounts_.right(a.account, a.what);
}

void PasswordCheck::settle(const Attempt& a, bool right) {
  if (right) {
    withdraw(a);
    remember(a);
    return;
  }
  if (a.familiar) {
    if (pairs_.wrong(a.pair, a.what)) say("wrong password", a);
    return;
  }
  accounts_.wrong(a.account, a.what);
  if (addresses_.wrong(a.address, a.what)) say("wrong password", a);
}

void PasswordCheck::remember(const Attempt& a) {
  const Monotonic now = clock_.monotonic();
  if (!knows(a.key, now)) {
    if (rights_.size() >= kMostRight) {
      right_places_.erase(rights_.front().key);
      rights_.pop_front();
    }
    // Long enough for the request that has waited for the hash.
    rights_.push_back({a.key, now + std::max(options_.password_cache, std::chrono::seconds{2})});
    right_places_[a.key] = std::prev(rights_.end());
  }
  make_familiar(a);
}

void PasswordCheck::make_familiar(const Attempt& a) {
  auto& places = familiar_[a.name];
  std::erase(places, a.address);
  if (places.size() >= kMostFamiliar) places.erase(places.begin());
  places.push_back(a.address);
}

bool PasswordCheck::knows(const Key& key, Monotonic now) {
  while (!rights_.empty() && now >= rights_.front().until) {
    right_places_.erase(rights_.front().key);
    rights_.pop_front();
  }
  return right_places_.contains(key);
}

void PasswordCheck::say(std::string_view what, const Attempt& a) {
  const Monotonic now = clock_.monotonic();
  if (said_ == 0 || now - said_since_ >= std::chrono::minutes{1}) said_since_ = now, said_ = 0;
  if (++said_ > kMostSaid) return;
  log_.warn("{} for '{}' from {}", what, a.name, a.group);
  if (said_ == kMostSaid) log_.warn("too many log-ins fail: no more of them is said for a minute");
}

}  // namespace cbx::web

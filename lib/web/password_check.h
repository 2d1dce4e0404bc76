// Whether a name and password belong together: limits on guessing, hashing on threads of its own, and memory of what
// was right (private to lib/web).
#pragma once

#include <array>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/broadcast.h"
#include "base/log.h"
#include "base/time.h"
#include "web/access.h"
#include "web/limiter.h"
#include "web/worker_pool.h"

namespace cbx::web {

// A hash that only this process can make: for tables that outsiders fill, whose keys they must not choose, and which
// must not keep what they were made of.
class KeyedHash {
 public:
  using Long = std::array<uint8_t, 32>;
  KeyedHash();
  // BLAKE2b of the parts, each with its length.
  Long of(std::initializer_list<std::string_view> parts) const;
  // Its first 8 bytes.
  uint64_t brief(std::initializer_list<std::string_view> parts) const;

 private:
  std::array<uint8_t, 32> key_;
};

// Thread-safe.
class PasswordCheck {
 public:
  PasswordCheck(const Access::Options& options, const KeyedHash& hash, const Clock& clock, const Logger& log);

  enum class Verdict { right, wrong, pending, blocked, busy };
  struct Answer {
    Verdict verdict;
    std::shared_ptr<Broadcast> done{};  // pending: announces when check() is worth asking again
    uint64_t seen = 0;
    bool started = false;  // pending: by this call
    std::chrono::seconds wait{};
  };
  // `stored`: the user's hash; null if nobody has this name, or may not log in.
  Answer check(std::string_view name, const std::string* stored, std::string_view password, std::string_view group);
  // How many passwords are known to be right.
  size_t remembered() const;

  WorkerPool& pool() { return pool_; }

 private:
  using Key = KeyedHash::Long;
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  // One password of one name from one address group, on its way.
  struct Attempt {
    std::string name, group;
    Key key{};
    uint64_t what = 0, address = 0, account = 0, pair = 0;
    bool familiar = false;  // the name was used from there before
    bool exists = false;
  };
  struct Right {
    Key key;
    Monotonic until;
  };

  Limiter::Verdict charge(const Attempt& attempt, Monotonic now);
  Answer blocked(const Attempt& attempt, Monotonic now);
  Answer start(Attempt attempt, std::string stored, std::string password);
  void withdraw(const Attempt& attempt);
  void settle(const Attempt& attempt, bool right);
  void remember(const Attempt& attempt);
  void say(std::string_view what, const Attempt& attempt);
  bool knows(const Key& key, Monotonic now);

  const Access::Options options_;
  const KeyedHash& hash_;
  const Clock& clock_;
  const Logger& log_;
  mutable std::mutex mutex_;  // guards all below but the pool
  Limiter addresses_, accounts_, pairs_;
  std::list<Right> rights_;  // by until
  std::unordered_map<Key, std::list<Right>::iterator, KeyHash> right_places_;
  std::map<uint64_t, std::shared_ptr<Broadcast>> pending_;           // by Attempt::pair and what
  std::unordered_map<std::string, std::vector<uint64_t>> familiar_;  // of each user, where from, latest last
  Monotonic said_since_{};
  int said_ = 0;
  WorkerPool pool_;
};

}  // namespace cbx::web

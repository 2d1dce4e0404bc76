// Counts what goes wrong by whom, in bounded memory (private to lib/web).
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "base/time.h"

namespace cbx::web {

// Each `who` (a keyed hash of an address or account) may fail with so many different credentials (`what`, a keyed hash)
// in a stretch of time that begins with the first.  An attempt is charged before it is known how it ends, so that many
// at once are no way around the limit.  When `most` are remembered the one that began longest ago is forgotten.
// Not thread-safe.
class Limiter {
 public:
  Limiter(int failures, std::chrono::seconds window, size_t most) : failures_(failures), window_(window), most_(most) {}

  enum class Verdict {
    go_on,
    repeated,  // the same was wrong already in this stretch: still is, and counts no more
    blocked,
  };
  Verdict charge(uint64_t who, uint64_t what, Monotonic now);
  void right(uint64_t who, uint64_t what);
  // True the first time in this stretch: worth a line in the log.
  bool wrong(uint64_t who, uint64_t what);
  // The same of being blocked.
  bool report_blocked(uint64_t who);
  // Until `who` may try again.
  std::chrono::seconds wait(uint64_t who, Monotonic now) const;
  size_t size() const { return entries_.size(); }

 private:
  struct Mark {
    uint64_t what;
    bool failed;
  };
  struct Entry {
    uint64_t who;
    Monotonic start;
    std::vector<Mark> marks;
    bool told_wrong = false, told_blocked = false;
  };
  Entry* find(uint64_t who);

  size_t failures_;
  std::chrono::seconds window_;
  size_t most_;
  std::list<Entry> entries_;  // by start
  std::unordered_map<uint64_t, std::list<Entry>::iterator> places_;
};

}  // namespace cbx::web

// Whole cuts that are read for their manifests (private to lib/web).
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/broadcast.h"
#include "cut/cut.h"
#include "web/worker_pool.h"

namespace cbx::web {

struct Hashed {
  std::shared_ptr<const cut::Cut> cut;
  Result<std::string> sha256;
};

// Reading a day takes minutes and much of the disk, so only a few cuts are read at once, one of them for each asker.
// Who asks for one that is being read joins; when all have left it goes on for a little while (proxies cut long waits
// off, and who asks again is to join), unless there is somebody else to read for.  On threads of its own.  Thread-safe.
class Hashing {
 public:
  struct Options {
    unsigned at_once = 2;
    std::chrono::milliseconds linger{30'000};
  };
  using GoOn = std::function<bool(uint64_t)>;  // as cut::hash() asks
  using Run = std::function<Result<Hashed>(const GoOn& go_on)>;

  explicit Hashing(Options options);
  // Stops what is being read.
  ~Hashing();
  Hashing(const Hashing&) = delete;
  Hashing& operator=(const Hashing&) = delete;

 private:
  struct Job;
  struct State;

 public:
  // One asker's place: who gives it up has left.
  class Ticket {
   public:
    Ticket(std::shared_ptr<State> state, std::shared_ptr<Job> job);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    // Null until it is there.
    std::shared_ptr<const Result<Hashed>> result() const;
    // Announces the result.
    const std::shared_ptr<Broadcast>& changed() const;

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Job> job_;
  };

  // `key`: of the cut; `who` asks.  Error try_again when too many are being read, or another one for `who`.
  Result<std::shared_ptr<Ticket>> ask(const std::string& key, const std::string& who, Run run);

 private:
  std::shared_ptr<State> state_;
  WorkerPool pool_;
};

}  // namespace cbx::web

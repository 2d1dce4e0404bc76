// Whoever takes letters, and a queue before them for those who can't wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/time.h"
#include "net/letter.h"

namespace cbx::net {

class Mailer {
 public:
  virtual ~Mailer() = default;
  // Returns when the letter has been taken, or not; may take a minute.  Errors: data (refused for good), try_again
  // (this letter not now), unavailable (nobody there), permission (our user or password is refused), config (no safe
  // connection can be made), io (it broke off).  Thread-safe; one letter after the other.
  virtual Status send(const Letter& letter) = 0;
  // Makes a send() that is under way, and all later ones, end soon with `unavailable`.
  virtual void stop() = 0;
};

// Letters on their way, in memory: what waits when the process ends is lost.  They go out one after the other by a
// thread of its own; one that is not taken is tried again, after longer and longer pauses, as long as it is of use.
// What a letter says is never logged, and where it goes only by masked().  Thread-safe.
class MailQueue {
 public:
  struct Options {
    size_t most = 1000;                   // that wait
    Millis first_pause{2000};             // before the second try; doubled each time …
    Millis longest_pause{5 * 60 * 1000};  // … up to this
    Millis longest_outage_pause{60'000};  // the same where it is the server that is out of order
  };
  struct Stats {
    size_t waiting = 0;
    uint64_t sent = 0, dropped = 0;  // dropped: refused, or of no use any more
  };
  // Both are used until the destructor has returned.
  MailQueue(Mailer& mailer, const Clock& clock, const Logger& log, Options options);
  // Gives up what waits; what is being sent is broken off.
  ~MailQueue();
  MailQueue(const MailQueue&) = delete;
  MailQueue& operator=(const MailQueue&) = delete;

  // False when too many wait.  Dropped when it hasn't been taken by `until`.
  bool push(Letter letter, Monotonic until);
  bool full() const;
  Stats stats() const;

 private:
  struct Waiting {
    Letter letter;
    Monotonic until, due;
    Millis pause;
  };
  void run();
  void settle(std::list<Waiting> one, const Status& sent);
  void pause_all(const Error& error);

  Mailer& mailer_;
  const Clock& clock_;
  const Logger& log_;
  const Options options_;
  mutable std::mutex mutex_;  // guards all below but the thread
  std::condition_variable changed_;
  std::list<Waiting> waiting_;
  Monotonic not_before_{};  // while the server is out of order
  Millis outage_pause_{0};  // 0: it is not
  Stats stats_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace cbx::net

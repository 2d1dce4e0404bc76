// Fetching a stream from a URL, again and again.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>

#include "attempt.h"
#include "base/log.h"
#include "base/time.h"
#include "receiver.h"

namespace cbx::ingest {

// The pause before the next attempt: doubles from 1 s to 30 s, each shortened or lengthened by up to a quarter so that
// many fetchers of one server don't come back together.
class BackOff {
 public:
  explicit BackOff(unsigned seed) : random_(seed) {}
  Monotonic::duration next();
  void reset() { step_ = 0; }

 private:
  std::minstd_rand random_;
  int step_ = 0;
};

// Keeps one connection to `url` up.  Not thread-safe.
class Pull {
 public:
  static Result<Pull> create(const std::string& url, std::string device, std::string passphrase, const Logger& log);

  // Goes on with connecting; a new connection to be received, if one came about.  `connected`: whether the last one is
  // still up.
  std::optional<Arrival> beat(bool connected, Monotonic now);
  // The last failed attempt, for a program that makes only one.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  Pull(Target target, std::string device, const Logger& log);
  void failed(Error error, Monotonic now);

  Target target_;
  std::string device_;
  const Logger* log_;
  std::unique_ptr<Attempt> attempt_;
  std::optional<Error> failure_;
  BackOff back_off_;
  Monotonic retry_at_{}, connected_at_{};
  bool was_connected_ = false;
};

}  // namespace cbx::ingest

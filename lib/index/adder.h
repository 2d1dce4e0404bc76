// The heart of `cbx-index add`: record lines and journals into the index, in batches, for as long as it takes.
//
// Lines from the pipe are applied at once; that is only for speed.  What makes the index complete are the journals,
// read by cursors at start, on a `lagged` record, every so often, and at the end: all records are idempotent, so both
// ways may say the same.  An index.db that is deleted or replaced meanwhile is noticed.
#pragma once

#include <optional>

#include "base/log.h"
#include "base/signals.h"
#include "index/catch_up.h"
#include "index/index.h"
#include "index/journal_watch.h"
#include "index/record_reader.h"

namespace cbx::index {

struct AdderOptions {
  int input = -1;             // descriptor of the record lines; -1: journals only
  bool watch = false;         // stay and follow the journals, by inotify and by looking
  Millis look_every{60'000};  // how often all journals are looked at
  size_t batch_rows = 100;    // committed as soon as there are so many, or
  Millis batch_delay{100};    // after this
};

class Adder {
 public:
  Adder(Index index, const Logger& log, const Clock& clock, SignalFd& signals, AdderOptions options);

  // Until the input ends (or at once, or for ever with `watch`), or TERM; an input pipe may then still end within
  // seconds, as all tools of a pipe are told at once.  A locked database or a full disk only delays it.  Returns how
  // many lines were bad; errors: data (index damaged), io (input), try_again (told to stop while the database was
  // locked; the journals have the rest).
  Result<int64_t> run();
  // Told when the first catching up is done.
  void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }

 private:
  // Runs `work` until it succeeds or fails for good.
  Status patiently(const std::function<Status()>& work);
  Status follow_file();
  Status look_at_all();
  Status look_at(const std::set<std::string>& journals);
  Status commit();
  Status follow_watch();
  // Waits for input, a signal or the time of what is due.
  void wait();
  Status step(RecordReader* reader);
  void complain(const std::string& message);
  bool stopping();
  // Told to stop, and the input has ended or won't.
  bool leaving(const RecordReader* reader);

  Index index_;
  const Logger& log_;
  const Clock& clock_;
  SignalFd& signals_;
  AdderOptions options_;
  std::function<void()> ready_;
  std::optional<JournalWatch> watch_;
  std::vector<Record> batch_;
  Monotonic batch_since_{}, next_look_{};
  std::optional<Monotonic> stop_since_;
  int input_fd_ = -1;
  bool waiting_said_ = false;
};

}  // namespace cbx::index

// Cameras that are being taken away with all they recorded (private to lib/web).
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/broadcast.h"
#include "web/service.h"
#include "web/worker_pool.h"

namespace cbx::web {

// On a thread of its own, one after the other: a year of recordings takes a while, which neither event loops nor
// workers should be without each other for.  The camera is disabled first, so that a publisher is disconnected and
// nothing new comes; then its files go, in steps that a recorder beside it does not notice, those being written as soon
// as they are finished; its row in state.db goes last.  What was interrupted is finished by asking again: the camera is
// still there, disabled.  Who asks for one under way joins; it goes on when those who asked have left.  What is left of
// a camera that state.db does not know goes the same way.  Thread-safe.
class Erasures {
 public:
  struct Options {
    std::chrono::milliseconds look_again{250};  // while a recorder still has files
    std::chrono::seconds patience{90};          // with it
    std::chrono::seconds drop{5};               // so long a camera that was live is waited for to be disconnected
  };
  struct Outcome {
    int64_t files = 0, bytes = 0;
  };
  class Job {
   public:
    // Null until it is there.  Errors: unavailable (it is recorded by something that
    // does not heed that it is disabled), try_again (the server ends), io (some files could not be deleted), state.db's
    // and the index's.
    std::shared_ptr<const Result<Outcome>> result() const;
    // Announces the result.
    const std::shared_ptr<Broadcast>& changed() const { return changed_; }

   private:
    friend class Erasures;
    std::string device_, who_;
    std::shared_ptr<Broadcast> changed_ = std::make_shared<Broadcast>();
    mutable std::mutex mutex_;
    std::shared_ptr<const Result<Outcome>> result_;
  };

  Erasures(const Context& context, Options options);
  // Stops what is under way after its current step.
  ~Erasures();
  Erasures(const Erasures&) = delete;
  Erasures& operator=(const Erasures&) = delete;

  // Null: too many wait already.
  std::shared_ptr<Job> begin(const std::string& device, const std::string& who);
  bool is_under_way(const std::string& device) const;

 private:
  std::shared_ptr<Job> find(const std::string& device) const;  // with the lock
  bool ending() const;
  void run(const std::shared_ptr<Job>& job);
  Result<Outcome> erase(const Job& job);
  Status disable(const Job& job);
  Result<Outcome> delete_files(const Job& job);
  Result<bool> is_live(index::Index& index, const std::string& device) const;

  const Context& context_;
  const Options options_;
  mutable std::mutex mutex_;  // guards jobs_
  std::condition_variable woken_;
  std::list<std::shared_ptr<Job>> jobs_;
  std::atomic<bool> ending_{false};
  WorkerPool pool_;  // its thread ends before anything else goes
};

}  // namespace cbx::web

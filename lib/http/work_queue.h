// A few threads for what takes long.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cbx::http {

// Fair to those whom the work is for: each may have so much of it waiting and running, and whoever has none running
// comes before those who have.  Thread-safe.
class WorkQueue {
 public:
  // What is to be done; `run` is false when the queue ends and it shall only be given back.
  using Job = std::function<void(bool run)>;
  WorkQueue(unsigned workers, size_t most_waiting, size_t most_of_one);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False when too many wait already, or `who` has too many, or after end().
  bool submit(const std::string& who, Job job);
  // Gives back what waits, and returns when what runs is done.
  void end();
  // Waiting and running.
  size_t size() const;

 private:
  struct Waiting {
    std::string who;
    Job job;
  };
  struct Share {
    size_t all = 0, running = 0;
  };
  void run();
  Waiting take();
  void done(const std::string& who);
  const size_t most_waiting_, most_of_one_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> jobs_;
  std::map<std::string, Share> shares_;  // of those who have anything waiting or running
  size_t running_ = 0;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cbx::http

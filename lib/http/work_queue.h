// A few threads for what takes long.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cbx::http {

// Thread-safe.
class WorkQueue {
 public:
  // What is to be done; `run` is false when the queue ends and it shall only be given back.
  using Job = std::function<void(bool run)>;
  WorkQueue(unsigned workers, size_t most_waiting);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False when too many wait already, or after end().
  bool submit(Job job);
  // Gives back what waits, and returns when what runs is done.
  void end();
  // Waiting and running.
  size_t size() const;

 private:
  void run();
  const size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  size_t running_ = 0;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cbx::http

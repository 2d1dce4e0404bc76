// A few threads for what takes long (private to lib/web).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cbx::web {

// Thread-safe.  The destructor drops what has not begun and waits for what has.
class WorkerPool {
 public:
  enum class Urgency {
    soon,   // before the others; up to twice `most` may wait
    usual,  // up to `most` may wait
    idle,   // when there is nothing else
  };
  WorkerPool(unsigned threads, size_t most);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False: too much is waiting.
  bool push(Urgency urgency, std::function<void()> task);

 private:
  void run();

  const size_t most_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_, idle_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cbx::web

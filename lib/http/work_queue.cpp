#include "http/work_queue.h"

#include <algorithm>

namespace cbx::http {

WorkQueue::WorkQueue(unsigned workers, size_t most_waiting) : most_waiting_(most_waiting) {
  for (unsigned i = 0; i < std::max(workers, 1U); i++) threads_.emplace_back([this] { run(); });
}

WorkQueue::~WorkQueue() {
  end();
}

bool WorkQueue::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || jobs_.size() >= most_waiting_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void WorkQueue::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

size_t WorkQueue::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size() + running_;
}

void WorkQueue::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    running_++;
    const bool go = !ended_;
    lock.unlock();
    job(go);
    job = nullptr;
    lock.lock();
    running_--;
  }
}

}  // namespace cbx::http

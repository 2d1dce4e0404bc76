#include "web/worker_pool.h"

#include <algorithm>

namespace cbx::web {

WorkerPool::WorkerPool(unsigned threads, size_t most) : most_(most) {
  for (unsigned i = 0; i < std::max(threads, 1U); i++) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    tasks_.clear();
    idle_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool WorkerPool::push(Urgency urgency, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    auto& queue = urgency == Urgency::idle ? idle_ : tasks_;
    if (ending_ || queue.size() >= most_ * (urgency == Urgency::soon ? 2 : 1)) return false;
    if (urgency == Urgency::soon)
      queue.push_front(std::move(task));
    else
      queue.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty() || !idle_.empty(); });
    if (ending_) return;
    auto& queue = tasks_.empty() ? idle_ : tasks_;
    const auto task = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace cbx::web

#include "http/work_queue.h"

#include <algorithm>

namespace cbx::http {

WorkQueue::WorkQueue(unsigned workers, size_t most_waiting, size_t most_of_one)
    : most_waiting_(most_waiting), most_of_one_(most_of_one) {
  for (unsigned i = 0; i < std::max(workers, 1U); i++) threads_.emplace_back([this] { run(); });
}

WorkQueue::~WorkQueue() {
  end();
}

bool WorkQueue::submit(const std::string& who, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || jobs_.size() >= most_waiting_) return false;
    const auto share = shares_.find(who);
    if (share != shares_.end() && share->second.all >= most_of_one_) return false;
    shares_[who].all++;
    jobs_.push_back({who, std::move(job)});
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

// With the lock, when something waits.
WorkQueue::Waiting WorkQueue::take() {
  auto next = std::ranges::find_if(jobs_, [this](const Waiting& w) { return shares_[w.who].running == 0; });
  if (next == jobs_.end()) next = jobs_.begin();
  Waiting taken = std::move(*next);
  jobs_.erase(next);
  shares_[taken.who].running++;
  running_++;
  return taken;
}

// With the lock.
void WorkQueue::done(const std::string& who) {
  running_--;
  const auto share = shares_.find(who);
  share->second.running--;
  if (--share->second.all == 0) shares_.erase(share);
}

void WorkQueue::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Waiting taken = take();
    const bool go = !ended_;
    lock.unlock();
    taken.job(go);
    taken.job = nullptr;
    lock.lock();
    done(taken.who);
  }
}

}  // namespace cbx::http

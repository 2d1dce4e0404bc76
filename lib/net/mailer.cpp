#include "net/mailer.h"

#include <algorithm>

namespace cbx::net {

MailQueue::MailQueue(Mailer& mailer, const Clock& clock, const Logger& log, Options options)
    : mailer_(mailer), clock_(clock), log_(log), options_(options), thread_([this] { run(); }) {}

MailQueue::~MailQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  mailer_.stop();
  changed_.notify_all();
  thread_.join();
  if (!waiting_.empty()) log_.warn("{} letters have not been sent", waiting_.size());
}

bool MailQueue::push(Letter letter, Monotonic until) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.most) return false;
    waiting_.push_back({std::move(letter), until, clock_.monotonic(), options_.first_pause});
  }
  changed_.notify_all();
  return true;
}

bool MailQueue::full() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() >= options_.most;
}

MailQueue::Stats MailQueue::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.waiting = waiting_.size();
  return stats;
}

void MailQueue::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto next = std::ranges::min_element(waiting_, {}, &Waiting::due);
    const Monotonic now = clock_.monotonic(), begin = std::max(next->due, not_before_);
    if (now < begin && now < next->until) {
      changed_.wait_for(lock, std::min(begin, next->until) - now);
      continue;
    }
    std::list<Waiting> one;
    one.splice(one.begin(), waiting_, next);
    if (now >= one.front().until) {
      stats_.dropped++;
      log_.warn("a letter to '{}' could not be sent in time", masked(one.front().letter.to.address));
      continue;
    }
    lock.unlock();
    const Status sent = mailer_.send(one.front().letter);
    lock.lock();
    settle(std::move(one), sent);
  }
}

void MailQueue::settle(std::list<Waiting> one, const Status& sent) {
  Waiting& letter = one.front();
  const ErrorCode code = sent ? ErrorCode::internal : sent.error().code();
  if (sent || code == ErrorCode::data || code == ErrorCode::try_again) {
    if (outage_pause_.count() > 0) log_.info("the mail server answers again");
    outage_pause_ = Millis{0};
    not_before_ = {};
  }
  if (sent) {
    stats_.sent++;
    return;
  }
  if (code == ErrorCode::data) {
    stats_.dropped++;
    log_.warn("a letter to '{}' was refused: {}", masked(letter.letter.to.address), sent.error().message());
    return;
  }
  if (code == ErrorCode::try_again) {
    log_.info("a letter to '{}' was put off: {}", masked(letter.letter.to.address), sent.error().message());
    letter.due = clock_.monotonic() + letter.pause;
    letter.pause = std::min(letter.pause * 2, options_.longest_pause);
  } else {
    pause_all(sent.error());
  }
  waiting_.splice(waiting_.begin(), one);
}

// The next letter would fare no better.
void MailQueue::pause_all(const Error& error) {
  if (ending_) return;
  if (outage_pause_.count() == 0) log_.error("letters cannot be sent: {}", error.message());
  outage_pause_ =
      outage_pause_.count() == 0 ? options_.first_pause : std::min(outage_pause_ * 2, options_.longest_outage_pause);
  not_before_ = clock_.monotonic() + outage_pause_;
}

}  // namespace cbx::net

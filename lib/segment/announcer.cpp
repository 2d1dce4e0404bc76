#include "segment/announcer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/records.h"

namespace cbx::segment {
namespace {

constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::seconds kRetry{2};

}  // namespace

Announcer::Announcer(int fd, const Clock& clock, const Logger& log)
    : fd_(fd), clock_(clock), log_(log), thread_([this] { run(); }) {}

Announcer::~Announcer() {
  (void)close();
}

Status Announcer::close() {
  {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, kPatience,
                   [this] { return gone_ || !trouble_ || (queue_.empty() && dropped_ == 0 && !busy_); });
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  return trouble_;
}

void Announcer::announce(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return;
    if (dropped_ > 0 || queued_bytes_ + line.size() > kMaxQueuedBytes) {
      dropped_++;
      return;
    }
    queued_bytes_ += line.size();
    queue_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void Announcer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !queue_.empty() || dropped_ > 0; });
    if (stop_) return;
    std::string line;
    int64_t lines = 1;
    if (!queue_.empty()) {
      line = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= line.size();
    } else {
      lines = std::exchange(dropped_, 0);
      line = to_line(LaggedRecord{floor_ms(clock_.wall()), lines});
    }
    busy_ = true;
    lock.unlock();
    const Written written = write_line(line);
    lock.lock();
    busy_ = false;
    if (written == Written::gone) gone_ = true;
    if (gone_) queue_.clear(), queued_bytes_ = 0, dropped_ = 0;
    if (written == Written::no) {
      // The line, and those that wait, are told of later.
      dropped_ += static_cast<int64_t>(queue_.size()) + lines;
      queue_.clear(), queued_bytes_ = 0;
      idle_.notify_all();
      wake_.wait_for(lock, kRetry, [this] { return stop_; });
    } else if (written == Written::yes && !trouble_) {
      trouble_ = Status{};
      log_.info("records can be announced again");
    }
    if (queue_.empty()) idle_.notify_all();
  }
}

// Said once, until it works again.
void Announcer::failed(int e) {
  const std::lock_guard lock(mutex_);
  const bool gone = e == EPIPE;
  if (trouble_ && !stop_)
    log_.warn("cannot announce records {}: {}; recording goes on, the journals have them", gone ? "any more" : "now",
              gone ? "the reader is gone" : std::strerror(e));
  if (!gone) trouble_ = fail(os_error(e, "cannot write to standard output"));
}

Announcer::Written Announcer::write_line(const std::string& line) {
  // The rest of a torn line is closed, so that nothing is glued to it.
  const std::string text = (torn_ ? "\n" : "") + line + "\n";
  size_t done = 0;
  while (done < text.size()) {
    // Wait by poll, so that stopping needs no reader; a pipe that polls writable takes PIPE_BUF bytes at least.
    pollfd p{fd_, POLLOUT, 0};
    const int ready = ::poll(&p, 1, 200);
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
      const std::lock_guard lock(mutex_);
      if (stop_) return Written::gone;
      continue;
    }
    const ssize_t n = ::write(fd_, text.data() + done, std::min<size_t>(text.size() - done, 4096));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) {
      const int e = errno;
      failed(e);
      return e == EPIPE || e == EBADF ? Written::gone : Written::no;
    }
    done += static_cast<size_t>(n);
    torn_ = done < text.size();
  }
  torn_ = false;
  return Written::yes;
}

}  // namespace cbx::segment

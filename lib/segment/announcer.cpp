#include "segment/announcer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/records.h"

namespace cbx::segment {
namespace {

constexpr std::chrono::seconds kPatience{3};

}  // namespace

Announcer::Announcer(int fd, const Clock& clock, const Logger& log)
    : fd_(fd), clock_(clock), log_(log), thread_([this] { run(); }) {}

Announcer::~Announcer() {
  {
    std::unique_lock lock(mutex_);
    idle_.wait_for(lock, kPatience, [this] { return gone_ || (queue_.empty() && dropped_ == 0 && !busy_); });
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
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
    if (!queue_.empty()) {
      line = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= line.size();
    } else {
      line = to_line(LaggedRecord{floor_ms(clock_.wall()), dropped_});
      dropped_ = 0;
    }
    busy_ = true;
    lock.unlock();
    const bool ok = write_line(line);
    lock.lock();
    busy_ = false;
    if (!ok) gone_ = true;
    if (gone_) queue_.clear(), queued_bytes_ = 0, dropped_ = 0;
    if (queue_.empty()) idle_.notify_all();
  }
}

bool Announcer::write_line(const std::string& line) {
  const std::string text = line + "\n";
  size_t done = 0;
  while (done < text.size()) {
    // Wait by poll, so that stopping needs no reader; a pipe that polls writable takes PIPE_BUF bytes at least.
    pollfd p{fd_, POLLOUT, 0};
    const int ready = ::poll(&p, 1, 200);
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
      const std::lock_guard lock(mutex_);
      if (stop_) return false;
      continue;
    }
    const ssize_t n = ::write(fd_, text.data() + done, std::min<size_t>(text.size() - done, 4096));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) {
      const int e = errno;
      log_.warn("cannot announce records any more: {}; recording goes on, the journals have them",
                e == EPIPE ? "the reader is gone" : std::strerror(e));
      return false;
    }
    done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace cbx::segment

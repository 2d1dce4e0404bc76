// Record lines to a descriptor, from a thread of its own: a slow or vanished reader never holds up the recorder.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace cbx::segment {

// Thread-safe.  What does not fit into the queue is dropped and later reported by one `lagged` record: the journals
// have it.  So is what cannot be written (a file on a full disk), until it can be again.  When the reader is gone, that
// is said once and announcements end.
class Announcer {
 public:
  // Does not own `fd`.
  Announcer(int fd, const Clock& clock, const Logger& log);
  // Ends as close() does.
  ~Announcer();
  // Waits at most a few seconds for the queue to be written; nothing may be announced afterwards.  Returns the error
  // that kept lines from being written, unless it is just that the reader has left.
  Status close();
  void announce(std::string line);

 private:
  static constexpr size_t kMaxQueuedBytes = 1 << 20;

  enum class Written { yes, no, gone };

  void run();
  Written write_line(const std::string& line);
  void failed(int os_error);

  const int fd_;
  const Clock& clock_;
  const Logger& log_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::string> queue_;
  size_t queued_bytes_ = 0;
  int64_t dropped_ = 0;
  bool stop_ = false, gone_ = false, busy_ = false;
  bool torn_ = false;  // the last write ended inside a line
  Status trouble_;     // why lines cannot be written
  std::thread thread_;
};

}  // namespace cbx::segment

// Record lines from a pipe, read and checked on a thread of their own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/records.h"

namespace cbx::index {

// Reads `fd` until its end.  Bad lines are named by number on the logger and counted.  When the queue is full the
// thread waits, and with it the pipe: writers of records drop announcements rather than wait (they are in the journal).
class RecordReader {
 public:
  static Result<std::unique_ptr<RecordReader>> start(int fd, const Logger& log);
  ~RecordReader();

  // Readable as long as take() has something to say.
  int ready_fd() const { return ready_.get(); }
  // What has come so far, at most `most` records.  Clears readiness when nothing is left.
  std::vector<Record> take(size_t most);
  bool has_waiting() const;
  // Everything was read and taken.
  bool finished() const;
  int64_t bad_lines() const { return bad_lines_; }
  // Set after the end when reading failed.
  Status status() const;

 private:
  RecordReader(int fd, const Logger& log, UniqueFd ready, UniqueFd stop)
      : fd_(fd), log_(log), ready_(std::move(ready)), stop_(std::move(stop)) {}
  void run();
  void line(std::string_view text);
  bool push(Record record);
  void wake() const;

  const int fd_;
  const Logger& log_;
  UniqueFd ready_, stop_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Record> queue_;
  bool ended_ = false, stopping_ = false;
  Status status_;
  std::atomic<int64_t> bad_lines_{0};
  int64_t line_number_ = 0;
  std::thread thread_;
};

}  // namespace cbx::index

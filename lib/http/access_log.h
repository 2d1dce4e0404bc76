// The access log: one JSON object a line, written by a thread of its own so that a slow disk holds up nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/log.h"

namespace cbx::http {

// Appends `text` to `out` as a JSON string; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// Thread-safe.  Lines that the file can't take fast enough are dropped, counted, and later said to have been.
class AccessLog {
 public:
  // "-": standard output.  Errors: cannot_create, permission.
  static Result<std::unique_ptr<AccessLog>> open(std::string path, const Logger& log);
  // Writes what is left, if that takes no longer than a second.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // `line` ends with a line feed.
  void add(std::string line);
  // Opens the file anew, after it was moved away.
  Status reopen();

 private:
  AccessLog(std::string path, int fd, const Logger& log);
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace cbx::http

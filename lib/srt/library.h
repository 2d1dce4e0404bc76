// The libsrt library itself: start-up, its log, and the boundary where its errors become ours.
#pragma once

#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace cbx::srt {

// Make one before anything else of this module, and keep it until all of it is gone: libsrt is started and ended with
// it.  What libsrt has to say goes to `log` (which must live as long), at debug level.
class Library {
 public:
  explicit Library(const Logger& log);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

// The last error of this thread's libsrt call: "what: reason".
Error last_error(std::string_view what, ErrorCode code = ErrorCode::unavailable);

}  // namespace cbx::srt

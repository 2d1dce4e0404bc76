#include "srt/library.h"

#include <fmt/format.h>
#include <srt/srt.h>
#include <sys/syslog.h>

namespace cbx::srt {
namespace {

void to_logger(void* opaque, int, const char*, int, const char*, const char* message) {
  std::string_view text(message);
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  static_cast<const Logger*>(opaque)->debug("libsrt: {}", text);
}

}  // namespace

Library::Library(const Logger& log) {
  srt_setloglevel(LOG_CRIT);  // below that it talks of each refused caller and each empty accept
  srt_setlogflags(SRT_LOGF_DISABLE_TIME | SRT_LOGF_DISABLE_THREADNAME | SRT_LOGF_DISABLE_SEVERITY |
                  SRT_LOGF_DISABLE_EOL);
  // The handler is C and gets a pointer that isn't const.
  srt_setloghandler(const_cast<Logger*>(&log), to_logger);
  srt_startup();
}

Library::~Library() {
  srt_cleanup();
  srt_setloghandler(nullptr, nullptr);
}

Error last_error(std::string_view what, ErrorCode code) {
  int os = 0;
  srt_getlasterror(&os);
  return Error(code, fmt::format("{}: {}", what, srt_getlasterror_str()), os);
}

}  // namespace cbx::srt

// Signals as file descriptors and flags: TERM/INT ask to finish, a second one leaves at once, HUP re-reads.
#pragma once

#include "base/file.h"
#include "base/result.h"

namespace cbx {

// Make one in main before any thread is started: it blocks TERM, INT and HUP for the whole process and ignores PIPE
// (a closed pipe is then an EPIPE that is handled where it happens).  Poll fd() or call the checks now and then.
// Use from one thread.
class SignalFd {
 public:
  static Result<SignalFd> create();
  // Readable when a signal waits.
  int fd() const { return fd_.get(); }
  // Takes what waits.  A second TERM/INT ends the process at once (128 + signal), by design without clean-up: what
  // was being written is recoverable.
  void drain();
  bool stop_requested() const { return stop_; }
  // True once after each HUP.
  bool take_reload();

 private:
  explicit SignalFd(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
  bool stop_ = false;
  bool reload_ = false;
};

// Tells whoever started us that we are ready: sd_notify(3)'s READY=1 if $NOTIFY_SOCKET is set, and a newline on
// `ready_fd` (closed after) unless it is -1.
void notify_ready(int ready_fd);

}  // namespace cbx

// The live side of cbx-segment: frames or one MPEG-TS stream from a descriptor, until it ends or a signal comes.
#pragma once

#include <chrono>
#include <functional>

#include "base/signals.h"
#include "segment/session.h"

namespace cbx::tool {

// What an input turns out to be, by its first bytes.
enum class InputKind { frames, ts, container };
InputKind sniff(ByteSpan head);

// Reads at least 4 and at most head.size() bytes (fewer only at the end of the input), as much as comes at once.
Result<size_t> read_head(int fd, SignalFd& signals, std::span<uint8_t> head);

struct LiveInput {
  int fd;
  ByteSpan head;  // what read_head() took
  SignalFd& signals;
  const Clock& clock;
  std::function<void()> on_tick;  // four times a second
};

// Both end all files before they return.  After TERM or INT the input is read on for a moment: a recorder's whole
// pipeline gets the signal at once, and what is still in the pipe is worth keeping.
Status run_frames(const LiveInput& input, segment::Session& session);
Status run_ts(const LiveInput& input, segment::Session& session);

}  // namespace cbx::tool

#include "live.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cbx::tool {
namespace {

constexpr Millis kTick{250};
constexpr std::chrono::seconds kLinger{2};

enum class Wait { readable, signalled, timeout };

Wait wait_for_input(int fd, SignalFd& signals, Millis timeout) {
  pollfd p[2] = {{fd, POLLIN, 0}, {signals.fd(), POLLIN, 0}};
  const int n = ::poll(p, 2, static_cast<int>(timeout.count()));
  if (n > 0 && p[1].revents) {
    signals.drain();
    return Wait::signalled;
  }
  return n > 0 && p[0].revents ? Wait::readable : Wait::timeout;
}

// The loop both inputs share.  `take` gets what was read and says whether to go on.
Status pump(const LiveInput& in, segment::Session& session, const std::function<std::span<uint8_t>()>& room,
            const std::function<Status(size_t n)>& take) {
  Monotonic next_tick = in.clock.monotonic();
  std::optional<Monotonic> stop_at;
  Status status;
  while (true) {
    const Monotonic now = in.clock.monotonic();
    if (now >= next_tick) {
      session.tick();
      in.on_tick();
      next_tick = now + kTick;
    }
    if (in.signals.stop_requested() && !stop_at) stop_at = now + kLinger;
    if (stop_at && now >= *stop_at) break;
    if (wait_for_input(in.fd, in.signals, kTick) != Wait::readable) continue;
    const std::span<uint8_t> into = room();
    const ssize_t n = ::read(in.fd, into.data(), into.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) {
      status = fail(os_error(errno, "cannot read standard input", ErrorCode::io));
      break;
    }
    if (n == 0) break;
    status = take(static_cast<size_t>(n));
    if (!status) break;
  }
  return status;
}

}  // namespace

InputKind sniff(ByteSpan head) {
  if (head.size() >= 4 && std::memcmp(head.data(), "CBXF", 4) == 0) return InputKind::frames;
  // Packets of 188 bytes, or of 192 with a time code of 4 in front; the first may be cut.
  for (const size_t size : {size_t{188}, size_t{192}}) {
    for (size_t at = 0; at < size && at < head.size(); at++) {
      size_t hits = 0, places = 0;
      for (size_t i = at; i < head.size() && places < 5; i += size, places++) hits += head[i] == 0x47;
      if (hits == places && places >= std::min<size_t>(3, head.size() / size + 1)) return InputKind::ts;
    }
  }
  return InputKind::container;
}

Result<size_t> read_head(int fd, SignalFd& signals, std::span<uint8_t> head) {
  size_t have = 0;
  // Three packets tell a transport stream; a pipe hands them over in pieces.
  while (have < std::min<size_t>(head.size(), 3 * 192) && !signals.stop_requested()) {
    if (have >= 4 && std::memcmp(head.data(), "CBXF", 4) == 0) break;
    if (wait_for_input(fd, signals, kTick) != Wait::readable) continue;
    const ssize_t n = ::read(fd, head.data() + have, head.size() - have);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return fail(os_error(errno, "cannot read the input", ErrorCode::no_input));
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  return have;
}

Status run_frames(const LiveInput& in, segment::Session& session) {
  frames::Parser parser;
  const auto take = [&](size_t n) -> Status {
    parser.received(n);
    while (true) {
      CBX_ASSIGN(const auto frame, parser.next());
      if (!frame) return {};
      session.on_frame(*frame);
    }
  };
  const std::span<uint8_t> room = parser.room();
  std::copy(in.head.begin(), in.head.end(), room.begin());
  Status status = take(in.head.size());
  if (status)
    status = pump(
        in, session, [&] { return parser.room(); }, take);
  session.end(in.signals.stop_requested() ? "shutdown" : "close");
  return status;
}

Status run_ts(const LiveInput& in, segment::Session& session) {
  Bytes buffer(64 << 10);
  session.push_single(in.head, in.clock.wall());
  Status status = pump(
      in, session, [&] { return std::span<uint8_t>(buffer); },
      [&](size_t n) -> Status {
        session.push_single(ByteSpan(buffer.data(), n), in.clock.wall());
        if (session.single_unsupported()) return fail(ErrorCode::data, "this input cannot be recorded");
        return {};
      });
  session.end(in.signals.stop_requested() ? "shutdown" : "close");
  return status;
}

}  // namespace cbx::tool

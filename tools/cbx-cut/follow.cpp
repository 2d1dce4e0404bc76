// `A.. -o -`: what was recorded since A and what is being recorded, as fragmented MP4, until the camera stops.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <optional>

#include "cli/output.h"
#include "cut.h"
#include "cut/follow.h"

namespace cbx::cut_tool {
namespace {

constexpr int kPollMs = 200;
// Longer than a reconnect, and than the hole that a recorder closes by itself.
constexpr std::chrono::seconds kSilence{15};
// That a pipe takes without blocking when poll(2) says that it takes something (pipe(7)).
constexpr size_t kPiece = PIPE_BUF;
// After a signal, for a reader to take the rest of a fragment.
constexpr std::chrono::seconds kLastWords{5};

// A whole fragment to standard output, without being deaf to signals while nobody reads.
class Sink {
 public:
  explicit Sink(SignalFd& signals) : signals_(signals) {}
  Status write(ByteSpan fragment) {
    signals_.drain();
    if (signals_.stop_requested()) return fail(ErrorCode::try_again, "stopped");
    while (!fragment.empty()) {
      CBX_TRY(wait());
      const ByteSpan piece = fragment.first(std::min(kPiece, fragment.size()));
      CBX_TRY(write_all(STDOUT_FILENO, piece, "standard output"));
      fragment = fragment.subspan(piece.size());
    }
    return {};
  }

 private:
  // Until standard output takes something.
  Status wait() {
    for (;;) {
      pollfd fds[] = {{STDOUT_FILENO, POLLOUT, 0}, {signals_.fd(), POLLIN, 0}};
      (void)::poll(fds, 2, kPollMs);
      if (fds[1].revents) signals_.drain();
      if (fds[0].revents) return {};
      if (!signals_.stop_requested()) continue;
      const Monotonic now = SystemClock{}.monotonic();
      if (!stopped_) stopped_ = now;
      if (now - *stopped_ > kLastWords) return fail(ErrorCode::io, "stopped, and nobody takes the rest of a fragment");
    }
  }

  SignalFd& signals_;
  std::optional<Monotonic> stopped_;
};

}  // namespace

Result<int> follow(const cli::Tool& tool, SignalFd& signals, Job& job) {
  const SystemClock clock;
  CBX_ASSIGN(auto follower, cut::Follower::create(job.index, job.device, job.range.from));
  Sink sink(signals);
  Monotonic last = clock.monotonic();
  for (;;) {
    auto stepped = follower.step([&](ByteSpan fragment) { return sink.write(fragment); });
    signals.drain();
    if (signals.stop_requested() && (stepped || stepped.error().code() == ErrorCode::try_again)) return 0;
    CBX_ASSIGN(const auto step, std::move(stepped));
    if (step.changed) {
      tool.log().error("the recording changes {} at {}: that can't go on in one stream", *step.changed,
                       cli::human_time(step.at, job.store.utc_offset()));
      return 1;
    }
    if (step.any) {
      last = clock.monotonic();
      continue;
    }
    if (clock.monotonic() - last > kSilence) {
      if (!follower.started()) return fail(ErrorCode::no_input, fmt::format("'{}' is not being recorded", job.device));
      tool.log().info("nothing has come for {} s", kSilence.count());
      return 0;
    }
    pollfd wait{signals.fd(), POLLIN, 0};
    (void)::poll(&wait, 1, kPollMs);
  }
}

}  // namespace cbx::cut_tool

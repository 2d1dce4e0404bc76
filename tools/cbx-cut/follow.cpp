// `A.. -o -`: what was recorded since A and what is being recorded, as fragmented MP4, until the camera stops.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "cli/output.h"
#include "cut.h"
#include "cut/follow.h"

namespace cbx::cut_tool {
namespace {

constexpr int kPollMs = 200;
// Longer than a reconnect, and than the hole that a recorder closes by itself.
constexpr std::chrono::seconds kSilence{15};

}  // namespace

Result<int> follow(const cli::Tool& tool, SignalFd& signals, Job& job) {
  const SystemClock clock;
  CBX_ASSIGN(auto follower, cut::Follower::create(job.index, job.device, job.range.from));
  Monotonic last = clock.monotonic();
  for (;;) {
    CBX_ASSIGN(const auto step,
               follower.step([](ByteSpan data) { return write_all(STDOUT_FILENO, data, "standard output"); }));
    signals.drain();
    if (signals.stop_requested()) return 0;
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

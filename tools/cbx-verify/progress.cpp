#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/output.h"

namespace cbx::verify_tool {
namespace {

constexpr std::chrono::milliseconds kInterval{200};
constexpr size_t kWidth = 30;

}  // namespace

ProgressBar::ProgressBar(const Clock& clock, bool color)
    : clock_(clock), on_(::isatty(STDERR_FILENO) == 1), color_(color), last_(clock.monotonic()) {}

void ProgressBar::draw(const verify::Progress& now) {
  if (!on_ || clock_.monotonic() - last_ < kInterval) return;
  last_ = clock_.monotonic();
  const size_t full = now.of_days ? now.days * kWidth / now.of_days : 0;
  std::string bar(full, '#');
  bar.resize(kWidth, '.');
  const std::string read = now.hashed_bytes > 0 ? ", " + cli::human_bytes(now.hashed_bytes) + " read" : "";
  (void)write_all(STDERR_FILENO,
                  as_bytes(fmt::format("\r{}{}{} {}/{} days{}\x1b[K", color_ ? "\x1b[36m" : "", bar,
                                       color_ ? "\x1b[0m" : "", now.days, now.of_days, read)),
                  "the terminal");
  drawn_ = true;
}

void ProgressBar::clear() {
  if (drawn_) (void)write_all(STDERR_FILENO, as_bytes("\r\x1b[K"), "the terminal");
  drawn_ = false;
}

}  // namespace cbx::verify_tool

#include "progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/file.h"
#include "cli/output.h"

namespace cbx::cut_tool {
namespace {

constexpr std::chrono::milliseconds kInterval{200};
constexpr size_t kWidth = 30;

}  // namespace

ProgressBar::ProgressBar() : on_(::isatty(STDERR_FILENO) == 1), begin_(SystemClock{}.monotonic()) {}

void ProgressBar::draw(uint64_t done, uint64_t whole) {
  if (!on_ || whole == 0) return;
  const Monotonic now = SystemClock{}.monotonic();
  if (now - last_ < kInterval) return;
  last_ = now;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(whole));
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const auto full = static_cast<size_t>(share * static_cast<double>(kWidth));
  const std::string line = fmt::format(
      "\r[{}{}] {:3.0f}%  {} of {}  {:.0f} MB/s\x1b[K", std::string(full, '#'), std::string(kWidth - full, ' '),
      share * 100, cli::human_bytes(static_cast<int64_t>(done)), cli::human_bytes(static_cast<int64_t>(whole)),
      seconds > 0 ? static_cast<double>(done) / seconds / 1e6 : 0.0);
  (void)write_all(STDERR_FILENO, as_bytes(line), "the terminal");
  drawn_ = true;
}

void ProgressBar::clear() {
  if (!drawn_) return;
  (void)write_all(STDERR_FILENO, as_bytes("\r\x1b[K"), "the terminal");
  drawn_ = false;
}

}  // namespace cbx::cut_tool

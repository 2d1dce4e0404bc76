#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"

namespace cbx::tool {
namespace {

constexpr std::chrono::seconds kInterval{1};

size_t terminal_rows() {
  winsize w{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 1 ? w.ws_row - 1u : 23u;
}

const char* state_color(std::string_view state) {
  if (state == "recording") return "\x1b[32m";
  if (state == "stalled" || state.starts_with("waiting")) return "\x1b[33m";
  return "\x1b[31m";
}

}  // namespace

Progress::Progress(const Clock& clock, bool wanted, bool color)
    : clock_(clock), on_(wanted && ::isatty(STDERR_FILENO) == 1), color_(color) {}

Progress::~Progress() {
  clear();
}

void Progress::clear() {
  if (!on_ || drawn_ == 0) return;
  (void)write_all(STDERR_FILENO, as_bytes("\x1b[J"), "the terminal");
  drawn_ = 0;
}

void Progress::draw(const segment::Session& session) {
  if (!on_) return;
  const Monotonic now = clock_.monotonic();
  if (now - last_ < kInterval) return;
  const double seconds = last_ == Monotonic{} ? 0 : std::chrono::duration<double>(now - last_).count();
  last_ = now;
  const auto streams = session.status();
  const size_t rows = terminal_rows();
  // The cursor rests on an empty line above the block: what else is written to the terminal goes there and stays.
  std::string text = "\x1b[J\n";
  std::map<std::string, uint64_t> bytes;
  drawn_ = 0;
  for (const auto& s : streams) {
    bytes[s.device] += s.bytes;
    if (drawn_ + 2 >= rows) continue;  // the last row says how many more there are
    const auto before = bytes_.find(s.device);
    const double rate = before != bytes_.end() && seconds > 0 && s.bytes >= before->second
                            ? static_cast<double>(s.bytes - before->second) * 8 / seconds / 1e6
                            : 0;
    text += fmt::format("{:<24} {:>7.2f} Mbit/s  {}{}{}{}\x1b[K\n", s.device, rate, color_ ? state_color(s.state) : "",
                        s.state, color_ ? "\x1b[0m" : "",
                        s.lost ? fmt::format("  {} packets lost", s.lost) : std::string());
    drawn_++;
  }
  if (drawn_ < streams.size()) {
    text += fmt::format("… and {} more\n", streams.size() - drawn_);
    drawn_++;
  }
  bytes_ = std::move(bytes);
  text += fmt::format("\x1b[{}A", ++drawn_);
  (void)write_all(STDERR_FILENO, as_bytes(text), "the terminal");
}

}  // namespace cbx::tool

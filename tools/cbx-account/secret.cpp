#include "secret.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/file.h"
#include "base/log.h"

namespace cbx::account {
namespace {

constexpr size_t kMostBytes = 4096;

// A terminal whose echo is off as long as this lives.  Signals are held back until it is on again; those that end the
// process end the question first.
class SilentTerminal {
 public:
  static Result<SilentTerminal> open() {
    UniqueFd fd{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    termios before{};
    if (!fd || ::tcgetattr(fd.get(), &before) != 0)
      return fail(ErrorCode::usage, "there is no terminal to ask at: give --password-file FILE (- is standard input)");
    return SilentTerminal(std::move(fd), before);
  }
  SilentTerminal(SilentTerminal&&) noexcept = default;
  SilentTerminal& operator=(SilentTerminal&&) = delete;
  ~SilentTerminal() {
    if (!fd_) return;
    ::tcsetattr(fd_.get(), TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &mask_, nullptr);  // what came meanwhile takes effect here
  }

  // A line without its end.
  Result<std::string> ask(std::string_view prompt) {
    CBX_TRY(write_all(fd_.get(), as_bytes(prompt), "cannot write to the terminal"));
    std::string line;
    while (line.size() < kMostBytes) {
      pollfd watched[2] = {{fd_.get(), POLLIN, 0}, {ending_.get(), POLLIN, 0}};
      if (::poll(watched, 2, -1) < 0 && errno != EINTR) return fail(os_error(errno, "cannot wait for the terminal"));
      if (watched[1].revents != 0) return fail(ErrorCode::data, "no password was given");
      if (watched[0].revents == 0) continue;
      std::array<char, 256> piece;
      const ssize_t n = ::read(fd_.get(), piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return fail(ErrorCode::data, "no password was given");
      line.append(piece.data(), static_cast<size_t>(n));
      if (line.back() != '\n') continue;
      line.pop_back();
      CBX_TRY(write_all(fd_.get(), as_bytes("\n"), "cannot write to the terminal"));
      return line;
    }
    return fail(ErrorCode::data, "the password is too long");
  }

 private:
  SilentTerminal(UniqueFd fd, const termios& before) : fd_(std::move(fd)), before_(before) {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&ending, signal);
    sigset_t held = ending;
    ::sigaddset(&held, SIGTSTP);
    ::sigprocmask(SIG_BLOCK, &held, &mask_);
    ending_.reset(::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK));
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    ::tcsetattr(fd_.get(), TCSAFLUSH, &silent);
  }

  UniqueFd fd_, ending_;
  termios before_;
  sigset_t mask_{};
};

}  // namespace

Result<std::string> read_secret(const std::string& file) {
  // Read to the end rather than by size: a pipe, as of <(pass show cam01), has none.
  UniqueFd opened;
  if (file != "-") {
    opened.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) return fail(os_error(errno, fmt::format("cannot open '{}'", printable(file))));
  }
  const int fd = file == "-" ? STDIN_FILENO : opened.get();
  std::string secret;
  std::array<char, 1024> piece;
  while (secret.size() <= kMostBytes) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, fmt::format("cannot read '{}'", printable(file))));
    if (n == 0) break;
    secret.append(piece.data(), static_cast<size_t>(n));
  }
  if (secret.size() > kMostBytes)
    return fail(ErrorCode::data, fmt::format("'{}' is longer than a password or key", printable(file)));
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  return secret;
}

Result<std::string> ask_new_password(const std::string& name) {
  CBX_ASSIGN(auto terminal, SilentTerminal::open());
  CBX_ASSIGN(std::string password, terminal.ask(fmt::format("password for '{}': ", name)));
  CBX_ASSIGN(const std::string again, terminal.ask("the same again: "));
  if (password != again) return fail(ErrorCode::data, "the two passwords differ");
  return password;
}

Status must_have_terminal(const std::string& instead) {
  const UniqueFd fd{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
  if (!fd) return fail(ErrorCode::usage, "there is no terminal to ask at: " + instead);
  return {};
}

Result<std::string> ask_line(const std::string& prompt) {
  const UniqueFd fd{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
  if (!fd) return fail(os_error(errno, "cannot ask at the terminal"));
  CBX_TRY(write_all(fd.get(), as_bytes(prompt), "cannot write to the terminal"));
  std::string line;
  while (line.size() < kMostBytes) {
    std::array<char, 256> piece;
    const ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    line.append(piece.data(), static_cast<size_t>(n));
    if (line.back() != '\n') continue;
    line.pop_back();
    return line;
  }
  return fail(ErrorCode::data, "nothing was typed");
}

}  // namespace cbx::account

#include "web/picture_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

namespace cbx::web {
namespace {

constexpr size_t kLargest = size_t{8} << 20;
using SteadyClock = std::chrono::steady_clock;

// What the child begins with: the file, the pipe, silence, and the signals of a process that nobody prepared.
class Setting {
 public:
  Setting(int input, int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes_);
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) sigaddset(&usual, signal);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Setting() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

  Result<pid_t> spawn(const std::string& tool, const std::vector<std::string>& arguments) const {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    // Nothing of ours is the child's business.
    std::array<char*, 1> environment{nullptr};
    pid_t pid = 0;
    const int error = posix_spawn(&pid, tool.c_str(), &actions_, &attributes_, argv.data(), environment.data());
    if (error != 0) return fail(ErrorCode::unavailable, fmt::format("cannot run '{}'", tool), error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Everything up to the end of the pipe.
Result<std::string> read_all(int fd, SteadyClock::time_point until) {
  std::string out;
  std::array<char, 65536> buffer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now());
    pollfd waiting{fd, POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(ErrorCode::try_again, "making the picture takes too long");
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, "cannot read the picture"));
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<size_t>(n));
    if (out.size() > kLargest) return fail(ErrorCode::data, "a picture that is too large");
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Status judge(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (!WIFEXITED(status))
    return fail(ErrorCode::data, fmt::format("cbx-picture was ended by signal {}", WTERMSIG(status)));
  switch (WEXITSTATUS(status)) {
    case static_cast<int>(ErrorCode::no_input):
      return fail(ErrorCode::no_input, "there is no picture in it");
    case static_cast<int>(ErrorCode::data):
      return fail(ErrorCode::data, "its picture cannot be decoded");
    case 127:
      return fail(ErrorCode::unavailable, "cannot run cbx-picture");
    default:
      return fail(ErrorCode::unavailable, fmt::format("cbx-picture ended with status {}", WEXITSTATUS(status)));
  }
}

}  // namespace

Result<std::string> run_picture_tool(const std::string& tool, const UniqueFd& file, WallMs time, int width,
                                     std::chrono::milliseconds patience) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(os_error(errno, "cannot make a pipe"));
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  CBX_ASSIGN(const pid_t pid, Setting(file.get(), to.get())
                                  .spawn(tool, {"cbx-picture", "-q", "--file", "-", "--width", fmt::format("{}", width),
                                                "-o", "-", format_rfc3339(time)}));
  to.reset();
  auto jpeg = read_all(from.get(), SteadyClock::now() + patience);
  if (!jpeg) ::kill(pid, SIGKILL);
  const int status = wait_for(pid);
  if (!jpeg) return jpeg;
  CBX_TRY(judge(status));
  return jpeg;
}

}  // namespace cbx::web

#include "http/access_log.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/utf8.h"

namespace cbx::http {
namespace {

constexpr size_t kMostWaiting = 20000;  // lines, some 6 MB
constexpr std::chrono::milliseconds kGather{100};
constexpr std::chrono::seconds kAtTheEnd{1};

Result<int> open_log(const std::string& path) {
  if (path == "-") return STDOUT_FILENO;
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    Error error =
        os_error(errno, fmt::format("cannot open the access log '{}'", printable(path)), ErrorCode::cannot_create);
    return fail(std::move(error));
  }
  return fd;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const size_t length = c < 0x80 ? 1 : utf8_sequence_length(text.substr(at));
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += {kHex[c >> 4], kHex[c & 15]};
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(at, length);
    }
    at += std::max<size_t>(length, 1);
  }
  out += '"';
}

// Outlives the AccessLog when the writer hangs in a write(2) that never returns.
struct AccessLog::Shared {
  explicit Shared(std::string p, const Logger& l) : path(std::move(p)), log(&l) {}

  const std::string path;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> waiting;
  uint64_t dropped = 0;
  bool end = false;
  bool ended = false;
  const Logger* log;  // null once the AccessLog is gone

  std::mutex fd_mutex;  // held while writing
  int fd = -1;
  int next_fd = -1;  // from reopen(); taken by the writer
  bool failing = false;

  ~Shared() {
    if (fd > STDERR_FILENO) close(fd);
    if (next_fd > STDERR_FILENO) close(next_fd);
  }
  void run();
  void take_new_file();
  void write_line(std::string_view line);
  void warn(const std::string& message) {
    const std::lock_guard lock(mutex);
    if (log != nullptr) log->warn("{}", message);
  }
};

void AccessLog::Shared::run() {
  // A pipe whose reader has gone is an error of write(2), not the end of the process.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  std::vector<std::string> lines;
  for (bool last = false; !last;) {
    uint64_t lost = 0;
    {
      std::unique_lock lock(mutex);
      // Nobody wakes this thread for a line: that would cost each request a system call.
      changed.wait_for(lock, kGather, [this] { return end; });
      last = end;
      lines.swap(waiting);
      std::swap(lost, dropped);
    }
    take_new_file();
    for (const std::string& line : lines) write_line(line);
    if (lost > 0) warn(fmt::format("the access log was too slow: {} lines are missing", lost));
    lines.clear();
  }
  const std::lock_guard lock(mutex);
  ended = true;
  changed.notify_all();
}

void AccessLog::Shared::take_new_file() {
  const std::lock_guard lock(fd_mutex);
  if (next_fd < 0) return;
  if (fd > STDERR_FILENO) close(fd);
  fd = std::exchange(next_fd, -1);
}

void AccessLog::Shared::write_line(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(fd, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      if (!std::exchange(failing, true))
        warn(os_error(error, fmt::format("cannot write to the access log '{}'", printable(path))).message());
      return;
    }
    // Less than all is written by a disk that is full, and by pipes.
    line.remove_prefix(static_cast<size_t>(n));
  }
  failing = false;
}

AccessLog::AccessLog(std::string path, int fd, const Logger& log)
    : shared_(std::make_shared<Shared>(std::move(path), log)) {
  shared_->fd = fd;
  thread_ = std::thread([shared = shared_] { shared->run(); });
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(std::string path, const Logger& log) {
  CBX_ASSIGN(const int fd, open_log(path));
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(path), fd, log));
}

AccessLog::~AccessLog() {
  std::unique_lock lock(shared_->mutex);
  shared_->end = true;
  shared_->changed.notify_all();
  const bool ended = shared_->changed.wait_for(lock, kAtTheEnd, [this] { return shared_->ended; });
  shared_->log = nullptr;
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void AccessLog::add(std::string line) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->waiting.size() >= kMostWaiting) {
    shared_->dropped++;
  } else {
    shared_->waiting.push_back(std::move(line));
  }
}

Status AccessLog::reopen() {
  if (shared_->path == "-") return {};
  CBX_ASSIGN(const int fd, open_log(shared_->path));
  const std::lock_guard lock(shared_->fd_mutex);
  if (shared_->next_fd >= 0) close(shared_->next_fd);
  shared_->next_fd = fd;
  return {};
}

}  // namespace cbx::http

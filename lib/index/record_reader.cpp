#include "index/record_reader.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace cbx::index {
namespace {

constexpr size_t kMostQueued = 20000;
constexpr size_t kMostLine = 1 << 20;

}  // namespace

Result<std::unique_ptr<RecordReader>> RecordReader::start(int fd, const Logger& log) {
  UniqueFd ready{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, stop{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!ready || !stop) return fail(os_error(errno, "cannot create an eventfd"));
  std::unique_ptr<RecordReader> reader(new RecordReader(fd, log, std::move(ready), std::move(stop)));
  reader->thread_ = std::thread([r = reader.get()] { r->run(); });
  return reader;
}

RecordReader::~RecordReader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  room_.notify_all();
  const uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
}

void RecordReader::wake() const {
  const uint64_t one = 1;
  (void)!::write(ready_.get(), &one, sizeof one);
}

std::vector<Record> RecordReader::take(size_t most) {
  std::vector<Record> out;
  const std::lock_guard lock(mutex_);
  while (!queue_.empty() && out.size() < most) {
    out.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (queue_.empty() && !ended_) {
    uint64_t count = 0;
    (void)!::read(ready_.get(), &count, sizeof count);
  }
  room_.notify_one();
  return out;
}

bool RecordReader::has_waiting() const {
  const std::lock_guard lock(mutex_);
  return !queue_.empty();
}

bool RecordReader::finished() const {
  const std::lock_guard lock(mutex_);
  return ended_ && queue_.empty();
}

Status RecordReader::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool RecordReader::push(Record record) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return queue_.size() < kMostQueued || stopping_; });
  if (stopping_) return false;
  queue_.push_back(std::move(record));
  if (queue_.size() == 1) wake();
  return true;
}

void RecordReader::line(std::string_view text) {
  line_number_++;
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  auto record = text.size() > kMostLine ? fail(ErrorCode::data, "line of over 1 MiB") : parse_record(text);
  if (!record) {
    bad_lines_++;
    log_.error("line {}: {}", line_number_, record.error().message());
  } else if (*record) {
    (void)push(std::move(**record));
  }
}

void RecordReader::run() {
  std::string pending;
  std::array<char, 64 << 10> block;
  Status status;
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{fd_, POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
    if (fds[1].revents) break;
    if (!fds[0].revents) continue;
    const ssize_t n = ::read(fd_, block.data(), block.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) status = fail(os_error(errno, "cannot read standard input"));
    if (n <= 0) break;
    pending.append(block.data(), static_cast<size_t>(n));
    size_t begin = 0;
    for (size_t nl; (nl = pending.find('\n', begin)) != std::string::npos; begin = nl + 1)
      line(std::string_view(pending).substr(begin, nl - begin));
    pending.erase(0, begin);
    // Of a line without end only the fact is kept: one byte more than is allowed.
    if (pending.size() > kMostLine) pending.resize(kMostLine + 1);
  }
  if (!pending.empty()) line(pending);
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    status_ = std::move(status);
  }
  wake();
}

}  // namespace cbx::index

#include "cut/media_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace cbx::cut {
namespace {

tl::unexpected<Error> read_only(const std::string& path) {
  return fail(ErrorCode::internal, "'" + path + "' is open for reading only");
}

class ReadOnlyFile final : public File {
 public:
  ReadOnlyFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) override {
    return read_fd(fd_.get(), offset, data, path_);
  }
  Result<uint64_t> size() override {
    struct stat st {};
    if (::fstat(fd_.get(), &st) != 0) return fail(os_error(errno, fmt::format("cannot stat '{}'", path_)));
    return static_cast<uint64_t>(st.st_size);
  }
  Status write_at(uint64_t, ByteSpan) override { return read_only(path_); }
  Status write_at(uint64_t, std::span<const iovec>) override { return read_only(path_); }
  Status append(ByteSpan) override { return read_only(path_); }
  Status truncate(uint64_t) override { return read_only(path_); }
  Status allocate(uint64_t, uint64_t) override { return read_only(path_); }
  Status sync_data() override { return read_only(path_); }
  void start_writeback(uint64_t, uint64_t) override {}
  Result<bool> try_lock() override { return read_only(path_); }
  Status lock() override { return read_only(path_); }
  void unlock() override {}
  Status close() override {
    fd_.reset();
    return {};
  }
  int fd() const override { return fd_.get(); }
  const std::string& path() const override { return path_; }

 private:
  UniqueFd fd_;
  std::string path_;
};

// Kernels before 5.6, and sandboxes that know no openat2: step by step, no step through a link.
int open_by_steps(int base, const std::string& relative, int flags) {
  UniqueFd at;
  for (size_t from = 0;;) {
    const size_t slash = relative.find('/', from);
    const std::string step = relative.substr(from, slash - from);
    if (step.empty() || step == "..") {
      errno = EXDEV;
      return -1;
    }
    const int folder = at ? at.get() : base;
    if (slash == std::string::npos) return ::openat(folder, step.c_str(), flags | O_NOFOLLOW);
    UniqueFd next{::openat(folder, step.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!next) return -1;
    at = std::move(next);
    from = slash + 1;
  }
}

int open_beneath(int base, const std::string& relative, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, base, relative.c_str(), &how, sizeof(how));
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) return open_by_steps(base, relative, flags);
  return static_cast<int>(fd);
}

}  // namespace

Result<size_t> read_fd(int fd, uint64_t offset, std::span<uint8_t> data, const std::string& name) {
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::pread(fd, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, fmt::format("cannot read '{}'", name)));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

std::unique_ptr<File> read_only_file(UniqueFd fd, std::string name) {
  return std::make_unique<ReadOnlyFile>(std::move(fd), std::move(name));
}

Result<std::shared_ptr<const MediaDir>> MediaDir::open(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return fail(os_error(errno, fmt::format("cannot open folder '{}'", path)));
  return std::shared_ptr<const MediaDir>(new MediaDir(std::move(fd), path));
}

Result<UniqueFd> MediaDir::open_fd(const std::string& relative) const {
  UniqueFd fd{open_beneath(fd_.get(), relative, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!fd) return fail(os_error(errno, fmt::format("cannot open '{}'", relative)));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail(os_error(errno, fmt::format("cannot stat '{}'", relative)));
  if (!S_ISREG(st.st_mode)) return fail(ErrorCode::data, fmt::format("'{}' is no regular file", relative));
  return fd;
}

Result<std::unique_ptr<File>> MediaDir::open_file(const std::string& relative) const {
  CBX_ASSIGN(UniqueFd fd, open_fd(relative));
  return read_only_file(std::move(fd), relative);
}

}  // namespace cbx::cut

#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "base/beneath.h"

namespace cbx {
namespace {

Error file_error(std::string_view action, std::string_view path, ErrorCode fallback = ErrorCode::io) {
  const int e = errno;
  return os_error(e, fmt::format("cannot {} '{}'", action, path), fallback);
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status write_at(uint64_t offset, ByteSpan data) override {
    while (!data.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(file_error("write", path_));
      data = data.subspan(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
    return {};
  }

  Status write_at(uint64_t offset, std::span<const iovec> parts) override {
    size_t total = 0;
    for (const iovec& p : parts) total += p.iov_len;
    ssize_t n = 0;
    do {
      n = ::pwritev(fd_.get(), parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(offset));
    } while (n < 0 && errno == EINTR);
    if (n < 0) return fail(file_error("write", path_));
    if (static_cast<size_t>(n) == total) return {};
    // A short write (a signal, or a disk that is about to be full): go on part by part, which tells the reason.
    size_t done = static_cast<size_t>(n);
    uint64_t at = offset + done;
    for (const iovec& p : parts) {
      const size_t skip = std::min(done, p.iov_len);
      done -= skip;
      CBX_TRY(write_at(at, ByteSpan{static_cast<const uint8_t*>(p.iov_base) + skip, p.iov_len - skip}));
      at += p.iov_len - skip;
    }
    return {};
  }

  Status append(ByteSpan data) override {
    ssize_t n = 0;
    do {
      n = ::write(fd_.get(), data.data(), data.size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) return fail(file_error("append to", path_));
    if (static_cast<size_t>(n) != data.size())
      return fail(ErrorCode::io, fmt::format("cannot append to '{}': short write", path_), ENOSPC);
    return {};
  }

  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) override {
    size_t done = 0;
    while (done < data.size()) {
      const ssize_t n = ::pread(fd_.get(), data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(file_error("read", path_));
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Result<uint64_t> size() override {
    struct stat st {};
    if (::fstat(fd_.get(), &st) != 0) return fail(file_error("stat", path_));
    return static_cast<uint64_t>(st.st_size);
  }

  Status truncate(uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return fail(file_error("truncate", path_));
    return {};
  }

  Status allocate(uint64_t offset, uint64_t length) override {
    // Not posix_fallocate: glibc's fallback writes one byte a block, ours writes plain zeros.
    if (::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) return {};
    if (errno != EOPNOTSUPP && errno != ENOSYS) return fail(file_error("allocate room in", path_));
    static constexpr std::array<uint8_t, 16384> kZeros{};
    while (length > 0) {
      const uint64_t n = std::min<uint64_t>(length, kZeros.size());
      CBX_TRY(write_at(offset, ByteSpan{kZeros.data(), static_cast<size_t>(n)}));
      offset += n;
      length -= n;
    }
    return {};
  }

  Status sync_data() override {
    if (::fdatasync(fd_.get()) != 0) return fail(file_error("sync", path_));
    return {};
  }

  void start_writeback(uint64_t offset, uint64_t length) override {
    (void)::sync_file_range(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(length), SYNC_FILE_RANGE_WRITE);
  }

  Result<bool> try_lock() override {
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return fail(file_error("lock", path_));
  }

  Status lock() override {
    while (::flock(fd_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) return fail(file_error("lock", path_));
    }
    return {};
  }

  void unlock() override { (void)::flock(fd_.get(), LOCK_UN); }

  Status close() override {
    const int fd = fd_.release();
    if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return fail(file_error("close", path_));
    return {};
  }

  int fd() const override { return fd_.get(); }
  const std::string& path() const override { return path_; }

 private:
  UniqueFd fd_;
  std::string path_;
};

// What root makes is given to the owner of the folder, or the recorder, who is not root, could not go on with it.  Only
// what is surely new is, and by its descriptor: whoever owns the folder can have put a link to anything there.
int create(const std::string& path, int flags, mode_t mode) {
  const bool as_root = ::geteuid() == 0;
  const int fd = ::open(path.c_str(), as_root ? flags | O_EXCL : flags, mode);
  if (fd < 0 || !as_root) return fd;
  const size_t slash = path.find_last_of('/');
  struct stat folder {};
  const std::string name = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::stat(name.c_str(), &folder) == 0 && folder.st_uid != 0) (void)!::fchown(fd, folder.st_uid, folder.st_gid);
  return fd;
}

// Whether it is there now; else errno says why not.
bool make_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) != 0) return errno == EEXIST;
  if (::geteuid() != 0) return true;
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat folder {};
  if (fd && ::fstatat(fd.get(), "..", &folder, 0) == 0 && folder.st_uid != 0)
    (void)!::fchown(fd.get(), folder.st_uid, folder.st_gid);
  return true;
}

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<std::unique_ptr<File>> PosixFilesystem::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::read:
      flags |= O_RDONLY;
      break;
    case OpenMode::read_write:
      flags |= O_RDWR;
      break;
    case OpenMode::create_new:
      flags |= O_RDWR | O_CREAT | O_EXCL;
      break;
    case OpenMode::append:
      flags |= O_RDWR | O_CREAT | O_APPEND;
      break;
    case OpenMode::read_regular:
      flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
      break;
    case OpenMode::read_write_regular:
      flags |= O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
      break;
  }
  const bool creates = mode == OpenMode::create_new || mode == OpenMode::append;
  UniqueFd fd{creates ? create(path, flags, 0640) : ::open(path.c_str(), flags)};
  if (!fd && errno == EEXIST && mode == OpenMode::append) fd.reset(::open(path.c_str(), flags & ~O_CREAT));
  if (!fd) {
    return fail(file_error(creates ? "create" : "open", path, creates ? ErrorCode::cannot_create : ErrorCode::io));
  }
  if (mode == OpenMode::read_regular || mode == OpenMode::read_write_regular) {
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return fail(file_error("stat", path));
    if (!S_ISREG(st.st_mode)) return fail(ErrorCode::data, fmt::format("'{}' is no regular file", path));
  }
  return std::unique_ptr<File>(new PosixFile(std::move(fd), path));
}

Status PosixFilesystem::make_dirs(const std::string& path) {
  if (make_dir(path)) return {};
  if (errno == ENOENT) {
    const size_t slash = path.find_last_of('/');
    if (slash != std::string::npos && slash > 0) {
      CBX_TRY(make_dirs(path.substr(0, slash)));
      if (make_dir(path)) return {};
    }
  }
  return fail(file_error("create folder", path, ErrorCode::cannot_create));
}

Status PosixFilesystem::rename_no_replace(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EINVAL || errno == ENOSYS) {
    // A file system without RENAME_NOREPLACE (NFS, some FUSE): link(2) refuses an existing name as well.
    if (::link(from.c_str(), to.c_str()) == 0) {
      if (::unlink(from.c_str()) == 0) return {};
      return fail(file_error("unlink", from));
    }
  }
  const int e = errno;
  return fail(os_error(e, fmt::format("cannot rename '{}' to '{}'", from, to)));
}

Status PosixFilesystem::unlink(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return fail(file_error("delete", path));
  return {};
}

Status Filesystem::unlink_in(const std::string& base, const std::string& folder, std::span<const std::string> names,
                             const std::function<void(size_t, const Error&)>& failed) {
  for (size_t i = 0; i < names.size(); i++) {
    const Status gone = unlink(base + "/" + folder + "/" + names[i]);
    if (!gone && gone.error().os_error() != ENOENT) failed(i, gone.error());
  }
  return {};
}

Status PosixFilesystem::unlink_in(const std::string& base, const std::string& folder,
                                  std::span<const std::string> names,
                                  const std::function<void(size_t, const Error&)>& failed) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  UniqueFd fd{::open(base.c_str(), kFlags)};
  for (size_t from = 0; fd && from < folder.size();) {
    const size_t to = std::min(folder.find('/', from), folder.size());
    fd.reset(::openat(fd.get(), folder.substr(from, to - from).c_str(), kFlags | O_NOFOLLOW));
    from = to + 1;
  }
  if (!fd && errno == ENOENT) return {};
  if (!fd) return fail(file_error("open folder", base + "/" + folder));
  for (size_t i = 0; i < names.size(); i++)
    if (::unlinkat(fd.get(), names[i].c_str(), 0) != 0 && errno != ENOENT)
      failed(i, file_error("delete", base + "/" + folder + "/" + names[i]));
  return {};
}

Status PosixFilesystem::remove_dir(const std::string& path) {
  if (::rmdir(path.c_str()) != 0) return fail(file_error("remove folder", path));
  return {};
}

Status PosixFilesystem::sync_dir(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd) return fail(file_error("open folder", path));
  // EINVAL: a file system without fsync for folders.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return fail(file_error("sync folder", path));
  return {};
}

Status PosixFilesystem::sync_all(const std::string& path) {
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return fail(file_error("open", path));
  if (::syncfs(fd.get()) != 0) return fail(file_error("sync the file system of", path));
  return {};
}

Result<std::unique_ptr<File>> open_beneath(const std::string& base, std::string_view relative) {
  CBX_ASSIGN(UniqueFd fd, descriptor_beneath(base, std::string(relative)));
  return std::make_unique<PosixFile>(std::move(fd), fmt::format("{}/{}", base, relative));
}

void guard_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free one is `fd`, since those below it are open by now.
    (void)::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

Status write_all(int fd, ByteSpan data, std::string_view what) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int e = errno;
      return fail(os_error(e, fmt::format("cannot write to {}", what)));
    }
    data = data.subspan(static_cast<size_t>(n));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, size_t at_most) {
  PosixFilesystem fs;
  CBX_ASSIGN(auto file, fs.open(path, OpenMode::read));
  CBX_ASSIGN(const uint64_t size, file->size());
  if (size > at_most) return fail(ErrorCode::data, fmt::format("'{}' is larger than {} bytes", path, at_most));
  std::string content(static_cast<size_t>(size), '\0');
  CBX_ASSIGN(const size_t n,
             file->read_at(0, std::span<uint8_t>(reinterpret_cast<uint8_t*>(content.data()), content.size())));
  content.resize(n);
  return content;
}

Status replace_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string tmp = fmt::format("{}.new.{}", path, ::getpid());
  ::unlink(tmp.c_str());
  UniqueFd fd{create(tmp, O_WRONLY | O_CREAT | O_CLOEXEC, mode)};
  if (!fd) return fail(file_error("create", tmp, ErrorCode::cannot_create));
  Status written = write_all(fd.get(), as_bytes(content), "'" + tmp + "'");
  if (written && ::fsync(fd.get()) != 0) written = fail(file_error("sync", tmp));
  if (written && ::rename(tmp.c_str(), path.c_str()) != 0) written = fail(file_error("replace", path));
  if (!written) {
    ::unlink(tmp.c_str());
    return written;
  }
  const size_t slash = path.find_last_of('/');
  return PosixFilesystem{}.sync_dir(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

}  // namespace cbx

// Files, folders and descriptors: move-only wrappers over the kernel's handles, and the Filesystem that everything
// which must survive a failing disk goes through, so that tests can make any call fail.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace cbx {

// Owns a file descriptor; the destructor's close() is a backstop whose error is lost.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// An open file.  Not thread-safe; two threads use two objects.  Errors carry errno and the file's name.
class File {
 public:
  virtual ~File() = default;
  // All or nothing from the caller's view: on failure some bytes may have been written past `offset`.
  virtual Status write_at(uint64_t offset, ByteSpan data) = 0;
  virtual Status write_at(uint64_t offset, std::span<const iovec> parts) = 0;
  // Appends in one write(2) (the file was opened for appending).
  virtual Status append(ByteSpan data) = 0;
  // Reads up to data.size() bytes; fewer only at the end of the file.
  virtual Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) = 0;
  virtual Result<uint64_t> size() = 0;
  virtual Status truncate(uint64_t size) = 0;
  // Allocates the range so that writing into it later needs no room; grows the file to cover it.  Where the file
  // system cannot allocate, zeros are written.
  virtual Status allocate(uint64_t offset, uint64_t length) = 0;
  virtual Status sync_data() = 0;
  // Starts write-back of the range without waiting for it; a hint.
  virtual void start_writeback(uint64_t offset, uint64_t length) = 0;
  // Exclusive flock(2); false if another holds it.
  virtual Result<bool> try_lock() = 0;
  virtual Status lock() = 0;
  virtual void unlock() = 0;
  virtual Status close() = 0;
  virtual int fd() const = 0;
  virtual const std::string& path() const = 0;
};

enum class OpenMode {
  read,
  read_write,
  create_new,  // O_RDWR | O_CREAT | O_EXCL
  append,      // O_RDWR | O_CREAT | O_APPEND
  // What lies there must be a regular file: a symbolic link is not followed, a fifo not waited for (error `data`).
  read_regular,
  read_write_regular,
};

// The calls that change the disk.  Thread-safe.
class Filesystem {
 public:
  virtual ~Filesystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Makes the folder and its parents; an existing one is no error.
  virtual Status make_dirs(const std::string& path) = 0;
  // Fails with os_error EEXIST when `to` exists.
  virtual Status rename_no_replace(const std::string& from, const std::string& to) = 0;
  virtual Status unlink(const std::string& path) = 0;
  // Unlinks `names` in the folder `base`/`folder`, and calls `failed` with the place in `names` and the error of each
  // that it could not; one that is not there is no failure.  No part of `folder` may be a symbolic link; `base` may.
  // An error is one of the folder: none of `names` was tried.
  virtual Status unlink_in(const std::string& base, const std::string& folder, std::span<const std::string> names,
                           const std::function<void(size_t, const Error&)>& failed);
  virtual Status remove_dir(const std::string& path) = 0;
  virtual Status sync_dir(const std::string& path) = 0;
  // Flushes the whole file system that `path` lies on.
  virtual Status sync_all(const std::string& path) = 0;
};

class PosixFilesystem final : public Filesystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_dirs(const std::string& path) override;
  Status rename_no_replace(const std::string& from, const std::string& to) override;
  Status unlink(const std::string& path) override;
  Status unlink_in(const std::string& base, const std::string& folder, std::span<const std::string> names,
                   const std::function<void(size_t, const Error&)>& failed) override;
  Status remove_dir(const std::string& path) override;
  Status sync_dir(const std::string& path) override;
  Status sync_all(const std::string& path) override;
};

// A regular file at `base`/`relative`, for reading.  No part of `relative` may be a symbolic link or lead upwards;
// `base` may.  Errors: no_input when it is not there, data when it is no regular file.
Result<std::unique_ptr<File>> open_beneath(const std::string& base, std::string_view relative);

// Opens those of descriptors 0, 1 and 2 that are closed (`>&-`), in a way that reading from or writing to them fails.
// Call first of all in main: otherwise the next file to be opened would be the standard output.
void guard_standard_descriptors();

// Blocking writes of everything / reads to the end, restarted on EINTR.
Status write_all(int fd, ByteSpan data, std::string_view what);
Result<std::string> read_file(const std::string& path, size_t at_most);
// Writes `path` by way of a synced temporary file and rename; `mode` are its permission bits.
Status replace_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace cbx

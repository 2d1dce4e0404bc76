#include "output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace cbx::cut_tool {
namespace {

constexpr uint64_t kWriteBehind = 8 << 20;

tl::unexpected<Error> already_there(const std::string& path) {
  return fail(ErrorCode::cannot_create, fmt::format("'{}' exists (use --force to overwrite it)", path), EEXIST);
}

}  // namespace

std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

Result<OutputFile> OutputFile::create(const std::string& path, uint64_t bytes, bool replace) {
  if (!replace && exists(path)) return already_there(path);
  const std::string temporary = fmt::format("{}/.{}.{}.part", folder_of(path), base_name(path), ::getpid());
  UniqueFd fd{::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666)};
  if (!fd) return fail(os_error(errno, fmt::format("cannot create '{}'", path), ErrorCode::cannot_create));
  OutputFile file(path, temporary, std::move(fd), replace);
  // Room that is missing is told before anything is copied; where it can't be set aside, writing tells.
  if (bytes > 0 && ::fallocate(file.fd(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) != 0 &&
      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return fail(os_error(errno, fmt::format("no room for '{}' ({} bytes)", path, bytes), ErrorCode::cannot_create));
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::move(other.fd_)),
      replace_(other.replace_),
      written_(other.written_),
      started_(other.started_) {
  other.temporary_.clear();
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status OutputFile::write(ByteSpan data) {
  CBX_TRY(write_all(fd_.get(), data, fmt::format("'{}'", path_)));
  written_ += data.size();
  if (written_ - started_ < kWriteBehind) return {};
  // The disk works while more is read, so that little is left for commit() to wait for.
  (void)::sync_file_range(fd_.get(), static_cast<off_t>(started_), static_cast<off_t>(written_ - started_),
                          SYNC_FILE_RANGE_WRITE);
  started_ = written_;
  return {};
}

Status OutputFile::commit() {
  if (::fsync(fd_.get()) != 0) return fail(os_error(errno, fmt::format("cannot sync '{}'", path_)));
  if (replace_) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      return fail(os_error(errno, fmt::format("cannot replace '{}'", path_)));
  } else if (Status renamed = PosixFilesystem{}.rename_no_replace(temporary_, path_); !renamed) {
    if (renamed.error().os_error() == EEXIST) return already_there(path_);
    return renamed;
  }
  temporary_.clear();
  return PosixFilesystem{}.sync_dir(folder_of(path_));
}

}  // namespace cbx::cut_tool

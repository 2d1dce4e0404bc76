#include "base/beneath.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace cbx {
namespace {

// A fifo in the tree must not be waited for, a terminal not become ours.
constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

int open_by_kernel(int folder, const std::string& path) {
  open_how how{};
  how.flags = kOpenFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
}

// The same by hand: without "..", each step a folder and no link.
int open_step_by_step(int folder, const std::string& path) {
  UniqueFd at;
  for (size_t from = 0;;) {
    const size_t slash = path.find('/', from);
    const std::string step = path.substr(from, slash - from);
    if (step.empty() || step == "." || step == "..") {
      errno = EXDEV;  // as the kernel calls what leads out
      return -1;
    }
    const int here = at ? at.get() : folder;
    if (slash == std::string::npos) return ::openat(here, step.c_str(), kOpenFlags);
    const int next = ::openat(here, step.c_str(), kFolderFlags | O_NOFOLLOW);
    if (next < 0) return next;
    at.reset(next);
    from = slash + 1;
  }
}

Error open_error(int error, const std::string& path) {
  const std::string what = fmt::format("cannot open '{}'", path);
  // ENOTDIR: a link, or a file, where a folder should be.
  if (error == ELOOP || error == EXDEV || error == ENOTDIR)
    return {ErrorCode::data, what + ": a symbolic link is on the way, or it leads out", error};
  return os_error(error, what);
}

}  // namespace

Result<UniqueFd> descriptor_beneath(const std::string& folder, const std::string& path, BeneathBy by) {
  const UniqueFd base{::open(folder.c_str(), kFolderFlags)};
  if (!base) return fail(os_error(errno, fmt::format("cannot open folder '{}'", folder)));
  UniqueFd fd;
  if (by == BeneathBy::kernel) fd.reset(open_by_kernel(base.get(), path));
  // EPERM: what filters of containers say to system calls that are newer than they.
  if (!fd && (by == BeneathBy::steps || errno == ENOSYS || errno == EPERM))
    fd.reset(open_step_by_step(base.get(), path));
  if (!fd) return fail(open_error(errno, path));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail(os_error(errno, fmt::format("cannot examine '{}'", path)));
  if (!S_ISREG(st.st_mode)) return fail(ErrorCode::data, fmt::format("'{}' is no regular file", path));
  return fd;
}

}  // namespace cbx

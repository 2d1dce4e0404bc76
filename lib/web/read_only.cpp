#include "web/read_only.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace cbx::web {

Result<size_t> ReadOnly::read_at(uint64_t offset, std::span<uint8_t> data) {
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::pread(fd_, data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, fmt::format("cannot read '{}'", path_)));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

Result<uint64_t> ReadOnly::size() {
  struct stat st {};
  if (::fstat(fd_, &st) != 0) return fail(os_error(errno, fmt::format("cannot examine '{}'", path_)));
  return static_cast<uint64_t>(st.st_size);
}

}  // namespace cbx::web

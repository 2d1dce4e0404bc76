#include "verify/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/file.h"

namespace cbx::verify {

Result<std::map<std::string, Entry>> list_folder(const std::string& path, bool follow) {
  const auto error = [&] { return fail(os_error(errno, fmt::format("cannot list '{}'", path))); };
  UniqueFd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW))};
  if (!fd) return error();
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.get()), &::closedir);
  if (!dir) return error();
  const int at = fd.release();
  std::map<std::string, Entry> out;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (!entry && errno != 0) return error();
    if (!entry) return out;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat st {};
    if (::fstatat(at, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return fail(os_error(errno, fmt::format("cannot look at '{}/{}'", path, name)));
    }
    out.emplace(name, Entry{st.st_mode, static_cast<uint64_t>(st.st_size),
                            WallMs{Millis{int64_t{st.st_mtim.tv_sec} * 1000 + st.st_mtim.tv_nsec / 1'000'000}}});
  }
}

std::optional<TimeRange> day_of_name(const store::Store& store, const std::string& name) {
  const auto from = store.parse_day(name);
  if (!from) return std::nullopt;
  return TimeRange{*from, *from + std::chrono::hours{24}};
}

}  // namespace cbx::verify

#include "store/find.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <string>

#include "base/device_id.h"
#include "base/log.h"

namespace cbx::store {
namespace {

// A folder that is not there has no names.
Result<std::vector<std::string>> names_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* folder = ::opendir(path.c_str());
  if (!folder) {
    if (errno == ENOENT || errno == ENOTDIR) return names;
    return fail(os_error(errno, fmt::format("cannot read '{}'", path)));
  }
  while (const dirent* entry = ::readdir(folder)) names.emplace_back(entry->d_name);
  ::closedir(folder);
  return names;
}

}  // namespace

Result<std::vector<WallMs>> last_starts(const Store& store, std::string_view device, WallMs at, size_t most) {
  if (!is_device_id(device)) return fail(ErrorCode::data, fmt::format("'{}' is no id of a device", printable(device)));
  const std::string folder = store.media_path() + "/" + std::string(device);
  CBX_ASSIGN(std::vector<std::string> days, names_in(folder));
  std::erase_if(days, [&](const std::string& name) {
    const auto day = store.parse_day(name);
    return !day || *day > at;
  });
  std::ranges::sort(days, std::greater<>{});
  std::vector<WallMs> starts;
  for (const std::string& day : days) {
    if (starts.size() >= most) break;
    CBX_ASSIGN(const std::vector<std::string> names, names_in(folder + "/" + day));
    for (const std::string& name : names)
      if (const auto parsed = store.parse_path(fmt::format("{}/{}/{}", device, day, name));
          parsed && parsed->start <= at)
        starts.push_back(parsed->start);
  }
  std::ranges::sort(starts, std::greater<>{});
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  if (starts.size() > most) starts.resize(most);
  return starts;
}

}  // namespace cbx::store

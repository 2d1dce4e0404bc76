#include "store/derived.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace cbx::store {
namespace {

constexpr std::string_view kEnding = ".mp4";

std::string_view stem_of(std::string_view segment_name) {
  return segment_name.substr(0, segment_name.size() - std::min(segment_name.size(), kEnding.size()));
}

}  // namespace

std::string derived_path(const Store& store) {
  return store.root() + "/derived";
}

std::string picture_path(const Store& store, std::string_view device, WallMs start, WallMs shown, int width) {
  return fmt::format("{}/{}+{}-{}.jpg", store.day_folder(device, start), stem_of(store.segment_name(start)),
                     (shown - start).count(), width);
}

std::optional<std::string> recording_of(const Store& store, std::string_view picture) {
  const size_t slash = picture.rfind('/'), plus = picture.rfind('+');
  if (slash == std::string_view::npos || plus == std::string_view::npos || plus < slash) return std::nullopt;
  std::string path = std::string(picture.substr(0, plus)) + std::string(kEnding);
  const auto parsed = store.parse_path(path);
  if (!parsed || parsed->part || !picture.ends_with(".jpg")) return std::nullopt;
  return path;
}

Status remove_derived(Filesystem& fs, const Store& store, const std::string& day_folder,
                      std::span<const std::string> names) {
  const std::string path = derived_path(store) + "/" + day_folder;
  DIR* folder = ::opendir(path.c_str());
  if (!folder) return {};  // hardly any recording has something made of it
  std::set<std::string_view> stems;
  for (const std::string& name : names) stems.insert(stem_of(name));
  std::vector<std::string> made;
  bool others = false;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    // Temporary files have a dot before: ".17-01-00.033+4000-320.jpg.1234".
    const std::string_view bare = name.starts_with('.') ? name.substr(1) : name;
    if (stems.contains(bare.substr(0, bare.find('+'))))
      made.emplace_back(name);
    else
      others = true;
  }
  ::closedir(folder);
  Status result;
  const auto note = [&](size_t, const Error& error) {
    if (result) result = fail(error);
  };
  if (!made.empty()) CBX_TRY(fs.unlink_in(derived_path(store), day_folder, made, note));
  if (result && !others) (void)fs.remove_dir(path);  // something may have been made meanwhile
  return result;
}

}  // namespace cbx::store

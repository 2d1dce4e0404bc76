#include "index/journal_watch.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/device_id.h"

namespace cbx::index {
namespace {

constexpr uint32_t kFolder = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
constexpr std::string_view kJournal = "/records.jsonl";

std::vector<std::string> device_folders(const std::string& media) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(media.c_str()), &::closedir);
  if (!dir) return out;
  while (const dirent* entry = ::readdir(dir.get()))
    if (is_device_id(entry->d_name)) out.emplace_back(entry->d_name);
  return out;
}

}  // namespace

Result<JournalWatch> JournalWatch::create(const store::Store& store) {
  UniqueFd fd{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!fd) return fail(os_error(errno, "cannot watch the media folder"));
  return JournalWatch(std::move(fd), store);
}

bool JournalWatch::watch(const std::string& relative, uint32_t mask) {
  if (watches_.count(relative)) return true;
  const std::string path = store_.media_path() + (relative.empty() ? "" : "/" + relative);
  const int id = ::inotify_add_watch(fd_.get(), path.c_str(), mask);
  if (id < 0) return false;
  paths_[id] = relative;
  watches_[relative] = id;
  return true;
}

void JournalWatch::refresh(WallMs now) {
  watch("", kFolder);
  std::set<std::string> days{format_day(now, store_.utc_offset()),
                             format_day(now - std::chrono::hours{24}, store_.utc_offset())};
  // Days that have passed are not watched any longer: a fleet's month would be tens of thousands of watches.
  for (auto it = watches_.begin(); it != watches_.end();) {
    const size_t slash = it->first.find('/');
    const bool old = slash != std::string::npos && !days.count(it->first.substr(slash + 1, 10));
    if (old) {
      ::inotify_rm_watch(fd_.get(), it->second);
      paths_.erase(it->second);
    }
    it = old ? watches_.erase(it) : std::next(it);
  }
  for (const std::string& device : device_folders(store_.media_path())) {
    watch(device, kFolder);
    for (const std::string& day : days) {
      const std::string folder = device + "/" + day;
      if (watch(folder, kFolder)) watch(folder + std::string(kJournal), IN_MODIFY);
    }
  }
}

std::set<std::string> JournalWatch::take(bool& folders) {
  std::set<std::string> changed;
  alignas(inotify_event) char buffer[16 << 10];
  for (ssize_t n; (n = ::read(fd_.get(), buffer, sizeof buffer)) > 0;) {
    for (const char* at = buffer; at < buffer + n;) {
      inotify_event event;
      std::memcpy(&event, at, sizeof event);
      const char* name = event.len ? at + sizeof event : "";
      at += sizeof event + event.len;
      if (event.mask & IN_Q_OVERFLOW) folders = true;
      const auto found = paths_.find(event.wd);
      if (found == paths_.end()) continue;
      if (event.mask & IN_IGNORED) {
        watches_.erase(found->second);
        paths_.erase(found);
      } else if (event.mask & IN_MODIFY) {
        changed.insert(found->second);
      } else if ((event.mask & IN_ISDIR) || std::string_view(name) == kJournal.substr(1)) {
        folders = true;
      }
    }
  }
  return changed;
}

}  // namespace cbx::index

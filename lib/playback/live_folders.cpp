#include "playback/live_folders.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace cbx::playback {

FolderEvents::FolderEvents(bool wanted) : fd_(wanted ? ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1) {}

std::optional<int> FolderEvents::add(const std::string& folder, Listener& listener) {
  constexpr uint32_t kWhat = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;
  if (!fd_) return std::nullopt;
  const int id = ::inotify_add_watch(fd_.get(), folder.c_str(), kWhat);
  if (id < 0) return std::nullopt;
  listeners_[id] = &listener;
  return id;
}

void FolderEvents::remove(int folder) {
  if (listeners_.erase(folder) > 0) (void)::inotify_rm_watch(fd_.get(), folder);
}

void FolderEvents::read() {
  alignas(inotify_event) std::array<char, 32 << 10> buffer;
  while (fd_) {
    const ssize_t n = ::read(fd_.get(), buffer.data(), buffer.size());
    if (n <= 0) return;
    for (ssize_t at = 0; at < n;) {
      inotify_event raw;
      std::memcpy(&raw, buffer.data() + at, sizeof(raw));
      const char* name = buffer.data() + at + sizeof(raw);
      at += static_cast<ssize_t>(sizeof(raw) + raw.len);
      if (raw.mask & IN_Q_OVERFLOW) {
        for (const auto& [id, listener] : listeners_) listener->missed();
        continue;
      }
      const auto listener = listeners_.find(raw.wd);
      if (listener == listeners_.end()) continue;
      Event e;
      e.folder = raw.wd;
      if (raw.len > 0) e.name = name;
      e.written = raw.mask & IN_MODIFY;
      e.appeared = raw.mask & (IN_CREATE | IN_MOVED_TO);
      e.vanished = raw.mask & (IN_MOVED_FROM | IN_DELETE);
      e.folder_gone = raw.mask & IN_IGNORED;
      Listener& told = *listener->second;
      if (e.folder_gone) listeners_.erase(listener);
      told.happened(e);
    }
  }
}

}  // namespace cbx::playback

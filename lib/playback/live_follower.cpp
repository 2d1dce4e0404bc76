#include "playback/live_follower.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace cbx::playback {
namespace {

// A camera's day folder is that of the capture time, which may be a little off from ours.
constexpr std::chrono::seconds kDaySlack{60};
// In tenths of a second: how often is looked at what the kernel tells of, usually, and how often where it doesn't.
constexpr unsigned kLookUsually = 10, kListUsually = 50, kListBlind = 10;
constexpr int kUntoldMost = 2;
// Files that are tried for the one before, and that fill the window at the first look.
constexpr int kTries = 4, kFilesAtOnce = 16;
// No file is usually longer: where the one before lies.
constexpr std::chrono::minutes kFileMost{10};
// Of one device, waiting for their first picture.
constexpr size_t kComingMost = 16;

}  // namespace

LiveFollower::LiveFollower(const Shared& shared, std::string device)
    : shared_(shared), device_(std::move(device)), list_(device_, shared_.options.window) {}

LiveFollower::~LiveFollower() {
  for (const auto& [id, folder] : folders_) shared_.folders.remove(id);
}

Status LiveFollower::begin() {
  watch_folders();
  CBX_TRY(look_for_files());
  look_due_ = true;
  (void)look(false);
  return {};
}

// ---------------------------------------------------------------------------------------------------- what happened

void LiveFollower::happened(const FolderEvents::Event& event) {
  const auto folder = folders_.find(event.folder);
  if (folder == folders_.end()) return;
  if (event.folder_gone) {
    folders_.erase(folder);
    return;
  }
  const std::string relative = folder->second + "/" + std::string(event.name);
  const auto parsed = shared_.store.parse_path(relative);
  if (!parsed) return;
  const std::string path = shared_.store.media_path() + "/" + relative;
  if (parsed->part) {
    look_due_ = true;
    told_ |= event.written;
    if (!event.appeared) return;
    known_.erase(path);
    notice({path, parsed->start, true});
  } else if (event.appeared && !list_.has(parsed->start)) {
    if (const auto id = file_id(path); id && list_.renamed(*id, parsed->start)) show();
  } else if (event.vanished && list_.removed(parsed->start)) {
    show();
  }
}

void LiveFollower::missed() {
  list_due_ = look_due_ = true;
}

bool LiveFollower::look(bool time_passed) {
  if (time_passed) {
    ++ticks_;
    watch_folders();
    const bool blind = folders_.empty() || untold_ >= kUntoldMost;
    list_due_ |= ticks_ % (blind ? kListBlind : kListUsually) == 0;
    look_due_ |= blind || ticks_ % kLookUsually == 0;
  }
  if (list_due_) {
    if (Status listed = look_for_files(); !listed && !std::exchange(warned_, true))
      shared_.log.warn("cannot follow '{}': {}", device_, listed.error().message());
  }
  bool changed = false;
  if (look_due_) {
    look_due_ = false;
    changed |= look_at_newest();
    changed |= look_at_coming();
    told_ = false;
  }
  changed |= check_silence();
  if (changed) show();
  return std::exchange(told_view_, view_) != view_;
}

// ---------------------------------------------------------------------------------------------------- folders

void LiveFollower::watch_folders() {
  const WallMs now = floor_ms(shared_.clock.wall());
  std::set<std::string> wanted;
  for (const WallMs t : {now - kDaySlack, now, now + kDaySlack}) wanted.insert(shared_.store.day_folder(device_, t));
  if (LiveFile* newest = list_.newest()) wanted.insert(shared_.store.day_folder(device_, newest->piece().start));
  for (auto it = folders_.begin(); it != folders_.end();) {
    if (wanted.erase(it->second) > 0) {
      ++it;
      continue;
    }
    shared_.folders.remove(it->first);
    it = folders_.erase(it);
  }
  for (const std::string& folder : wanted) {
    const auto id = shared_.folders.add(shared_.store.media_path() + "/" + folder, *this);
    if (!id) continue;
    folders_[*id] = folder;
    list_due_ = true;
  }
}

Result<std::vector<LiveFollower::Found>> LiveFollower::list(const std::string& folder) const {
  std::vector<Found> found;
  const std::string path = shared_.store.media_path() + "/" + folder;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir && errno == ENOENT) return found;
  if (!dir) return fail(os_error(errno, "cannot list '" + path + "'"));
  while (const dirent* entry = ::readdir(dir.get())) {
    const auto parsed = shared_.store.parse_path(folder + "/" + entry->d_name);
    if (parsed) found.push_back({path + "/" + entry->d_name, parsed->start, parsed->part});
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.start < b.start; });
  return found;
}

Status LiveFollower::look_for_files() {
  list_due_ = false;
  const WallMs now = floor_ms(shared_.clock.wall());
  std::set<std::string> folders;
  for (const WallMs t : {now - kDaySlack, now, now + kDaySlack}) folders.insert(shared_.store.day_folder(device_, t));
  std::map<std::string, FileId> still_there;
  bool changed = false;
  for (const std::string& folder : folders) {
    CBX_ASSIGN(const auto files, list(folder));
    // The latest first: those that a crash left are no news.
    for (auto f = files.rbegin(); f != files.rend(); ++f) {
      if (f->part) {
        notice(*f);
        if (const auto known = known_.find(f->path); known != known_.end()) still_there.insert(*known);
      } else if (!list_.has(f->start) && list_.oldest() && f->start > list_.oldest()->piece().start) {
        // Perhaps one of the list under a name that is a little later.
        const auto id = file_id(f->path);
        changed |= id && list_.renamed(*id, f->start);
      }
    }
  }
  known_ = std::move(still_there);
  warned_ = false;
  if (changed) show();
  return {};
}

// A .part file: nothing is known of it yet, perhaps.
void LiveFollower::notice(const Found& found) {
  const auto id = file_id(found.path);
  if (!id) return;
  const auto known = known_.find(found.path);
  if ((known != known_.end() && known->second == *id) || is_followed(*id)) return;
  if (coming_.size() >= kComingMost) return;
  auto file = LiveFile::open(found.path, found.start);
  if (!file) return;
  known_[found.path] = (*file)->id();
  coming_.push_back(std::move(*file));
  look_due_ = true;
}

bool LiveFollower::is_followed(FileId id) {
  return list_.has(id) || std::any_of(coming_.begin(), coming_.end(), [&](const auto& f) { return f->id() == id; });
}

// ---------------------------------------------------------------------------------------------------- files

bool LiveFollower::look_at_newest() {
  LiveFile* newest = list_.newest();
  if (!newest || !newest->growing()) return false;
  const auto changed = newest->look(shared_.clock.monotonic());
  if (!changed) {
    shared_.log.warn("'{}' is not followed any more: {}", device_, changed.error().message());
    return newest->finish();
  }
  if (newest->unlinked()) return list_.removed(newest->piece().start);
  if (!*changed) return false;
  untold_ = told_ ? 0 : untold_ + 1;
  grew();
  return true;
}

// What begins behind the newest file takes its place with the first picture.  If there is none, the last one does.
bool LiveFollower::look_at_coming() {
  std::vector<std::unique_ptr<LiveFile>> ready, waiting;
  for (auto& file : coming_) {
    const auto changed = file->look(shared_.clock.monotonic());
    if (!changed) {
      shared_.log.warn("'{}' is not shown live: {}", device_, changed.error().message());
    } else if (!is_over(*file)) {
      (file->begun() ? ready : waiting).push_back(std::move(file));
    }
  }
  coming_ = std::move(waiting);
  std::stable_sort(ready.begin(), ready.end(),
                   [](const auto& a, const auto& b) { return a->piece().start < b->piece().start; });
  if (list_.empty() && ready.size() > 1) ready.erase(ready.begin(), ready.end() - 1);
  for (auto& file : ready) take_up(std::move(file));
  return !ready.empty();
}

// Whether nothing that is to be shown can be expected of it.
bool LiveFollower::is_over(LiveFile& file) {
  if (file.unlinked() || (file.located() && file.info().source != "live")) return true;
  return list_.empty() && !fresh(file);
}

bool LiveFollower::fresh(const LiveFile& file) const {
  const WallMs newest = std::max(file.until(), file.modified());
  return floor_ms(shared_.clock.wall()) - newest <= shared_.options.silence;
}

void LiveFollower::take_up(std::unique_ptr<LiveFile> file) {
  // What was added to the one before at the last moment.
  if (LiveFile* newest = list_.newest()) (void)newest->look(shared_.clock.monotonic());
  const bool first = list_.empty();
  list_.append(std::move(file), floor_ms(shared_.clock.wall()));
  if (first) fill_window();
  grew();
}

// The files before the first one, as long as it is one stream.
void LiveFollower::fill_window() {
  const WallMs start = list_.newest()->piece().start;
  std::set<std::string> folders;  // sorted as the days are
  for (const WallMs t : {start - shared_.options.window - kFileMost, start})
    folders.insert(shared_.store.day_folder(device_, t));
  std::vector<Found> files;
  for (const std::string& folder : folders) {
    if (auto found = list(folder)) files.insert(files.end(), found->begin(), found->end());
  }
  for (int i = 0; i < kFilesAtOnce && !list_.full(); ++i) {
    auto before = file_before(files, *list_.oldest());
    if (!before) return;
    list_.prepend(std::move(before));
  }
}

std::unique_ptr<LiveFile> LiveFollower::file_before(const std::vector<Found>& files, const LiveFile& next) {
  int tries = 0;
  for (auto f = files.rbegin(); f != files.rend() && tries < kTries; ++f) {
    if (f->start >= next.piece().start) continue;
    ++tries;
    auto file = LiveFile::open(f->path, f->start);
    // Renamed this very moment.
    if (!file && f->part)
      file = LiveFile::open(shared_.store.media_path() + "/" + shared_.store.segment_path(device_, f->start), f->start);
    if (!file || !(*file)->look(shared_.clock.monotonic())) continue;
    (void)(*file)->finish();
    list_.learn_from(**file);
    if ((*file)->begun() && LiveList::continues(**file, next)) return std::move(*file);
  }
  return nullptr;
}

// ---------------------------------------------------------------------------------------------------- views

void LiveFollower::grew() {
  grown_ = shared_.clock.monotonic();
  // Playlists that have ended stay so (RFC 8216bis, 6.2.1): whoever comes now sees another.
  if (std::exchange(ended_, false)) list_.begin_anew();
}

bool LiveFollower::check_silence() {
  if (list_.empty()) return false;
  const auto silent = shared_.clock.monotonic() - grown_;
  if (ended_ && silent >= shared_.options.silence + shared_.options.farewell) {
    list_.clear();
    ended_ = false;
    return true;
  }
  if (ended_ || silent < shared_.options.silence) return false;
  if (look_at_newest()) return true;
  return ended_ = true;
}

void LiveFollower::show() {
  view_.reset();
  if (list_.empty()) return;
  auto view = std::make_shared<LiveView>(list_.view(ended_));
  if (!view->groups.empty()) view_ = std::move(view);
}

}  // namespace cbx::playback

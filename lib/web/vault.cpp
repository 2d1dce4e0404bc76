#include "web/vault.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/device_id.h"
#include "state/state.h"
#include "web/media_file.h"
#include "web/recordings.h"

namespace cbx::web {
namespace {

// How long a request may wait for somebody who holds the index; readers of a WAL rarely wait at all.
constexpr Millis kBusy{2000};
// More than the threads of any server that makes sense.
constexpr size_t kMostIdle = 64;
// A new device is seen after so long by those who may see all.
constexpr auto kDevicesAge = std::chrono::seconds(1);

std::vector<std::string> media_folders(const std::string& path) {
  std::vector<std::string> out;
  DIR* folder = ::opendir(path.c_str());
  if (!folder) return out;
  while (const dirent* entry = ::readdir(folder))
    if (is_device_id(entry->d_name)) out.emplace_back(entry->d_name);
  ::closedir(folder);
  return out;
}

}  // namespace

// What all requests share.
struct Opened::Shared : std::enable_shared_from_this<Opened::Shared> {
  Shared(store::Store s, Access& a, playback::LiveHub& l, const Clock& c, const Logger& logger)
      : store(s), access(a), live(l), clock(c), log(logger), files(std::move(s), {}, c) {}

  Result<std::shared_ptr<index::Index>> lease();
  void give_back(std::unique_ptr<index::Index> index);
  Result<std::vector<std::string>> list_devices(index::Index* index) const;
  bool knows(std::string_view device);

  const store::Store store;
  Access& access;
  playback::LiveHub& live;
  const Clock& clock;
  const Logger& log;
  FileCache files;

  std::mutex idle_mutex;
  std::vector<std::unique_ptr<index::Index>> idle;
  std::mutex known_mutex;
  std::vector<std::string> known;
  Monotonic known_at{};
};

// An Index is for one thread at a time; who has given one back left its statements prepared for the next.
Result<std::shared_ptr<index::Index>> Opened::Shared::lease() {
  std::unique_ptr<index::Index> index;
  {
    const std::lock_guard lock(idle_mutex);
    if (!idle.empty()) {
      index = std::move(idle.back());
      idle.pop_back();
    }
  }
  // A rebuilt index is another file under the same name.
  if (index && !index->still_there()) index.reset();
  if (!index) {
    auto opened = index::Index::open(store, index::Access::read, kBusy);
    if (!opened && opened.error().code() == ErrorCode::no_input)
      return fail(ErrorCode::try_again, "there is no index of the recordings yet ('cbx-index add' makes it)");
    if (!opened) return fail(index_trouble(opened.error(), log));
    index = std::make_unique<index::Index>(std::move(*opened));
  }
  const auto back = [self = shared_from_this()](index::Index* p) { self->give_back(std::unique_ptr<index::Index>(p)); };
  return std::shared_ptr<index::Index>(index.release(), back);
}

void Opened::Shared::give_back(std::unique_ptr<index::Index> index) {
  const std::lock_guard lock(idle_mutex);
  if (idle.size() < kMostIdle) idle.push_back(std::move(index));
}

// `index` may be null.
Result<std::vector<std::string>> Opened::Shared::list_devices(index::Index* index) const {
  std::vector<std::string> all;
  if (auto state = state::State::open(store.state_path(), false)) {
    CBX_ASSIGN(const auto devices, state->devices());
    for (const state::Device& device : devices) all.push_back(device.id);
  } else if (state.error().code() != ErrorCode::no_input) {
    return fail(std::move(state).error());
  }
  if (index) {
    CBX_ASSIGN(auto more, index->devices());
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  } else {
    for (std::string& name : media_folders(store.media_path())) all.push_back(std::move(name));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// Whether there ever was such a device, for those who may see all that are.
bool Opened::Shared::knows(std::string_view device) {
  const std::lock_guard lock(known_mutex);
  const auto there = [&] { return std::binary_search(known.begin(), known.end(), device); };
  if (there()) return true;
  const Monotonic now = clock.monotonic();
  if (known_at != Monotonic{} && now - known_at < kDevicesAge) return false;
  if (auto listed = list_devices(nullptr)) known = std::move(*listed);
  if (auto index = lease()) {
    if (auto listed = list_devices(index->get())) known.insert(known.end(), listed->begin(), listed->end());
    std::sort(known.begin(), known.end());
  }
  known_at = now;
  return there();
}

Opened::Opened(std::shared_ptr<Shared> shared, std::string_view device, std::shared_ptr<index::Index> index)
    : shared_(std::move(shared)), device_(device), index_(std::move(index)) {}

Result<std::shared_ptr<const MediaFile>> Opened::file(WallMs start) const {
  return shared_->files.get(device_, start);
}

Result<std::shared_ptr<const MediaFile>> Opened::finished_file(WallMs start) const {
  CBX_ASSIGN(auto file, shared_->files.get_finished(device_, start));
  if (!file->finished) return fail(ErrorCode::no_input, "this recording is still being written");
  return file;
}

Result<std::shared_ptr<playback::LiveStream>> Opened::live() const {
  CBX_ASSIGN(auto stream, shared_->live.watch(device_));
  if (!stream) return fail(ErrorCode::no_input, fmt::format("'{}' is not sending now", device_));
  return stream;
}

Result<std::shared_ptr<Broadcast>> Opened::live_changed() const {
  return shared_->live.changed(device_);
}

Vault::Vault(store::Store store, Access& access, playback::LiveHub& live, const Clock& clock, const Logger& log)
    : shared_(std::make_shared<Opened::Shared>(std::move(store), access, live, clock, log)) {}

Vault::~Vault() = default;

Result<Opened> Vault::open(const Principal& principal, std::string_view device, Permission permission, Needs needs) {
  const auto stranger = [] { return fail(ErrorCode::no_input, "no such camera"); };
  if (!is_device_id(device)) return stranger();
  if (!shared_->access.may(principal, device, permission)) {
    if (permission == Permission::view || !shared_->access.may(principal, device, Permission::view)) return stranger();
    return fail(ErrorCode::permission, "you may look at this camera, but not change anything");
  }
  if (principal.admin && !shared_->knows(device)) return stranger();
  std::shared_ptr<index::Index> index;
  if (needs == Needs::index) {
    CBX_ASSIGN(index, shared_->lease());
  }
  return Opened(shared_, device, std::move(index));
}

Result<std::vector<std::string>> Vault::devices(const Principal& principal) {
  auto index = shared_->lease();
  CBX_ASSIGN(const auto all, shared_->list_devices(index ? index->get() : nullptr));
  return shared_->access.visible(principal, all);
}

Result<bool> Vault::has_recordings(std::string_view device) {
  if (!is_device_id(device)) return false;
  struct stat st {};
  if (::lstat((shared_->store.media_path() + "/" + std::string(device)).c_str(), &st) == 0) return true;
  // Where there is no index yet, nothing has been recorded.
  if (::lstat(shared_->store.index_path().c_str(), &st) != 0) return false;
  CBX_ASSIGN(const auto index, shared_->lease());
  CBX_ASSIGN(const auto ids, index->devices());
  return std::binary_search(ids.begin(), ids.end(), device);
}

void Vault::refresh() {
  const std::lock_guard lock(shared_->known_mutex);
  shared_->known.clear();
  shared_->known_at = {};
}

}  // namespace cbx::web

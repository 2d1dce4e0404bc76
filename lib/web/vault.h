// The one place where recordings are opened, and where it is asked whether they may be.
//
// Handlers have a Principal and the names that the request gave; nothing of a device can be had but through
// Vault::open(), which says no (or, to those who may not even know of it, "no such camera") by itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/track.h"
#include "index/index.h"
#include "playback/live.h"
#include "playback/timeline.h"
#include "web/access.h"

namespace cbx::web {

// A stretch of a file.
struct Stretch {
  uint64_t offset = 0, bytes = 0;
  uint64_t end() const { return offset + bytes; }
};

// A recorded file, or one being written, open for reading.
struct MediaFile {
  std::shared_ptr<const UniqueFd> fd;
  std::shared_ptr<const FileMap> map;  // may be null
  std::string device;
  WallMs start{};
  uint64_t bytes = 0;  // that may be read: of a file being written up to its last whole fragment
  bool finished = false;
  std::string path;   // relative to media; for logs and receipts
  Stretch init;       // the init segment of all tracks
  Stretch fragments;  // moof mdat moof mdat …
  std::vector<codec::TrackConfig> tracks;
};

// Whether a handler will ask the index.  What plays live, or is open already, is served without one.
enum class Needs { index, files };

// One device that the principal may use as was asked.  Cheap to make; belongs to one request, is used by one thread at
// a time.
class Opened {
 public:
  const std::string& device() const { return device_; }

  // This object's alone as long as it lives.  Only after Needs::index.
  index::Index& index() const { return *index_; }
  // Error no_input when it is not there (any more).  Kept open for a few seconds; one that was deleted is never given.
  // Opened with openat2(2) beneath the media folder, no symbolic links.
  Result<std::shared_ptr<const MediaFile>> file(WallMs start) const;
  // The same of finished files alone.
  Result<std::shared_ptr<const MediaFile>> finished_file(WallMs start) const;
  // Error no_input when it is not being recorded.
  Result<std::shared_ptr<playback::LiveStream>> live() const;
  // As LiveHub::changed().
  Result<std::shared_ptr<Broadcast>> live_changed() const;

 private:
  friend class Vault;
  struct Shared;
  Opened(std::shared_ptr<Shared> shared, std::string_view device, std::shared_ptr<index::Index> index);
  std::shared_ptr<Shared> shared_;
  std::string device_;
  std::shared_ptr<index::Index> index_;
};

// Thread-safe.
class Vault {
 public:
  Vault(store::Store store, Access& access, playback::LiveHub& live, const Clock& clock, const Logger& log);
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Errors: no_input "no such camera", permission (may view, but not this), try_again (the index is not there, locked
  // or damaged; the message says what to do), io.
  Result<Opened> open(const Principal& principal, std::string_view device, Permission permission,
                      Needs needs = Needs::index);
  // The devices that the principal may view, those that state.db knows and those of the index alike, sorted.  Without
  // an index: those of state.db and of the media folder.
  Result<std::vector<std::string>> devices(const Principal& principal);
  // Whether anything is on record about this id, or lies in its folder, whoever it may be for.  Errors as open()'s.
  Result<bool> has_recordings(std::string_view device);
  // After a change of state.db by this process: devices are looked up anew.
  void refresh();

 private:
  std::shared_ptr<Opened::Shared> shared_;
};

}  // namespace cbx::web

// The one place where recordings are opened, and where it is asked whether they may be.
//
// Handlers have a Principal and the names that the request gave; nothing of a device can be had but through
// Vault::open(), which says no (or, to those who may not even know of it, "no such camera") by itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cut/cut.h"
#include "index/index.h"
#include "playback/live.h"
#include "playback/timeline.h"
#include "state/state.h"
#include "web/access.h"

namespace cbx::web {

// A recorded file, or one being written, open for reading.
struct MediaFile {
  std::shared_ptr<const UniqueFd> fd;
  std::string device;
  WallMs start{};
  uint64_t bytes = 0;  // that may be read: of a file being written up to its last whole fragment
  bool finished = false;
  std::string path;  // relative to media; for logs and receipts
};

// One device that the principal may use as was asked.  Cheap to make; belongs to one request.
class Opened {
 public:
  const std::string& device() const { return device_; }

  // Each thread has an Index of its own.
  index::Index& index() const;
  // Error no_input when it is not there (any more).  Kept open for a few seconds; one that was deleted is never given.
  // Opened with openat2(2) beneath the media folder, no symbolic links.
  Result<std::shared_ptr<const MediaFile>> file(WallMs start) const;
  Result<std::shared_ptr<playback::LiveStream>> live() const;

 private:
  friend class Vault;
  struct Shared;
  Opened(std::shared_ptr<Shared> shared, std::string device);
  std::shared_ptr<Shared> shared_;
  std::string device_;
};

// Thread-safe.
class Vault {
 public:
  Vault(store::Store store, Access& access, playback::LiveHub& live, const Clock& clock, const Logger& log);
  ~Vault();

  // Errors: no_input "no such camera", permission (may view, but not this), try_again, config.
  Result<Opened> open(const Principal& principal, std::string_view device, Permission permission);
  // The devices that the principal may view, those that state.db knows and those of the index alike, sorted.
  Result<std::vector<std::string>> devices(const Principal& principal);

 private:
  std::shared_ptr<Opened::Shared> shared_;
};

}  // namespace cbx::web

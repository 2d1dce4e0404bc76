// Pictures of recordings: which one a time means, and making it (private to lib/web).
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/broadcast.h"
#include "mp4/key_frames.h"
#include "web/picture_cache.h"
#include "web/vault.h"
#include "web/worker_pool.h"

namespace cbx::web {

// A key frame of a file that is there, and may be seen.
struct KeyPicture {
  std::shared_ptr<const MediaFile> file;
  WallMs time{};
  bool settled = false;  // the time that was asked for will never mean another one
};

// Thread-safe.
class Pictures {
 public:
  // `tool`: the program cbx-picture.
  Pictures(store::Store store, std::string tool, const Clock& clock, const Logger& log);

  // The last key frame at or before `at`, nullopt: of all; the same for some seconds then.  Errors: no_input (there is
  // none, or the recording ended over ten seconds before), as Opened::file() otherwise.
  Result<KeyPicture> find(const Opened& opened, std::optional<WallMs> at);

  // One that is being made, or has been.
  class Job {
   public:
    // Null until it is there.  Errors as run_picture_tool().
    std::shared_ptr<const Result<std::shared_ptr<const std::string>>> result() const;
    const std::shared_ptr<Broadcast>& changed() const { return changed_; }

   private:
    friend class Pictures;
    std::shared_ptr<Broadcast> changed_ = std::make_shared<Broadcast>();
    mutable std::mutex mutex_;
    std::shared_ptr<const Result<std::shared_ptr<const std::string>>> result_;
  };

  // The JPEG, if it was made before.
  std::shared_ptr<const std::string> known(const KeyPicture& picture, int width) const;
  // Who asks for the same one joins.  Error try_again when too many are waiting, of this camera or in all.
  Result<std::shared_ptr<Job>> make(const KeyPicture& picture, int width);

 private:
  struct Keys {
    uint64_t bytes = 0;  // of the file, when they were read
    std::shared_ptr<const mp4::KeyFrames> keys;
  };
  struct Latest {
    WallMs start{}, time{};
    Monotonic until{};
  };
  using FileName = std::pair<std::string, WallMs>;

  Result<std::shared_ptr<const mp4::KeyFrames>> keys_of(const MediaFile& file);
  std::string path_of(const KeyPicture& picture, int width) const;
  size_t jobs_of(const std::string& device) const;  // with the lock
  void run(const std::string& path, const KeyPicture& picture, int width, const std::shared_ptr<Job>& job);

  const store::Store store_;
  const std::string tool_;
  const Clock& clock_;
  const Logger& log_;
  PictureCache cache_;
  std::mutex mutex_;  // guards the next four
  std::map<FileName, Keys> keys_;
  std::list<FileName> keys_order_;  // oldest first
  std::map<std::string, Latest> latest_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;  // by path, which begins with the device
  WorkerPool pool_;                                   // its threads end before anything else goes
};

}  // namespace cbx::web

// Init segments by what they are: one address for all files of a configuration (private to lib/web).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/track.h"
#include "web/vault.h"

namespace cbx::web {

struct InitSegment {
  Bytes all;  // of all tracks, as it stands in the file
  std::vector<codec::TrackConfig> tracks;
};

// Thread-safe.  What was found once is kept, also when the file that it was found in is deleted: whoever has a playlist
// still needs it.
class InitSegments {
 public:
  // `id`: as mp4::init_id() makes it; checked against the bytes.  Asks memory, then `files`, which are starts of
  // recordings that may have it, then what is live.  Errors: no_input; those of `files`.
  template <typename Files>
  Result<std::shared_ptr<const InitSegment>> get(const Opened& opened, const std::string& id, const Files& files) {
    if (auto known = find(opened, id)) return known;
    const Result<std::vector<WallMs>> starts = files();
    if (starts)
      for (const WallMs start : *starts)
        if (auto found = learn(opened, id, start)) return found;
    if (auto live = find_live(opened, id)) return live;
    if (!starts) return fail(starts.error());
    return fail(ErrorCode::no_input, "no such init segment");
  }
  // Reads that of a file, if it is not known yet; null when it is another one, or can't be read.
  std::shared_ptr<const InitSegment> learn(const Opened& opened, const std::string& id, WallMs start);

 private:
  std::shared_ptr<const InitSegment> find(const Opened& opened, const std::string& id) const;
  std::shared_ptr<const InitSegment> find_live(const Opened& opened, const std::string& id);

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const InitSegment>> known_;  // by device and id
};

}  // namespace cbx::web

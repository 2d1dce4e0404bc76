// Where the fragments of one track in one group lie: found once, asked for by every viewer (private to lib/web).
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "web/vault.h"

namespace cbx::web {

struct TrackGroup {
  WallMs start{};  // of the file
  std::vector<Stretch> stretches;
};

// The fragments of track `track` (from 0) between `from` and `to` of the file.  Error `data` where something else than
// whole fragments lies there.
Result<std::vector<Stretch>> fragments_of_track(const MediaFile& file, int track, uint64_t from, uint64_t to);

// These stretches one after the other.
std::shared_ptr<const ByteSource> gather(std::shared_ptr<const MediaFile> file,
                                         std::shared_ptr<const TrackGroup> group);

// Thread-safe.  The least recently used go when there are more than `most`.
class TrackCache {
 public:
  explicit TrackCache(size_t most) : most_(most) {}
  std::shared_ptr<const TrackGroup> find(const std::string& key);
  void keep(const std::string& key, std::shared_ptr<const TrackGroup> group);

 private:
  struct Entry {
    std::shared_ptr<const TrackGroup> group;
    std::list<std::string>::iterator place;
  };
  const size_t most_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::list<std::string> order_;  // the last used first
};

}  // namespace cbx::web

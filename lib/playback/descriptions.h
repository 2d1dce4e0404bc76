// What files say of themselves where their records don't: those of older recorders name no groups.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "playback/timeline.h"

namespace cbx::playback {

// Read once, kept for the next playlist.  Thread-safe.
class Descriptions {
 public:
  // Fills in codecs, init and groups; false if they aren't known.
  bool find(std::string_view device, Piece& piece) const;
  void keep(std::string_view device, const Piece& piece);

 private:
  struct Description {
    std::string codecs, init;
    std::vector<Group> groups;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, WallMs>, Description> known_;
};

// read_timeline(), unless more than `most_read` files would have to be read for it: then nullopt, and nothing that
// takes long was done.
Result<std::optional<Timeline>> read_timeline(index::Index& index, std::string_view device, TimeRange range,
                                              Descriptions& known, size_t most_read = SIZE_MAX);
// resolve_dash_time(), reading no file twice.
Result<std::optional<FoundGroup>> resolve_dash_time(index::Index& index, std::string_view device, WallMs run,
                                                    int64_t time, Descriptions& known);

}  // namespace cbx::playback

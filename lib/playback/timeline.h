// What of a device can be played, as playlists see it: files in the order of time, cut into groups of whole GOPs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time_range.h"
#include "index/index.h"
#include "store/store.h"

namespace cbx::playback {

// Whole GOPs, about 6 s: one immutable URL.  A contiguous stretch of its file, moofs and mdats of all tracks.
struct Group {
  uint64_t offset = 0, bytes = 0;  // in the file
  int64_t at_ms = 0;               // presentation, since the file's start
  int64_t duration_ms = 0;
};

// One file.
struct Piece {
  WallMs start{};  // with the device the identity of the file; in URLs as milliseconds since 1970
  int64_t duration_ms = 0;
  std::string codecs;  // RFC 6381: "avc1.64001f,mp4a.40.2", the video track first
  std::string init;    // what tells its init segment from others: equal for equal bytes
  int width = 0, height = 0, rotation = 0;
  double fps = 0;
  std::optional<int64_t> pts;  // first presented, unrolled, 90 kHz: the time line of tfdt
  int64_t bytes = 0;           // of the file
  // The time line of the piece before goes on: same connection, same init, pts where that one ended.
  bool continues = false;
  std::vector<Group> groups;
};

struct Timeline {
  std::string device;
  TimeRange range;
  std::vector<Piece> pieces;  // by start
};

// The pieces that overlap `range`, from the index; the groups of files whose record doesn't tell them are read from the
// file.  Groups outside `range` are left out, and so are pieces without any.  A file that can't be read is left out.
Result<Timeline> read_timeline(index::Index& index, std::string_view device, TimeRange range);

}  // namespace cbx::playback

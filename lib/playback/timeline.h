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
  bool operator==(const Group&) const = default;
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

  WallMs end() const { return start + Millis{duration_ms}; }
};

struct Timeline {
  std::string device;
  TimeRange range;
  std::vector<Piece> pieces;  // by start
};

// The pieces that overlap `range`, from the index; the groups of files whose record doesn't tell them are read from the
// file.  Groups outside `range` are left out, and so are pieces without any.  A file that can't be read is left out,
// and one that an earlier file covers from its start to its end.
Result<Timeline> read_timeline(index::Index& index, std::string_view device, TimeRange range);

// Whether the time line of `before` goes on in `after` as far as init segment, clocks and stream tell; that they are of
// one connection must be known otherwise.  Where two files of a stream meet, pts may be off by what rounding makes of
// it, and the wall clock by what it was slewed (500 ppm).
bool goes_on(const Piece& before, const Piece& after);

// The {time} of a group in addresses of single tracks: ms on the time line of tfdt.
int64_t track_time(const Piece& piece, const Group& group);

struct FoundGroup {
  Piece piece;  // with `groups` left empty
  Group group;
};
// The group that begins at `time` (as track_time() tells it) of the continuous run of files that contains the file
// `run`, in it or behind it.  nullopt when there is none (any more).
Result<std::optional<FoundGroup>> resolve_dash_time(index::Index& index, std::string_view device, WallMs run,
                                                    int64_t time);

}  // namespace cbx::playback

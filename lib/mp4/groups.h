// Groups: stretches of whole GOPs, about 6 s, that a playlist names.
//
// A group ends before the first fragment of video that begins with a key frame and is presented at least 5.5 s after
// the group's begin: GOPs of 1, 2, 3 or 6 s give groups of 6 s, a longer GOP is a group of its own.  Without video, the
// fragments of the first track are cut so.  In the first file of a live connection a group is closed as soon as it is
// as long as all that is before it, so that players need not wait six seconds for the first.  A group's bytes are
// contiguous, from its first fragment to the next group's, all tracks; sound may reach a little over a group's times.
#pragma once

#include <optional>
#include <vector>

#include "mp4/hybrid_writer.h"

namespace cbx::mp4 {

struct FileGroup {
  uint64_t offset = 0, bytes = 0;  // in the file
  int64_t at_ms = 0;               // presentation, since the file's first presented instant
  int64_t duration_ms = 0;         // to where the next group begins
  int64_t end_ms() const { return at_ms + duration_ms; }
  bool operator==(const FileGroup&) const = default;
};

// Takes the fragments of a file in their order.  Not thread-safe.
class GroupCutter {
 public:
  // The file's first presented instant (FileInfo::pts) is where its first group begins.  The first fragment's own is
  // taken where that is over a second off.
  GroupCutter(std::span<const codec::TrackConfig> tracks, const FileInfo& info);

  // The group that ends before `fragment`; nullopt as long as that goes on.
  std::optional<FileGroup> add(const Fragment& fragment);
  // What there is of the open group, as long as its presentation is known; nullopt before the first fragment.
  std::optional<FileGroup> open() const;

 private:
  int64_t least_ms() const;
  codec::Pts90k pts_of(const Fragment& fragment, int64_t ticks) const;

  std::vector<int> timescales_;  // by track
  int cut_track_ = 0;            // the one whose fragments begin groups
  codec::Pts90k pts_;
  bool opens_ = false;
  std::optional<FileGroup> group_;
};

// All groups of a file whose presentation lasts `duration_ms` (as its record tells): the sum of theirs.  Empty without
// fragments.
std::vector<FileGroup> groups_of(const FileMap& map, int64_t duration_ms);

}  // namespace cbx::mp4

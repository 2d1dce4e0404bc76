// Whether a camera records now, by what its files and its records say.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "index/in_progress.h"
#include "index/index.h"

namespace cbx::web {

// live: either a file of the camera is locked by a recorder that has written to it in the last seconds, whatever the
// records say (they come later); or the connection that was opened last has not been closed, and something came by it
// that is no older than kFresh: the end of a file, or bytes in the last minute of its link.
// never_seen: no record speaks of a connection, a link or a file, and none is being written.
// silent: all else.
enum class DeviceState { live, silent, never_seen };
std::string_view state_name(DeviceState state);

constexpr Millis kFresh{90'000};

struct DeviceHealth {
  DeviceState state = DeviceState::never_seen;
  std::optional<WallMs> last_seen;        // of its picture, or of its connection
  std::optional<WallMs> recording_since;  // when live: since its connection was opened, or its file was begun
  std::optional<index::Connection> connection;
  std::optional<index::LinkMinute> link;
  std::optional<SegmentRecord> segment;  // the last finished one
  std::vector<TimeRange> in_progress;    // what the index does not know yet
};
// `folders`, for those who ask often, may be null.
Result<DeviceHealth> device_health(index::Index& index, std::string_view device, WallMs now,
                                   index::FolderMemory* folders = nullptr);

}  // namespace cbx::web

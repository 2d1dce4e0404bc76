// What a device is sending now, out of the file that is still being written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/broadcast.h"
#include "base/log.h"
#include "playback/timeline.h"

namespace cbx::playback {

// What one write of the recorder added, all tracks of it (0.6 s at most, unless a single frame lasts longer).
struct Part {
  uint64_t offset = 0, bytes = 0;
  int64_t at_ms = 0, duration_ms = 0;  // as in Group
  bool independent = false;            // begins with a key frame
};

struct LiveGroup {
  Group group;              // while it is open: what there is of it
  std::vector<Part> parts;  // of the newest groups only
  size_t piece = 0;         // in LiveView::pieces
};

// One moment; never changes.
struct LiveView {
  std::string device;
  std::vector<Piece> pieces;  // by start, with `groups` left empty
  // By piece: the file that begins the run in addresses of single tracks.  Files that continue each other share one,
  // for some hours at most.
  std::vector<WallMs> runs;
  std::vector<int64_t> run_begins;   // by piece: where its run begins on the time line of tfdt, in ms
  uint64_t first = 0;                // media sequence number of groups.front()
  uint64_t first_discontinuity = 0;  // discontinuity sequence number of it
  std::vector<LiveGroup> groups;     // the window, never empty; the last one is open unless `ended`
  bool ended = false;                // nothing has come for a while
  WallMs until{};                    // wall clock of the newest picture
  // No group or part is longer; they grow when one must be, which a stream with usual GOPs never makes necessary.
  int64_t target_ms = 0, part_target_ms = 0;
};

// Thread-safe.
class LiveStream {
 public:
  virtual ~LiveStream() = default;
  virtual std::shared_ptr<const LiveView> view() const = 0;
  // hls_live() of the view, or of a newer one: made once, however many wait for it.
  virtual std::shared_ptr<const std::string> hls() const = 0;
  // Announces each new view.
  virtual std::shared_ptr<Broadcast> changed() const = 0;
};

// Follows the files of those devices that somebody watches: one thread, no cost for the others, nothing that the
// recorder could notice.  Thread-safe.
class LiveHub {
 public:
  struct Options {
    std::chrono::seconds window{60};    // what a live playlist spans
    std::chrono::seconds forget{60};    // a device that nobody asked for so long is not followed any more
    std::chrono::seconds silence{10};   // without anything new the view is `ended`
    std::chrono::seconds farewell{30};  // an ended view is shown for so long to those who watched
    bool notified = true;               // by the kernel; else (and on network file systems) by looking
  };
  LiveHub(store::Store store, Options options, const Clock& clock, const Logger& log);
  ~LiveHub();

  // The stream of a device; the first call begins to follow it and looks at the disk once before it returns.  Null when
  // it is not being recorded (a view that has ended is shown a little longer: who comes anew need not be let in).
  // Errors: data (no id of a device), unavailable (the hub is about to end), io, permission.
  Result<std::shared_ptr<LiveStream>> watch(std::string_view device);
  // The same announcements as LiveStream::changed(), before there is a stream: who comes a second earlier than the
  // camera waits for the first of them.  Begins to follow the device.  To miss none: take count() before watch().
  Result<std::shared_ptr<Broadcast>> changed(std::string_view device);
  // Devices that are followed, and those of them that are being recorded.
  size_t watched() const;
  size_t live() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// How many of its groups, from the first on, will not change any more.
size_t whole_groups(const LiveView& view);

// Blocking playlist reload (RFC 8216bis, 6.2.5.2): what to do about _HLS_msn and _HLS_part.  `wait`: until
// LiveStream::changed(), but three times LiveView::target_ms at most, then 503.  `too_far`: 400.
enum class Wanted { ready, wait, too_far };
Wanted wanted(const LiveView& view, uint64_t msn, std::optional<uint64_t> part);

// Low-latency HLS media playlist of the moment (parts, EXT-X-SERVER-CONTROL with blocking reload).
std::string hls_live(const LiveView& view);
// The multivariant playlist beside it.
std::string hls_live_main(const LiveView& view);
// Dynamic, as long as the view has not ended; `now` tells players the time.  Only whole groups: as long as there is
// none it is better to wait for one, players give up an empty manifest.
std::string dash_live(const LiveView& view, WallMs now);

}  // namespace cbx::playback

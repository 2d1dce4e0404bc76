// What a device is sending now, out of the file that is still being written.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/broadcast.h"
#include "base/log.h"
#include "playback/timeline.h"

namespace cbx::playback {

// A fragment or a few: what one write of the recorder added (0.6 s at most).
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
  std::vector<Piece> pieces;         // by start, with `groups` left empty
  uint64_t first = 0;                // media sequence number of groups.front()
  uint64_t first_discontinuity = 0;  // discontinuity sequence number of it
  std::vector<LiveGroup> groups;     // the window; the last one is open unless `ended`
  bool ended = false;                // nothing has come for a while, or the connection is over
  WallMs until{};                    // wall clock of the newest picture
};

// Thread-safe.
class LiveStream {
 public:
  virtual ~LiveStream() = default;
  virtual std::shared_ptr<const LiveView> view() const = 0;
  // Announces each new view.
  virtual std::shared_ptr<Broadcast> changed() const = 0;
};

// Follows the files of those devices that somebody watches: one thread, no cost for the others, nothing that the
// recorder could notice.  Thread-safe.
class LiveHub {
 public:
  struct Options {
    std::chrono::seconds window{60};   // what a live playlist spans
    std::chrono::seconds forget{60};   // a device that nobody asked for so long is not followed any more
    std::chrono::seconds silence{10};  // without anything new the view is `ended`
  };
  LiveHub(store::Store store, Options options, const Clock& clock, const Logger& log);
  ~LiveHub();

  // The stream of a device; the first call begins to follow it and looks at the disk once before it returns.  Null when
  // it is not being recorded.
  Result<std::shared_ptr<LiveStream>> watch(std::string_view device);
  size_t watched() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Low-latency HLS media playlist of the moment (parts, EXT-X-SERVER-CONTROL with blocking reload).
std::string hls_live(const LiveView& view);
// The multivariant playlist beside it.
std::string hls_live_main(const LiveView& view);
// Dynamic.
std::string dash_live(const LiveView& view, WallMs now);

}  // namespace cbx::playback

// What a live view shares with the playlists of recordings.
#include "playback/live.h"
#include "playback/playlist.h"

namespace cbx::playback {

std::string hls_live_main(const LiveView& view) {
  Timeline timeline{view.device, {}, view.pieces};
  for (const LiveGroup& g : view.groups) timeline.pieces[g.piece].groups.push_back(g.group);
  return hls_main(timeline);
}

}  // namespace cbx::playback

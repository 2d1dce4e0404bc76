// Low-latency HLS (RFC 8216bis).
//
// Two of its tags are left out.  EXT-X-PRELOAD-HINT: the address of a part holds where it ends, which nobody knows
// before it is written.  EXT-X-SKIP: the whole list of a minute is smaller than what its request costs.  Parts are what
// the recorder writes, so that one in the middle of a group may be shorter than the 85 % of PART-TARGET that 4.4.4.9
// asks for, where a key frame ended it.
#include <fmt/format.h>

#include <algorithm>

#include "playback/live.h"

namespace cbx::playback {
namespace {

std::string seconds(int64_t ms) {
  return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

std::string address(const Piece& piece, uint64_t offset, uint64_t bytes) {
  return fmt::format("../../{}/{}-{}.m4s", piece.start.time_since_epoch().count(), offset, offset + bytes);
}

void append_head(std::string& out, const LiveView& view) {
  out += fmt::format("#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:{}\n", view.target_ms / 1000);
  out += fmt::format("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={},HOLD-BACK={}\n",
                     seconds(3 * view.part_target_ms), seconds(3 * view.target_ms));
  out += fmt::format("#EXT-X-PART-INF:PART-TARGET={}\n", seconds(view.part_target_ms));
  out +=
      fmt::format("#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-DISCONTINUITY-SEQUENCE:{}\n", view.first, view.first_discontinuity);
}

// What has changed since the group before: null for the first one.
void append_change(std::string& out, const LiveView& view, const LiveGroup* before, const LiveGroup& group) {
  if (before && before->piece == group.piece) return;
  const Piece& piece = view.pieces[group.piece];
  if (before && !piece.continues) out += "#EXT-X-DISCONTINUITY\n";
  if (!before || view.pieces[before->piece].init != piece.init)
    out += fmt::format("#EXT-X-MAP:URI=\"../../init/{}.mp4\"\n", piece.init);
  out += fmt::format("#EXT-X-PROGRAM-DATE-TIME:{}\n", format_rfc3339(piece.start + Millis{group.group.at_ms}));
}

}  // namespace

std::string hls_live(const LiveView& view) {
  std::string out;
  append_head(out, view);
  const LiveGroup* before = nullptr;
  for (size_t i = 0; i < view.groups.size(); ++i) {
    const LiveGroup& g = view.groups[i];
    const Piece& piece = view.pieces[g.piece];
    const bool closed = i < whole_groups(view);
    // Not before there is something that the tags can stand before.
    if (!closed && g.parts.empty()) break;
    append_change(out, view, before, g);
    for (const Part& p : g.parts)
      out += fmt::format("#EXT-X-PART:DURATION={},URI=\"{}\"{}\n", seconds(p.duration_ms),
                         address(piece, p.offset, p.bytes), p.independent ? ",INDEPENDENT=YES" : "");
    if (closed)
      out +=
          fmt::format("#EXTINF:{},\n{}\n", seconds(g.group.duration_ms), address(piece, g.group.offset, g.group.bytes));
    before = &g;
  }
  if (view.ended) out += "#EXT-X-ENDLIST\n";
  return out;
}

Wanted wanted(const LiveView& view, uint64_t msn, std::optional<uint64_t> part) {
  if (view.ended) return Wanted::ready;
  const uint64_t open = view.first + whole_groups(view);  // the number of the open group
  if (msn > open + 1) return Wanted::too_far;
  if (!part) return msn < open ? Wanted::ready : Wanted::wait;
  if (msn < open) {
    // Only behind the end of the last whole one there may be something to wait for: the first part of the next.
    const bool last = msn + 1 == open;
    if (!last || *part < view.groups[whole_groups(view) - 1].parts.size()) return Wanted::ready;
    msn = open;
    part = 0;
  }
  const uint64_t parts = msn == open && !view.groups.empty() ? view.groups.back().parts.size() : 0;
  if (*part < parts) return Wanted::ready;
  const uint64_t limit =
      view.part_target_ms < 1000 ? 3000 / static_cast<uint64_t>(std::max<int64_t>(1, view.part_target_ms)) : 3;
  return *part >= parts + limit ? Wanted::too_far : Wanted::wait;
}

}  // namespace cbx::playback

// The manifests of a live view that are made as those of recordings are.
#include <algorithm>

#include "playback/dash.h"
#include "playback/live.h"
#include "playback/playlist.h"

namespace cbx::playback {
namespace {

// How often players look for new groups.
constexpr int64_t kUpdateMs = 2000;

// The pieces with the first `groups` groups of the view in them.
std::vector<Piece> pieces_of(const LiveView& view, size_t groups) {
  std::vector<Piece> pieces = view.pieces;
  for (size_t i = 0; i < groups; ++i) pieces[view.groups[i].piece].groups.push_back(view.groups[i].group);
  return pieces;
}

// One a run of the view.  `pieces`: those that have groups, and what stands beside them in the view.
std::vector<DashRun> live_runs(const LiveView& view, std::vector<Piece>& pieces) {
  // Runs begin where the view says so; files of one stream may belong to two.
  for (size_t i = 1; i < pieces.size(); ++i) pieces[i].continues = view.runs[i] == view.runs[i - 1];
  while (!pieces.empty() && pieces.back().groups.empty()) pieces.pop_back();
  std::vector<DashRun> runs = dash_runs(pieces);
  for (DashRun& run : runs) {
    const auto at = static_cast<size_t>(run.pieces.data() - pieces.data());
    run.id = view.runs[at];
    run.begin = view.run_begins[at];
  }
  return runs;
}

}  // namespace

size_t whole_groups(const LiveView& view) {
  return view.groups.size() - (view.ended || view.groups.empty() ? 0 : 1);
}

std::string hls_live_main(const LiveView& view) {
  return hls_main({view.device, {}, pieces_of(view, view.groups.size())});
}

std::string dash_live(const LiveView& view, WallMs now) {
  std::vector<Piece> pieces = pieces_of(view, whole_groups(view));
  const std::vector<DashRun> runs = live_runs(view, pieces);
  int64_t span = 0;
  for (size_t i = 0; i < whole_groups(view); ++i) span += view.groups[i].group.duration_ms;

  Text out(4096);
  write_dash_head(out);
  if (view.ended) {
    out << " type=\"static\" mediaPresentationDuration=\"PT";
    const int64_t end = runs.empty() ? 0 : runs.back().id.time_since_epoch().count() + runs.back().duration();
    out.seconds(end) << "S\"";
  } else {
    out << " type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\" publishTime=\"" << format_rfc3339(now)
        << "\" minimumUpdatePeriod=\"PT";
    out.seconds(kUpdateMs) << "S\" timeShiftBufferDepth=\"PT";
    out.seconds(std::max(span, view.target_ms)) << "S\" suggestedPresentationDelay=\"PT";
    out.seconds(2 * view.target_ms) << "S\"";
  }
  out << " maxSegmentDuration=\"PT";
  out.seconds(view.target_ms) << "S\" minBufferTime=\"PT";
  out.seconds(view.target_ms) << "S\">\n";
  // Periods begin at their time of day: since 1970, as everything else here.
  for (const DashRun& run : runs) write_dash_period(out, run, run.id.time_since_epoch().count(), false);
  if (runs.empty()) out << "<Period start=\"PT" << now.time_since_epoch().count() / 1000 << "S\"/>\n";
  if (!view.ended)
    out << "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"" << format_rfc3339(now) << "\"/>\n";
  out << "</MPD>\n";
  return out.take();
}

}  // namespace cbx::playback

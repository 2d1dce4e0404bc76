// HLS of what is finished (draft-pantos-hls-rfc8216bis).
#include <algorithm>

#include "index/coverage.h"
#include "playback/playlist.h"
#include "playback/rate.h"
#include "playback/text.h"

namespace cbx::playback {
namespace {

// Where there is nothing to tell one.
constexpr int64_t kUsualGroupMs = 6000;

// Whole seconds that no group, rounded, is above.
int64_t target_seconds(std::span<const Piece> pieces) {
  const int64_t longest = longest_group_ms(pieces);
  return std::max<int64_t>(1, ((longest > 0 ? longest : kUsualGroupMs) + 999) / 1000);
}

// Each codec that is in any of the files, those of the first file first.
std::string all_codecs(const Timeline& timeline) {
  std::vector<std::string> names;
  std::string_view last;
  for (const Piece& p : timeline.pieces) {
    if (p.codecs == last) continue;
    last = p.codecs;
    const TrackCodecs codecs = split_codecs(last);
    for (const std::string& name : {codecs.video, codecs.audio})
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + name;
  return out;
}

void write_gap(Text& out, TimeRange gap) {
  out << "#EXT-X-DATERANGE:ID=\"gap-" << gap.from << "\",CLASS=\"cbx.gap\",START-DATE=\"" << format_rfc3339(gap.from)
      << "\",DURATION=";
  out.seconds(gap.length().count()) << "\n";
}

// Ten a minute, fourteen thousand a day: they are what making a playlist takes.
void write_groups(Text& out, const Piece& p) {
  Text address(64);
  address << ",\n../../" << p.start << "/";
  const std::string_view file = address.view();
  for (const Group& g : p.groups) {
    out << "#EXTINF:";
    out.seconds(std::max<int64_t>(1, g.duration_ms))
        << file << static_cast<int64_t>(g.offset) << "-" << static_cast<int64_t>(g.offset + g.bytes) << ".m4s\n";
  }
}

}  // namespace

std::string hls_main(const Timeline& timeline) {
  const BitRate rate = bit_rate(timeline.pieces, target_seconds(timeline.pieces) * 500);
  Text out(512);
  out << "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:BANDWIDTH=" << rate.peak
      << ",AVERAGE-BANDWIDTH=" << rate.average;
  if (const std::string codecs = all_codecs(timeline); !codecs.empty()) out << ",CODECS=\"" << codecs << "\"";
  Shown largest;
  double fps = 0;
  for (const Piece& p : timeline.pieces) {
    const Shown shown = shown_size(p);
    if (int64_t{shown.width} * shown.height > int64_t{largest.width} * largest.height) largest = shown;
    fps = std::max(fps, p.fps);
  }
  if (largest.width > 0 && largest.height > 0)
    out << ",RESOLUTION=" << int64_t{largest.width} << "x" << int64_t{largest.height};
  // As in the text of seconds: three decimals.
  if (fps > 0 && fps < 1e6) (out << ",FRAME-RATE=").seconds(static_cast<int64_t>(fps * 1000 + 0.5));
  out << "\nmedia.m3u8\n";
  return out.take();
}

std::string hls_media(const Timeline& timeline) {
  size_t groups = 0;
  for (const Piece& p : timeline.pieces) groups += p.groups.size();
  Text out(256 + 160 * timeline.pieces.size() + 72 * groups);
  out << "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:"
      << target_seconds(timeline.pieces) << "\n#EXT-X-MEDIA-SEQUENCE:0\n";
  const Piece* before = nullptr;
  for (const Piece& p : timeline.pieces) {
    if (before && !p.continues) {
      out << "#EXT-X-DISCONTINUITY\n";
      if (p.start > before->end() + index::kSmallestGap) write_gap(out, {before->end(), p.start});
    }
    if (!before || before->init != p.init) out << "#EXT-X-MAP:URI=\"../../init/" << p.init << ".mp4\"\n";
    before = &p;
    out << "#EXT-X-PROGRAM-DATE-TIME:" << format_rfc3339(p.start + Millis{p.groups.front().at_ms}) << "\n";
    write_groups(out, p);
  }
  out << "#EXT-X-ENDLIST\n";
  return out.take();
}

}  // namespace cbx::playback

// DASH of what is finished (ISO/IEC 23009-1), profile isoff-live: a template and a timeline a track.
#include <algorithm>
#include <cmath>

#include "playback/dash.h"
#include "playback/playlist.h"
#include "playback/rate.h"
#include "playback/text.h"

namespace cbx::playback {
namespace {

// Records don't tell how many of the bytes are sound.
constexpr int64_t kSoundBitRate = 128'000;

// A segment ends where the next begins, whatever the milliseconds of their durations add up to.  Where files overlap by
// a few, one that has no place before the next is left out.
std::vector<DashSegment> segments_of(std::span<const Piece> pieces) {
  std::vector<DashSegment> out;
  for (const Piece& p : pieces) {
    for (const Group& g : p.groups) {
      const int64_t time = track_time(p, g);
      while (!out.empty() && out.back().time >= time) out.pop_back();
      if (!out.empty()) out.back().duration = time - out.back().time;
      out.push_back({time, std::max<int64_t>(1, g.duration_ms)});
    }
  }
  return out;
}

void write_timeline(Text& out, const std::vector<DashSegment>& segments) {
  out << "<SegmentTimeline>\n";
  for (size_t i = 0; i < segments.size();) {
    size_t to = i + 1;
    while (to < segments.size() && segments[to].duration == segments[i].duration) ++to;
    out << "<S";
    if (i == 0) out << " t=\"" << segments[i].time << "\"";
    out << " d=\"" << segments[i].duration << "\"";
    if (to - i > 1) out << " r=\"" << static_cast<int64_t>(to - i - 1) << "\"";
    out << "/>\n";
    i = to;
  }
  out << "</SegmentTimeline>\n";
}

// FrameRateType is a whole number or a fraction of two.
void write_frame_rate(Text& out, double fps) {
  const auto whole = static_cast<int64_t>(std::lround(fps));
  if (whole <= 0 || whole > 1000) return;
  out << " frameRate=\"";
  if (std::abs(fps - static_cast<double>(whole)) < 0.005)
    out << whole;
  else if (std::abs(fps * 1001 / 1000 - static_cast<double>(whole)) < 0.005)
    out << whole * 1000 << "/1001";
  else
    out << static_cast<int64_t>(std::lround(fps * 1000)) << "/1000";
  out << "\"";
}

void write_set(Text& out, const DashRun& run, bool video, const std::string& codecs, int64_t bit_rate) {
  const std::string_view track = video ? "video" : "audio";
  const Piece& first = run.pieces.front();
  out << "<AdaptationSet id=\"" << int64_t{video ? 1 : 2} << "\" contentType=\"" << track << "\" mimeType=\"" << track
      << "/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">\n<Representation id=\"" << track << "\" codecs=\""
      << codecs << "\" bandwidth=\"" << bit_rate << "\"";
  const Shown shown = shown_size(first);
  if (video && shown.width > 0 && shown.height > 0) {
    out << " width=\"" << int64_t{shown.width} << "\" height=\"" << int64_t{shown.height} << "\"";
    write_frame_rate(out, first.fps);
  }
  out << ">\n<SegmentTemplate timescale=\"1000\" presentationTimeOffset=\"" << run.begin
      << "\" initialization=\"../../init/" << first.init << "-" << track << ".mp4\" media=\"../../" << run.id << "/"
      << track << "/$Time$.m4s\">\n";
  write_timeline(out, run.segments);
  out << "</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n";
}

}  // namespace

std::vector<DashRun> dash_runs(std::span<const Piece> pieces) {
  std::vector<DashRun> runs;
  for (size_t from = 0; from < pieces.size();) {
    size_t to = from + 1;
    while (to < pieces.size() && pieces[to].continues) ++to;
    const auto run = pieces.subspan(from, to - from);
    auto segments = segments_of(run);
    const int64_t begin = segments.front().time;
    runs.push_back({run.front().start, begin, run, std::move(segments)});
    from = to;
  }
  return runs;
}

void write_dash_period(Text& out, const DashRun& run, int64_t start, bool has_end) {
  out << "<Period id=\"" << run.id << "\" start=\"PT";
  out.seconds(start) << "S\"";
  if (has_end) (out << " duration=\"PT").seconds(run.duration()) << "S\"";
  out << ">\n";
  const TrackCodecs codecs = split_codecs(run.pieces.front().codecs);
  const int64_t peak = bit_rate(run.pieces, longest_group_ms(run.pieces) / 2).peak;
  if (!codecs.video.empty()) write_set(out, run, true, codecs.video, std::max<int64_t>(1, peak));
  if (!codecs.audio.empty())
    write_set(out, run, false, codecs.audio, codecs.video.empty() ? std::max<int64_t>(1, peak) : kSoundBitRate);
  out << "</Period>\n";
}

void write_dash_head(Text& out) {
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
         "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"";
}

std::string dash_manifest(const Timeline& timeline) {
  const std::vector<DashRun> runs = dash_runs(timeline.pieces);
  int64_t duration = 0;
  size_t segments = 0;
  for (const DashRun& run : runs) {
    duration += run.duration();
    segments += run.segments.size();
  }
  Text out(1024 + 1500 * runs.size() + 60 * segments);
  write_dash_head(out);
  out << " type=\"static\" mediaPresentationDuration=\"PT";
  out.seconds(duration) << "S\" minBufferTime=\"PT";
  out.seconds(std::max<int64_t>(1000, longest_group_ms(timeline.pieces))) << "S\">\n";
  int64_t start = 0;
  for (const DashRun& run : runs) {
    write_dash_period(out, run, start, true);
    start += run.duration();
  }
  if (runs.empty()) out << "<Period duration=\"PT0S\"/>\n";
  out << "</MPD>\n";
  return out.take();
}

}  // namespace cbx::playback

#include "cut/joiner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cut/text.h"
#include "mp4/sample_table.h"

namespace cbx::cut {
namespace {

using mp4::rescale;

constexpr int kHz = static_cast<int>(codec::kPtsHz);
// Holes up to this long are no gaps (index/coverage.h): the time line has them, too.
constexpr int64_t kSmallestGap = kHz / 2;
// Rounding, and the last frame of sound reaching into the next file.
constexpr int64_t kOverlap = kHz / 10;
// How far the wall clock of two files may differ from what their time stamps say: slewing does no more.
constexpr int64_t kSlew = kHz / 2;
// A week of one camera; a file with more has tables that few programs open.
constexpr uint64_t kMaxSamples = 48'000'000;

const SourceTrack* find(const SourceTables& tables, bool video) {
  const auto found = std::find_if(tables.tracks.begin(), tables.tracks.end(),
                                  [&](const SourceTrack& t) { return t.video() == video; });
  return found == tables.tracks.end() ? nullptr : &*found;
}

// What one track can't change: how its samples are decoded in principle, its time scale, and its place on the screen.
bool can_share(const codec::TrackConfig& a, const codec::TrackConfig& b) {
  if (a.codec != b.codec) return false;
  if (codec::is_video(a.codec)) return a.video.rotation == b.video.rotation && a.video.hflip == b.video.hflip;
  return a.audio.sample_rate == b.audio.sample_rate;
}

std::string differ(const codec::TrackConfig* a, const codec::TrackConfig* b) {
  if (!a || !b || can_share(*a, *b)) return "";
  return fmt::format("from {} to {}", describe(*a), describe(*b));
}

int64_t first_pts(const SourceTrack& t) {
  int64_t first = t.first_dts + t.samples.front().composition_offset, dts = t.first_dts;
  // Pictures that are shown before the first are among those that follow it at once.
  for (size_t i = 0; i < std::min<size_t>(t.samples.size(), 64); ++i) {
    first = std::min(first, dts + t.samples[i].composition_offset);
    dts += t.samples[i].duration;
  }
  return first;
}

int64_t begin_of(const SourceTables& tables) {
  int64_t begin = INT64_MAX;
  for (const SourceTrack& t : tables.tracks) begin = std::min(begin, rescale(first_pts(t), t.timescale(), kHz));
  return begin;
}

// Which samples of a track are needed to show [from, to), in ticks of the track; `tail`: also those that are decoded
// before the last one shown.
struct Span {
  size_t from = 0, to = 0;
  int64_t begin = 0;  // presentation time of the first one
};

Span span_of(const SourceTrack& t, int64_t from, int64_t to, bool tail) {
  Span s;
  s.begin = t.first_dts + t.samples.front().composition_offset;
  int64_t dts = t.first_dts;
  bool broken = false;  // something too late was seen
  for (size_t i = 0; i < t.samples.size(); ++i) {
    const int64_t pts = dts + t.samples[i].composition_offset;
    if (t.samples[i].key && pts <= from) {
      s.from = i;
      s.begin = pts;
    }
    if (pts >= to) broken = true;
    if (pts < to && (tail || !broken)) s.to = i + 1;
    dts += t.samples[i].duration;
  }
  s.to = std::max(s.from, s.to);
  return s;
}

}  // namespace

std::string Joiner::mismatch(const SourceTables& tables) const {
  const SourceTrack *v = find(tables, true), *a = find(tables, false);
  std::string text = differ(video_ ? &video_->entries().front() : nullptr, v ? &v->config : nullptr);
  if (text.empty()) text = differ(audio_ ? &audio_->entries().front() : nullptr, a ? &a->config : nullptr);
  return text;
}

std::string Joiner::mismatch(const SourceTables& a, const SourceTables& b) {
  for (const bool video : {true, false}) {
    const SourceTrack *x = find(a, video), *y = find(b, video);
    if (std::string text = differ(x ? &x->config : nullptr, y ? &y->config : nullptr); !text.empty()) return text;
  }
  return "";
}

void Joiner::reserve(size_t video_samples, size_t audio_samples) {
  room_video_ = video_samples;
  room_audio_ = audio_samples;
}

TrackBuilder& Joiner::builder_of(const SourceTrack& track) {
  auto& builder = track.video() ? video_ : audio_;
  if (!builder) {
    builder.emplace(track.config);
    builder->reserve(track.video() ? room_video_ : room_audio_);
  }
  return *builder;
}

bool Joiner::goes_on(const Candidate& candidate, const SourceTables& tables, int64_t begin) const {
  if (!any_ || last_was_cut_ || candidate.cut_begin()) return false;
  const int64_t hole = begin - file_end_;
  const int64_t by_clock = (candidate.source.file.start - last_start_).count() * (kHz / 1000);
  const int64_t by_stamps = tables.info.pts - last_pts_;
  return hole >= -kOverlap && hole <= kSmallestGap && std::abs(by_clock - by_stamps) <= kSlew;
}

// Where the file's time line lies on the cut's.
void Joiner::place(const Candidate& candidate, const SourceTables& tables, int64_t begin) {
  const Source& s = candidate.source;
  if (!goes_on(candidate, tables, begin)) {
    const int64_t from =
        candidate.cut_begin() ? tables.info.pts + (s.used.from - s.file.start).count() * (kHz / 1000) : begin;
    shift_ = run_end_ - from;
  }
  any_ = true;
  last_start_ = s.file.start;
  last_pts_ = tables.info.pts;
  last_was_cut_ = candidate.cut_end();
}

void Joiner::pick_samples(const Candidate& candidate, const SourceTables& tables, std::vector<Picked>& picked) const {
  const Source& s = candidate.source;
  const auto at = [&](WallMs t) { return tables.info.pts + (t - s.file.start).count() * (kHz / 1000); };
  int64_t from = candidate.cut_begin() ? at(s.used.from) : INT64_MIN;
  const int64_t to = candidate.cut_end() ? at(s.used.to) : INT64_MAX;
  for (const bool video : {true, false}) {
    const SourceTrack* t = find(tables, video);
    if (!t) continue;
    const auto ticks = [&](int64_t v) {
      return v == INT64_MIN || v == INT64_MAX ? v : rescale(v, kHz, t->timescale());
    };
    const Span span = span_of(*t, ticks(from), ticks(to), !candidate.clean_end);
    if (span.from == span.to) continue;
    // Sound begins where the key frame does, so that who knows no edit lists has them together, too.
    if (video && from != INT64_MIN) from = std::min(from, rescale(span.begin, t->timescale(), kHz));
    Picked p;
    p.track = t;
    p.from = span.from;
    p.to = span.to;
    p.shift = rescale(shift_, kHz, t->timescale());
    p.dts = t->first_dts;
    picked.push_back(p);
  }
}

void Joiner::add_extent(uint64_t offset, uint64_t bytes, uint32_t source) {
  if (bytes == 0) return;
  const bool adjoins = !extents_.empty() && extents_.back().source == source && extent_end_ == offset;
  if (!adjoins) extents_.push_back({data_bytes_, offset, source});
  extent_end_ = offset + bytes;
  data_bytes_ += bytes;
}

void Joiner::add_chunk(Picked& p, uint32_t source) {
  const SourceChunk& chunk = p.track->chunks[p.next_chunk++];
  uint64_t offset = chunk.offset, bytes = 0;
  const size_t end = p.next_sample + chunk.samples;
  for (size_t i = p.next_sample; i < end; ++i) {
    const mp4::FragmentSample& s = p.track->samples[i];
    if (i < p.from) {
      offset += s.size;
    } else if (i < p.to) {
      p.builder->add(p.dts + p.shift, s);
      bytes += s.size;
    }
    p.dts += s.duration;
  }
  p.next_sample = end;
  p.builder->end_chunk(data_bytes_, p.entry);
  add_extent(offset, bytes, source);
}

Status Joiner::add(const Candidate& candidate, const SourceTables& tables, uint32_t source) {
  const int64_t begin = begin_of(tables);
  place(candidate, tables, begin);
  std::vector<Picked> picked;
  pick_samples(candidate, tables, picked);
  for (Picked& p : picked) {
    p.builder = &builder_of(*p.track);
    p.entry = p.builder->entry_of(p.track->config);
    if (p.builder->samples() + p.track->samples.size() > kMaxSamples)
      return fail(ErrorCode::data, "too many samples for one file: ask for a shorter range");
  }
  // As they lie in the file, so that sound stays near its picture.
  for (;;) {
    Picked* next = nullptr;
    for (Picked& p : picked) {
      if (p.next_chunk == p.track->chunks.size() || p.next_sample >= p.to) continue;
      if (!next || p.track->chunks[p.next_chunk].offset < next->track->chunks[next->next_chunk].offset) next = &p;
    }
    if (!next) break;
    add_chunk(*next, source);
  }
  for (const Picked& p : picked) {
    const int64_t end = rescale(p.builder->end_pts(), p.builder->timescale(), kHz);
    run_end_ = std::max(run_end_, end);
    file_end_ = &p == &picked.front() ? end - shift_ : std::max(file_end_, end - shift_);
  }
  limit_.reset();
  if (candidate.ends_range && !candidate.clean_end)
    limit_ = tables.info.pts + shift_ + (candidate.source.used.to - candidate.source.file.start).count() * (kHz / 1000);
  return {};
}

Movie Joiner::take_movie(WallMs creation) {
  Movie movie;
  movie.creation = creation;
  movie.data_bytes = data_bytes_;
  movie.end = limit_ ? std::min(*limit_, run_end_) : run_end_;
  for (auto* track : {&video_, &audio_}) {
    // One that ended before the first instant that is shown.
    if (*track && (*track)->end_pts() > 0) movie.tracks.push_back(std::move(**track));
    track->reset();
  }
  return movie;
}

}  // namespace cbx::cut

#include "playback/timeline.h"

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "index/coverage.h"
#include "mp4/codecs.h"
#include "playback/descriptions.h"

namespace cbx::playback {
namespace {

constexpr int64_t kTicks = 90;  // of PTS in a millisecond
// What rounding does to where a file ends: to milliseconds, to pictures, to audio frames.
constexpr int64_t kRoundingMs = 100;
// A slewed clock gains or loses one millisecond in this many at most.
constexpr int64_t kSlew = 2000;
constexpr int64_t kAroundMs = 2000;
// The longest range that can be asked for, and more.
constexpr int64_t kLongestRunMs = int64_t{400} * 86'400'000;

int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

Piece piece_of(const index::PlayableFile& f) {
  Piece p;
  p.start = f.start;
  p.duration_ms = f.duration_ms;
  p.codecs = f.codecs;
  p.init = f.init;
  p.width = f.width;
  p.height = f.height;
  p.rotation = f.rotation;
  p.fps = f.fps;
  p.pts = f.pts;
  p.bytes = f.bytes;
  p.groups.reserve(f.groups.size());
  Group g;
  g.offset = static_cast<uint64_t>(f.media_offset);
  for (const SegmentGroup& told : f.groups) {
    g.bytes = static_cast<uint64_t>(told.bytes);
    g.duration_ms = told.duration_ms;
    p.groups.push_back(g);
    g.offset += g.bytes;
    g.at_ms += g.duration_ms;
  }
  return p;
}

bool is_described(const Piece& p) {
  return !p.groups.empty() && !p.codecs.empty() && !p.init.empty();
}

// Fills in from the file what its record didn't tell; false if it can't be read.
bool describe(const store::Store& store, std::string_view device, Piece& p, Descriptions& known) {
  if (known.find(device, p)) return true;
  const auto file = open_beneath(store.media_path(), store.segment_path(device, p.start));
  if (!file) return false;
  auto told = mp4::describe(**file, p.duration_ms);
  if (!told) return false;
  p.codecs = std::move(told->codecs);
  p.init = std::move(told->init);
  p.groups.clear();
  for (const mp4::FileGroup& g : told->groups) p.groups.push_back({g.offset, g.bytes, g.at_ms, g.duration_ms});
  if (!is_described(p)) return false;
  known.keep(device, p);
  return true;
}

// A piece, and which connection it came by.
struct Found {
  Piece piece;
  int64_t connection = 0;
};

Result<std::vector<Found>> read_files(index::Index& index, std::string_view device, TimeRange range) {
  std::vector<Found> found;
  CBX_TRY(index.playable(device, range, [&](const index::PlayableFile& f) {
    found.push_back({piece_of(f), f.connection});
    return true;
  }));
  return found;
}

// The one that began at `run`; where it was deleted (the oldest go first), the one behind it.
Result<std::optional<Found>> first_file(index::Index& index, std::string_view device, WallMs run) {
  std::optional<Found> found;
  CBX_TRY(index.playable(device, {run, run + Millis{kLongestRunMs}}, [&](const index::PlayableFile& f) {
    if (f.start < run) return true;
    found = Found{piece_of(f), f.connection};
    return false;
  }));
  return found;
}

// Whether a file may be of the stream that was there at `run`: its clock must not begin in between.
bool may_continue(const Piece& p, WallMs run) {
  const int64_t elapsed = (p.start - run).count();
  return p.pts && track_time(p, {}) + kRoundingMs + elapsed / kSlew >= elapsed;
}

// Two publishers for a moment, or a recording that came in twice: nothing is shown twice.
bool adds_nothing(const Piece& p, WallMs until) {
  return p.end() <= until || (p.start + Millis{p.duration_ms / 2} < until && p.end() < until + index::kSmallestGap);
}

void clip(Piece& p, TimeRange range) {
  if (range.from <= p.start && p.end() <= range.to) return;
  std::erase_if(p.groups, [&](const Group& g) {
    const WallMs from = p.start + Millis{g.at_ms};
    return from >= range.to || from + Millis{std::max<int64_t>(1, g.duration_ms)} <= range.from;
  });
}

// Of a recording that began before the one before had ended: what is shown already, in whole groups.
void skip_shown(Piece& p, WallMs until) {
  if (p.start + index::kSmallestGap >= until) return;
  std::erase_if(p.groups, [&](const Group& g) { return p.start + Millis{g.at_ms + g.duration_ms} <= until; });
}

}  // namespace

bool goes_on(const Piece& before, const Piece& after) {
  if (before.init != after.init || before.init.empty() || !before.pts || !after.pts) return false;
  const int64_t off = *after.pts - *before.pts;
  if (off < 0 || off / kTicks > before.duration_ms + kRoundingMs || off / kTicks < before.duration_ms - kRoundingMs)
    return false;
  const int64_t wall = (after.start - before.end()).count();
  return std::abs(wall) <= kRoundingMs + before.duration_ms / kSlew;
}

int64_t track_time(const Piece& piece, const Group& group) {
  return floor_div(piece.pts.value_or(0), kTicks) + group.at_ms;
}

bool Descriptions::find(std::string_view device, Piece& piece) const {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find({std::string(device), piece.start});
  if (it == known_.end()) return false;
  piece.codecs = it->second.codecs;
  piece.init = it->second.init;
  piece.groups = it->second.groups;
  return true;
}

void Descriptions::keep(std::string_view device, const Piece& piece) {
  // A month of one camera; some 600 bytes each.
  constexpr size_t kMost = 44'640;
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMost) known_.clear();
  known_.insert_or_assign({std::string(device), piece.start}, Description{piece.codecs, piece.init, piece.groups});
}

Result<std::optional<Timeline>> read_timeline(index::Index& index, std::string_view device, TimeRange range,
                                              Descriptions& known, size_t most_read) {
  Timeline timeline{std::string(device), range, {}};
  CBX_ASSIGN(std::vector<Found> files, read_files(index, device, range));
  std::vector<Piece>& pieces = timeline.pieces;
  pieces.reserve(files.size());
  int64_t connection = 0;  // of the last piece
  WallMs until{};
  for (Found& f : files) {
    Piece& p = f.piece;
    if (!pieces.empty() && adds_nothing(p, until)) continue;
    if (!is_described(p) && !known.find(device, p)) {
      if (most_read-- == 0) return std::nullopt;
      if (!describe(index.store(), device, p, known)) continue;
    }
    clip(p, range);
    if (!pieces.empty()) skip_shown(p, until);
    if (p.groups.empty()) continue;
    p.continues = !pieces.empty() && connection == f.connection && goes_on(pieces.back(), p);
    connection = f.connection;
    until = std::max(until, p.end());
    pieces.push_back(std::move(p));
  }
  return timeline;
}

Result<Timeline> read_timeline(index::Index& index, std::string_view device, TimeRange range) {
  Descriptions none;
  CBX_ASSIGN(auto timeline, read_timeline(index, device, range, none));
  return std::move(timeline).value();  // nothing was too much
}

Result<std::optional<FoundGroup>> resolve_dash_time(index::Index& index, std::string_view device, WallMs run,
                                                    int64_t time) {
  Descriptions none;
  return resolve_dash_time(index, device, run, time, none);
}

Result<std::optional<FoundGroup>> resolve_dash_time(index::Index& index, std::string_view device, WallMs run,
                                                    int64_t time, Descriptions& known) {
  std::optional<FoundGroup> out;
  if (run < kEarliest || run > kLatest) return out;
  CBX_ASSIGN(auto first, first_file(index, device, run));
  if (!first) return out;
  if (!is_described(first->piece) && !describe(index.store(), device, first->piece, known)) return out;
  const Piece& begin = first->piece;
  if (begin.start != run && !may_continue(begin, run)) return out;
  // `time` may be any number.
  int64_t elapsed = 0;
  if (__builtin_sub_overflow(time, track_time(begin, {}), &elapsed)) return out;
  if (elapsed < 0 || elapsed > kLongestRunMs) return out;
  // Where that is on the wall clock is known as well as the clocks agreed since.
  const WallMs about = begin.start + Millis{elapsed};
  const Millis around{kAroundMs + elapsed / (kSlew / 2)};
  CBX_ASSIGN(std::vector<Found> near, read_files(index, device, {about - around, about + around}));
  for (Found& f : near) {
    const bool same = f.piece.start == begin.start ||
                      (f.connection == first->connection && f.piece.start > begin.start && begin.pts && f.piece.pts);
    if (!same || (!is_described(f.piece) && !describe(index.store(), device, f.piece, known))) continue;
    if (f.piece.init != begin.init) continue;
    for (const Group& g : f.piece.groups) {
      if (track_time(f.piece, g) != time) continue;
      const Group group = g;
      f.piece.groups.clear();
      out = FoundGroup{std::move(f.piece), group};
      return out;
    }
  }
  return out;
}

}  // namespace cbx::playback

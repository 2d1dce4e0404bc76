// What the manifests of live and of recorded pictures share.
#pragma once

#include <span>
#include <vector>

#include "playback/text.h"
#include "playback/timeline.h"

namespace cbx::playback {

// A stretch of presentation on the run's time line, in milliseconds.
struct DashSegment {
  int64_t time = 0, duration = 0;
};

// Files that continue each other: a period.
struct DashRun {
  WallMs id{};        // in addresses
  int64_t begin = 0;  // what on its time line the period's start stands for, in milliseconds
  std::span<const Piece> pieces;
  std::vector<DashSegment> segments;

  int64_t duration() const { return segments.back().time + segments.back().duration - begin; }
};

// Of pieces that all have groups.
std::vector<DashRun> dash_runs(std::span<const Piece> pieces);

// The first tag, its last attributes open: type and times follow.
void write_dash_head(Text& out);
// `start`: where the period begins, in milliseconds.  `has_end`: its duration is known.
void write_dash_period(Text& out, const DashRun& run, int64_t start, bool has_end);

}  // namespace cbx::playback

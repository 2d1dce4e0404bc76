#include "mp4/groups.h"

#include <algorithm>
#include <cstdlib>

#include "mp4/sample_table.h"

namespace cbx::mp4 {
namespace {

constexpr int kHz = static_cast<int>(codec::kPtsHz);
constexpr int64_t kLeastGroupMs = 5500, kLeastFirstMs = 500;
// Far beyond any clock, and small enough for every sum below.
constexpr int64_t kMostSeconds = 1'000'000'000'000;

}  // namespace

GroupCutter::GroupCutter(std::span<const codec::TrackConfig> tracks, const FileInfo& info)
    : pts_(std::clamp(info.pts, -kMostSeconds * codec::kPtsHz, kMostSeconds * codec::kPtsHz)), opens_(info.opens) {
  for (const codec::TrackConfig& t : tracks) timescales_.push_back(std::max(1, codec::track_timescale(t)));
  const auto video =
      std::find_if(tracks.begin(), tracks.end(), [](const codec::TrackConfig& t) { return codec::is_video(t.codec); });
  if (video != tracks.end()) cut_track_ = static_cast<int>(video - tracks.begin());
}

// How long the open group is at least.
int64_t GroupCutter::least_ms() const {
  if (!opens_) return kLeastGroupMs;
  // Key frames aren't a second apart to the millisecond.
  constexpr int64_t kUneven = 100;
  return std::clamp(group_->at_ms - kUneven, kLeastFirstMs, kLeastGroupMs);
}

codec::Pts90k GroupCutter::pts_of(const Fragment& fragment, int64_t ticks) const {
  const auto track = static_cast<size_t>(fragment.track);
  const int timescale = track < timescales_.size() ? timescales_[track] : 1;
  return rescale(std::clamp(ticks, -kMostSeconds * timescale, kMostSeconds * timescale), timescale, kHz);
}

std::optional<FileGroup> GroupCutter::add(const Fragment& fragment) {
  std::optional<FileGroup> done;
  const codec::Pts90k first = pts_of(fragment, fragment.first_pts);
  if (!group_ && std::abs(first - pts_) > codec::kPtsHz) pts_ = first;
  const int64_t begin = rescale(first - pts_, kHz, 1000);
  const bool may_begin = fragment.track == cut_track_ && fragment.key;
  if (group_ && may_begin && begin >= group_->at_ms + least_ms()) {
    done = *group_;
    done->duration_ms = begin - group_->at_ms;
    group_.reset();
  }
  if (!group_) group_ = FileGroup{fragment.offset, 0, done ? begin : 0, 0};
  group_->bytes = fragment.offset + fragment.size - group_->offset;
  // Of the track that cuts: the other one may run ahead.
  if (fragment.track == cut_track_)
    group_->duration_ms =
        std::max(group_->duration_ms, rescale(pts_of(fragment, fragment.end_pts) - pts_, kHz, 1000) - group_->at_ms);
  return done;
}

std::optional<FileGroup> GroupCutter::open() const {
  return group_;
}

std::vector<FileGroup> groups_of(const FileMap& map, int64_t duration_ms) {
  std::vector<FileGroup> groups;
  GroupCutter cutter(map.tracks, map.info);
  for (const Fragment& f : map.fragments) {
    if (auto done = cutter.add(f)) groups.push_back(*done);
  }
  if (auto last = cutter.open()) groups.push_back(*last);
  // Times that a damaged file tells lie within it nevertheless, one after the other.
  int64_t end = duration_ms;
  for (auto g = groups.rbegin(); g != groups.rend(); ++g) {
    g->at_ms = std::clamp<int64_t>(g->at_ms, 0, end);
    g->duration_ms = end - g->at_ms;
    end = g->at_ms;
  }
  return groups;
}

}  // namespace cbx::mp4

#include "mp4/key_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "mp4/fragment.h"
#include "mp4/hybrid_file.h"
#include "mp4/sample_table.h"

namespace cbx::mp4 {
namespace {

// An 8K picture without any compression worth the name.
constexpr uint32_t kLargestPicture = 64 << 20;
// Far beyond any clock, and small enough for every sum below.
constexpr int64_t kMostSeconds = 1'000'000'000'000, kMostTicks = kMostSeconds * codec::kPtsHz;

codec::Pts90k pts_of(int64_t ticks, int timescale) {
  return rescale(std::clamp(ticks, -kMostSeconds * timescale, kMostSeconds * timescale), timescale, codec::kPtsHz);
}

}  // namespace

Result<KeyFrames> read_key_frames(File& file) {
  CBX_ASSIGN(Layout layout, locate(file));
  const auto no_picture = [&] { return fail(ErrorCode::no_input, fmt::format("'{}' holds no picture", file.path())); };
  const auto video =
      std::ranges::find_if(layout.tracks, [](const codec::TrackConfig& t) { return codec::is_video(t.codec); });
  if (video == layout.tracks.end()) return no_picture();
  const int track = static_cast<int>(video - layout.tracks.begin()), tracks = static_cast<int>(layout.tracks.size());
  KeyFrames keys;
  keys.config = std::move(*video);
  keys.finished = layout.finished;
  const int timescale = std::max(1, codec::track_timescale(keys.config));

  struct Found {
    KeyFrame frame;
    codec::Pts90k pts = 0;
  };
  std::vector<Found> found;
  std::optional<Found> first;  // picture of all
  codec::Pts90k begin = INT64_MAX, end = INT64_MIN;
  for (uint64_t at = layout.fragments_offset;;) {
    CBX_ASSIGN(const auto head, read_fragment(file, at, layout.end, tracks));
    if (!head) break;
    at += head->size;
    if (head->track != track) continue;
    uint64_t offset = head->data_offset;
    int64_t dts = std::clamp(head->tfdt, -kMostTicks, kMostTicks);
    for (const FragmentSample& s : head->samples) {
      const codec::Pts90k pts = pts_of(dts + s.composition_offset, timescale);
      begin = std::min(begin, pts);
      end = std::max(end, pts_of(dts + s.composition_offset + s.duration, timescale));
      const Found here{{offset, s.size, {}}, pts};
      if (!first) first = here;
      if (s.key) found.push_back(here);
      offset += s.size;
      dts += s.duration;
    }
  }
  if (!first) return no_picture();
  if (found.empty()) found.push_back(*first);
  // What the file says of its first instant, unless that has nothing to do with its pictures.
  const codec::Pts90k said = pts_of(layout.info.pts, codec::kPtsHz);
  const codec::Pts90k origin = std::abs(begin - said) <= codec::kPtsHz ? std::min(begin, said) : begin;
  const auto time_of = [&](codec::Pts90k pts) { return layout.info.start + Millis{(pts - origin) / 90}; };
  keys.end = time_of(end);
  for (Found& f : found) {
    f.frame.time = time_of(f.pts);
    keys.frames.push_back(f.frame);
  }
  std::ranges::stable_sort(keys.frames, {}, &KeyFrame::time);
  return keys;
}

const KeyFrame& key_frame_at(const KeyFrames& keys, WallMs at) {
  const auto later = std::ranges::upper_bound(keys.frames, at, {}, &KeyFrame::time);
  return later == keys.frames.begin() ? keys.frames.front() : *std::prev(later);
}

Result<Bytes> read_key_frame(File& file, const KeyFrame& key) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::data, fmt::format("'{}' at byte {}: {}", file.path(), key.offset, why));
  };
  if (key.size == 0 || key.size > kLargestPicture) return bad(fmt::format("a picture of {} bytes", key.size));
  Bytes data(key.size);
  CBX_ASSIGN(const size_t n, file.read_at(key.offset, data));
  if (n != data.size()) return bad("the file ends inside the picture");
  return data;
}

}  // namespace cbx::mp4

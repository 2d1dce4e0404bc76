#include "mp4/key_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "mp4/fragment.h"
#include "mp4/sample_table.h"

namespace cbx::mp4 {
namespace {

// An 8K picture without any compression worth the name.
constexpr uint32_t kLargestPicture = 64 << 20;
// Far beyond any clock, and small enough for every sum below.
constexpr int64_t kMostSeconds = 1'000'000'000'000;

codec::Pts90k pts_of(int64_t ticks, int timescale) {
  return rescale(std::clamp(ticks, -kMostSeconds * timescale, kMostSeconds * timescale), timescale, codec::kPtsHz);
}

}  // namespace

Result<KeyFrames> read_key_frames(File& file) {
  CBX_ASSIGN(FileMap map, read_file_map(file));
  KeyFrames keys;
  const auto video =
      std::ranges::find_if(map.tracks, [](const codec::TrackConfig& t) { return codec::is_video(t.codec); });
  const auto no_picture = [&] { return fail(ErrorCode::no_input, fmt::format("'{}' holds no picture", file.path())); };
  if (video == map.tracks.end()) return no_picture();
  keys.track = static_cast<int>(video - map.tracks.begin());
  keys.tracks = map.tracks.size();
  keys.config = std::move(*video);
  keys.finished = map.finished;
  const int timescale = std::max(1, codec::track_timescale(keys.config));

  const auto is_picture = [&](const Fragment& f) { return f.track == keys.track; };
  const auto first = std::ranges::find_if(map.fragments, is_picture);
  if (first == map.fragments.end()) return no_picture();
  // What the file says of its first instant, unless that has nothing to do with its pictures.
  codec::Pts90k origin = pts_of(first->first_pts, timescale);
  const codec::Pts90k said = pts_of(map.info.pts, codec::kPtsHz);
  if (std::abs(origin - said) <= codec::kPtsHz) origin = said;
  const auto time_of = [&](int64_t ticks) { return map.info.start + Millis{(pts_of(ticks, timescale) - origin) / 90}; };
  for (const Fragment& f : map.fragments) {
    keys.end_offset = std::max(keys.end_offset, f.offset + f.size);
    if (!is_picture(f)) continue;
    keys.end = std::max(keys.end, time_of(f.end_pts));
    if (f.key) keys.frames.push_back({f.offset, time_of(f.first_pts)});
  }
  if (keys.frames.empty()) keys.frames.push_back({first->offset, time_of(first->first_pts)});
  std::ranges::stable_sort(keys.frames, {}, &KeyFrame::time);
  return keys;
}

const KeyFrame& key_frame_at(const KeyFrames& keys, WallMs at) {
  const auto later = std::ranges::upper_bound(keys.frames, at, {}, &KeyFrame::time);
  return later == keys.frames.begin() ? keys.frames.front() : *std::prev(later);
}

Result<Bytes> read_key_frame(File& file, const KeyFrames& keys, const KeyFrame& key) {
  CBX_ASSIGN(const auto head, read_fragment(file, key.offset, keys.end_offset, static_cast<int>(keys.tracks)));
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::data, fmt::format("'{}' at byte {}: {}", file.path(), key.offset, why));
  };
  if (!head || head->track != keys.track || head->samples.empty()) return bad("no picture begins here");
  const uint32_t size = head->samples.front().size;
  if (size == 0 || size > kLargestPicture) return bad(fmt::format("a picture of {} bytes", size));
  Bytes data(size);
  CBX_ASSIGN(const size_t n, file.read_at(head->data_offset, data));
  if (n != data.size()) return bad("the file ends inside the picture");
  return data;
}

}  // namespace cbx::mp4

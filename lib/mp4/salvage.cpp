#include <fmt/format.h>

#include <algorithm>

#include "base/crash_point.h"
#include "mp4/box.h"
#include "mp4/fragment.h"
#include "mp4/hybrid_file.h"

namespace cbx::mp4 {
namespace {

// Over a day of the fastest tracks; bounds the tables whatever a file claims.
constexpr uint64_t kMaxSamples = 16 << 20;

// NAL units with 4-byte lengths fill the sample exactly.
bool is_nal_sample(ByteSpan sample) {
  while (sample.size() > 4) {
    const uint32_t n = read_be32(sample.data());
    if (n == 0 || n > sample.size() - 4) return false;
    sample = sample.subspan(4 + n);
  }
  return sample.empty();
}

// After a power cut the last blocks of a file may be zeros though its length is right.
Result<bool> has_payload(File& file, const FragmentHead& f, bool video) {
  uint64_t at = f.data_offset;
  Bytes buffer;
  for (const FragmentSample& s : f.samples) {
    buffer.resize(s.size);
    CBX_ASSIGN(const size_t n, file.read_at(at, buffer));
    if (n < buffer.size()) return false;
    at += s.size;
    if (video ? !is_nal_sample(buffer) : std::all_of(buffer.begin(), buffer.end(), [](uint8_t b) { return b == 0; }))
      return false;
  }
  return true;
}

// A power cut leaves no more than a few seconds in doubt.  If more fragments than that look wrong, they were recorded
// so (a camera with broken NAL units) and stay.
constexpr size_t kMostDoubtful = 16;

// What is needed of a fragment to step back over it.
struct Place {
  uint64_t offset = 0, size = 0;
};

// Finds the whole fragments from the front, then takes those without a real payload off the end.
Result<std::vector<Place>> whole_fragments(File& file, const Layout& layout) {
  const int tracks = static_cast<int>(layout.tracks.size());
  std::vector<Place> places;
  uint64_t at = layout.fragments_offset;
  while (true) {
    CBX_ASSIGN(const auto f, read_fragment(file, at, layout.end, tracks));
    if (!f) break;
    places.push_back({at, f->size});
    at += f->size;
  }
  size_t keep = places.size();
  while (keep > 0) {
    if (places.size() - keep == kMostDoubtful) return places;
    CBX_ASSIGN(const auto f, read_fragment(file, places[keep - 1].offset, layout.end, tracks));
    if (!f) return fail(ErrorCode::io, fmt::format("'{}' changes while it is read", file.path()));
    CBX_ASSIGN(const bool real,
               has_payload(file, *f, codec::is_video(layout.tracks[static_cast<size_t>(f->track)].codec)));
    if (real) break;
    --keep;
  }
  places.resize(keep);
  return places;
}

struct Tables {
  std::vector<SampleTable> tracks;
  uint64_t end = 0;  // behind the last fragment that is in them
};

// A fragment that can't follow its track's last one ends the file: its times are damaged.
Result<Tables> read_tables(File& file, const Layout& layout, const std::vector<Place>& places) {
  Tables tables;
  for (const codec::TrackConfig& t : layout.tracks)
    tables.tracks.emplace_back(codec::is_video(t.codec), codec::track_timescale(t));
  tables.end = layout.fragments_offset;
  uint64_t samples = 0;
  for (const Place& place : places) {
    CBX_ASSIGN(const auto f, read_fragment(file, place.offset, layout.end, static_cast<int>(layout.tracks.size())));
    if (!f) break;
    SampleTable& table = tables.tracks[static_cast<size_t>(f->track)];
    samples += f->samples.size();
    if (samples > kMaxSamples || !table.can_follow(f->tfdt)) break;
    table.add_fragment(f->data_offset, f->tfdt, f->samples);
    tables.end = place.offset + place.size;
  }
  return tables;
}

// The outer boxes say that the file is finished, but it was cut since, or the commit was torn: back to a recording.
Status undo_commit(File& file, const Layout& layout) {
  uint8_t header[kBoxHeader];
  write_be32(header, static_cast<uint32_t>(layout.reserve_size));
  write_be32(header + 4, fourcc("free"));
  CBX_TRY(file.write_at(layout.reserve_offset, ByteSpan(header)));
  return file.sync_data();
}

Result<uint64_t> outer_moov_bytes(File& file, const Layout& layout, uint64_t file_size) {
  uint8_t header[kBoxHeader];
  CBX_ASSIGN(const size_t n, file.read_at(layout.reserve_offset, header));
  if (n == sizeof(header) && read_be32(header + 4) == fourcc("moov")) return uint64_t{read_be32(header)};
  return file_size - layout.end;
}

}  // namespace

Result<Salvaged> salvage(File& file) {
  CBX_ASSIGN(Layout layout, locate(file));
  CBX_ASSIGN(const uint64_t size, file.size());
  std::vector<Place> places;
  CBX_ASSIGN(places, whole_fragments(file, layout));
  CBX_ASSIGN(Tables tables, read_tables(file, layout, places));
  if (tables.end == layout.fragments_offset)
    return fail(ErrorCode::data, fmt::format("'{}' holds no whole fragment", file.path()));

  Salvaged s;
  s.info = layout.info;
  for (const codec::TrackConfig& t : layout.tracks) {
    s.codecs.push_back(t.codec);
    if (codec::is_video(t.codec) && s.video.width == 0) s.video = t.video;
  }
  if (layout.finished) {
    s.was_finished = true;
    CBX_ASSIGN(const uint64_t moov, outer_moov_bytes(file, layout, size));
    s.finished = summary_of(tables.tracks, size, moov);
    return s;
  }
  s.cut_bytes = size - tables.end;
  if (!layout.recording) CBX_TRY(undo_commit(file, layout));
  crash_point("salvage.cut");
  if (s.cut_bytes > 0) CBX_TRY(file.truncate(tables.end));
  const auto step = [](std::string_view name) { crash_point(fmt::format("salvage.{}", name)); };
  CBX_ASSIGN(s.finished, finish_file(file, layout, tables.end, tables.tracks, step));
  return s;
}

Result<FileInfo> read_file_info(File& file) {
  CBX_ASSIGN(FoundInfo found, find_info(file));
  return std::move(found.info);
}

Result<FileMap> read_file_map(File& file) {
  CBX_ASSIGN(Layout layout, locate(file));
  FileMap map;
  map.info = std::move(layout.info);
  map.tracks = std::move(layout.tracks);
  map.init_offset = layout.init_offset;
  map.init_size = layout.init_size;
  map.finished = layout.finished;
  const int tracks = static_cast<int>(map.tracks.size());
  uint64_t at = layout.fragments_offset;
  while (true) {
    CBX_ASSIGN(const auto f, read_fragment(file, at, layout.end, tracks));
    if (!f) break;
    map.fragments.push_back(brief_of(*f));
    at += f->size;
  }
  return map;
}

}  // namespace cbx::mp4

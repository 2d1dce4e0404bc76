#include "cut/source_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "mp4/box.h"
#include "mp4/hybrid_file.h"
#include "mp4/sample_table.h"

namespace cbx::cut {
namespace {

using mp4::ByteReader;
using mp4::find_box;
using mp4::FragmentSample;

// A file lasts a minute, or ten without key frames; more than this is not ours.
constexpr uint64_t kMaxMoov = 64 << 20;
constexpr uint32_t kMaxSamples = 4 << 20;
// How far into the file a track's first fragment is looked for.
constexpr int kMaxFragmentsBefore = 100'000;

tl::unexpected<Error> bad(File& file, std::string_view why) {
  return fail(ErrorCode::data, fmt::format("'{}' is damaged: {}", file.path(), why));
}

// A table of the sample table box: its entries behind version, flags and count.
struct Table {
  uint32_t count = 0;
  const uint8_t* rows = nullptr;
  uint32_t at(size_t row, size_t width, size_t column) const { return read_be32(rows + (row * width + column) * 4); }
};

std::optional<Table> table_of(ByteSpan stbl, std::string_view type, size_t width) {
  const auto box = find_box(stbl, type);
  if (!box || box->size() < 8) return std::nullopt;
  const Table t{read_be32(box->data() + 4), box->data() + 8};
  if ((box->size() - 8) / (width * 4) < t.count) return std::nullopt;
  return t;
}

bool fill_sizes(ByteSpan stbl, std::vector<FragmentSample>& samples) {
  const auto stsz = find_box(stbl, "stsz");
  if (!stsz || stsz->size() < 12) return false;
  const uint32_t same = read_be32(stsz->data() + 4), count = read_be32(stsz->data() + 8);
  if (count == 0 || count > kMaxSamples || (same == 0 && (stsz->size() - 12) / 4 < count)) return false;
  samples.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    samples[i].size = same != 0 ? same : read_be32(stsz->data() + 12 + size_t{i} * 4);
    if (samples[i].size == 0) return false;
  }
  return true;
}

// Runs of equal values, one for each sample.
template <typename Set>
bool fill_runs(const Table& table, std::vector<FragmentSample>& samples, Set&& set) {
  size_t at = 0;
  for (uint32_t row = 0; row < table.count; ++row) {
    const uint32_t n = table.at(row, 2, 0), value = table.at(row, 2, 1);
    if (n > samples.size() - at) return false;
    for (const size_t end = at + n; at < end; ++at) set(samples[at], value);
  }
  return at == samples.size();
}

bool fill_sync(ByteSpan stbl, std::vector<FragmentSample>& samples) {
  if (!find_box(stbl, "stss")) {
    for (FragmentSample& s : samples) s.key = true;
    return true;
  }
  const auto stss = table_of(stbl, "stss", 1);
  if (!stss) return false;
  for (uint32_t i = 0; i < stss->count; ++i) {
    const uint32_t n = stss->at(i, 1, 0);
    if (n == 0 || n > samples.size()) return false;
    samples[n - 1].key = true;
  }
  return true;
}

// Every chunk lies inside [begin, end) of the file with all that is in it.
bool fill_chunks(ByteSpan stbl, uint64_t begin, uint64_t end, SourceTrack& track) {
  const auto stsc = table_of(stbl, "stsc", 3);
  const bool wide = find_box(stbl, "co64").has_value();
  const auto offsets = table_of(stbl, wide ? "co64" : "stco", wide ? 2 : 1);
  if (!stsc || !offsets || stsc->count == 0 || offsets->count > track.samples.size()) return false;
  track.chunks.reserve(offsets->count);
  size_t sample = 0;
  uint32_t row = 0;
  for (uint32_t i = 0; i < offsets->count; ++i) {
    while (row + 1 < stsc->count && stsc->at(row + 1, 3, 0) <= i + 1) ++row;
    const uint32_t n = stsc->at(row, 3, 1);
    if (n == 0 || n > track.samples.size() - sample) return false;
    uint64_t bytes = 0;
    for (const size_t last = sample + n; sample < last; ++sample) bytes += track.samples[sample].size;
    const uint64_t offset =
        wide ? uint64_t{offsets->at(i, 2, 0)} << 32 | offsets->at(i, 2, 1) : uint64_t{offsets->at(i, 1, 0)};
    if (offset < begin || offset > end || bytes > end - offset) return false;
    track.chunks.push_back({offset, n});
  }
  return sample == track.samples.size();
}

bool fill_track(ByteSpan trak, uint64_t begin, uint64_t end, SourceTrack& track) {
  const auto mdia = find_box(trak, "mdia");
  const auto minf = mdia ? find_box(*mdia, "minf") : std::nullopt;
  const auto stbl = minf ? find_box(*minf, "stbl") : std::nullopt;
  const auto mdhd = mdia ? find_box(*mdia, "mdhd") : std::nullopt;
  if (!stbl || !mdhd || mdhd->size() < 24) return false;
  const size_t scale_at = (*mdhd)[0] == 1 ? 20 : 12;
  if (read_be32(mdhd->data() + scale_at) != static_cast<uint32_t>(track.timescale())) return false;
  const auto stts = table_of(*stbl, "stts", 2);
  if (!stts || !fill_sizes(*stbl, track.samples) ||
      !fill_runs(*stts, track.samples, [](FragmentSample& s, uint32_t v) { s.duration = v; }) ||
      !fill_sync(*stbl, track.samples) || !fill_chunks(*stbl, begin, end, track))
    return false;
  if (!find_box(*stbl, "ctts")) return true;
  const auto ctts = table_of(*stbl, "ctts", 2);
  return ctts && fill_runs(*ctts, track.samples,
                           [](FragmentSample& s, uint32_t v) { s.composition_offset = static_cast<int32_t>(v); });
}

Result<Bytes> read_moov(File& file, const mp4::Layout& layout) {
  CBX_ASSIGN(const uint64_t size, file.size());
  for (const uint64_t at : {layout.reserve_offset, layout.end}) {
    uint8_t header[mp4::kBoxHeader];
    CBX_ASSIGN(const size_t n, file.read_at(at, header));
    const uint64_t length = read_be32(header);
    if (n < sizeof(header) || read_be32(header + 4) != mp4::fourcc("moov")) continue;
    if (length < mp4::kBoxHeader || length > kMaxMoov || length > size - at) break;
    Bytes payload(static_cast<size_t>(length - mp4::kBoxHeader));
    CBX_ASSIGN(const size_t got, file.read_at(at + mp4::kBoxHeader, payload));
    if (got == payload.size()) return payload;
    break;
  }
  return bad(file, "no moov box");
}

// The moov does not tell where on the stream's time line its tracks begin, nor by how much their composition offsets
// were moved: the first fragment of each does.
Status anchor(File& file, const mp4::Layout& layout, std::vector<std::optional<SourceTrack>>& tracks) {
  uint64_t at = layout.fragments_offset;
  size_t left = static_cast<size_t>(std::count_if(tracks.begin(), tracks.end(), [](const auto& t) { return !!t; }));
  std::vector<bool> seen(tracks.size());
  for (int i = 0; left > 0 && i < kMaxFragmentsBefore; ++i) {
    CBX_ASSIGN(const auto head, mp4::read_fragment(file, at, layout.end, static_cast<int>(tracks.size())));
    if (!head) break;
    at = head->offset + head->size;
    const auto index = static_cast<size_t>(head->track);
    if (seen[index] || !tracks[index]) continue;
    seen[index] = true;
    --left;
    SourceTrack& t = *tracks[index];
    if (t.chunks.front().offset != head->data_offset || t.samples.front().size != head->samples.front().size)
      return bad(file, "its moov and its fragments disagree");
    t.first_dts = head->tfdt;
    const int64_t shift = int64_t{t.samples.front().composition_offset} - head->samples.front().composition_offset;
    if (shift == 0) continue;
    for (FragmentSample& s : t.samples) s.composition_offset = static_cast<int32_t>(s.composition_offset - shift);
  }
  if (left > 0) return bad(file, "a track has no fragment");
  return {};
}

Status read_finished(File& file, const mp4::Layout& layout, SourceTables& out) {
  CBX_ASSIGN(const Bytes moov, read_moov(file, layout));
  std::vector<std::optional<SourceTrack>> tracks(layout.tracks.size());
  ByteSpan rest(moov);
  while (const auto box = mp4::next_box(rest)) {
    if (box->type != mp4::fourcc("trak")) continue;
    const auto tkhd = find_box(box->payload, "tkhd");
    if (!tkhd || tkhd->size() < 84) return bad(file, "a track without header");
    const uint32_t id = read_be32(tkhd->data() + ((*tkhd)[0] == 1 ? 20 : 12));
    if (id < 1 || id > tracks.size() || tracks[id - 1]) return bad(file, "a track that its init does not have");
    SourceTrack t;
    t.config = layout.tracks[id - 1];
    if (!fill_track(box->payload, layout.fragments_offset, layout.end, t)) return bad(file, "its sample tables");
    tracks[id - 1] = std::move(t);
  }
  CBX_TRY(anchor(file, layout, tracks));
  for (auto& t : tracks)
    if (t) out.tracks.push_back(std::move(*t));
  return {};
}

Status read_recording(File& file, const mp4::Layout& layout, SourceTables& out) {
  std::vector<SourceTrack> tracks(layout.tracks.size());
  std::vector<int64_t> next(tracks.size());
  for (size_t i = 0; i < tracks.size(); ++i) tracks[i].config = layout.tracks[i];
  uint64_t at = layout.fragments_offset;
  while (at < layout.end) {
    CBX_ASSIGN(const auto head, mp4::read_fragment(file, at, layout.end, static_cast<int>(tracks.size())));
    if (!head) break;
    SourceTrack& t = tracks[static_cast<size_t>(head->track)];
    int64_t& end = next[static_cast<size_t>(head->track)];
    if (t.samples.empty()) {
      t.first_dts = end = head->tfdt;
    } else if (head->tfdt < end || head->tfdt - end > int64_t{UINT32_MAX} - t.samples.back().duration) {
      break;
    }
    if (!t.samples.empty()) t.samples.back().duration += static_cast<uint32_t>(head->tfdt - end);
    if (t.samples.size() + head->samples.size() > kMaxSamples) return bad(file, "too many samples");
    t.samples.insert(t.samples.end(), head->samples.begin(), head->samples.end());
    t.chunks.push_back({head->data_offset, static_cast<uint32_t>(head->samples.size())});
    end = head->tfdt + head->duration;
    at = head->offset + head->size;
  }
  out.bytes = at;
  for (auto& t : tracks)
    if (!t.samples.empty()) out.tracks.push_back(std::move(t));
  return {};
}

}  // namespace

Result<SourceTables> read_tables(File& file) {
  CBX_ASSIGN(const mp4::Layout layout, mp4::locate(file));
  SourceTables out;
  out.info = layout.info;
  out.finished = layout.finished;
  CBX_ASSIGN(out.bytes, file.size());
  if (layout.finished) {
    CBX_TRY(read_finished(file, layout, out));
  } else {
    CBX_TRY(read_recording(file, layout, out));
  }
  // Far from where 64 bits end, so that nobody has to look at each sum.
  constexpr int64_t kFar = int64_t{1} << 52;
  int64_t begin = INT64_MAX;
  for (const SourceTrack& t : out.tracks) {
    if (std::abs(t.first_dts) > kFar) return bad(file, "its time stamps");
    begin = std::min(begin, mp4::rescale(t.first_dts, t.timescale(), static_cast<int>(codec::kPtsHz)));
  }
  // The two are told apart by pictures that are reordered and sound that comes early; more is an error in the info box.
  constexpr int64_t kApart = 60 * codec::kPtsHz;
  if (!out.tracks.empty() && (out.info.pts < begin - kApart || out.info.pts > begin + kApart)) out.info.pts = begin;
  return out;
}

}  // namespace cbx::cut

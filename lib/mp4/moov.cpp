#include "mp4/moov.h"

#include <algorithm>
#include <map>

#include "mp4/box.h"
#include "mp4/hybrid_writer.h"
#include "mp4/sample_entry.h"

namespace cbx::mp4 {
namespace {

using codec::TrackConfig;

constexpr uint16_t kUndetermined = 0x55c4;   // language "und"
constexpr uint64_t kEpoch1904 = 2082844800;  // seconds from 1904 to 1970
constexpr std::array<int32_t, 9> kUnity = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
constexpr int kMaxTracks = 8;

void write_matrix(BoxWriter& w, const std::array<int32_t, 9>& m) {
  for (const int32_t v : m) w.i32(v);
}

// Creation and modification time and what lies between them and the duration, in the version that holds them.
template <typename Middle>
void write_times(BoxWriter& w, std::string_view type, uint32_t flags, uint64_t creation, uint64_t duration,
                 Middle&& middle, const std::function<void()>& tail) {
  const bool wide = creation > UINT32_MAX || duration > UINT32_MAX;
  const auto number = [&](uint64_t v) { wide ? w.u64(v) : w.u32(static_cast<uint32_t>(v)); };
  w.full_box(type, wide ? 1 : 0, flags, [&] {
    number(creation);
    number(creation);
    middle();
    number(duration);
    tail();
  });
}

void write_mvhd(BoxWriter& w, uint64_t creation, uint64_t duration, uint32_t next_track) {
  write_times(
      w, "mvhd", 0, creation, duration, [&] { w.u32(kMovieTimescale); },
      [&] {
        w.u32(0x10000);  // rate
        w.u16(0x100);    // volume
        w.zeros(10);
        write_matrix(w, kUnity);
        w.zeros(24);
        w.u32(next_track);
      });
}

void write_tkhd(BoxWriter& w, const TrackConfig& t, uint32_t id, uint64_t creation, uint64_t duration) {
  const bool video = codec::is_video(t.codec);
  const auto middle = [&] {
    w.u32(id);
    w.u32(0);
  };
  write_times(w, "tkhd", 3, creation, duration, middle, [&] {
    w.zeros(8);
    w.u16(0);              // layer
    w.u16(video ? 0 : 1);  // alternate group
    w.u16(video ? 0 : 0x100);
    w.u16(0);
    write_matrix(w, video ? display_matrix(t.video) : kUnity);
    const DisplaySize size = video ? display_size(t.video) : DisplaySize{};
    w.u32(size.width);
    w.u32(size.height);
  });
}

template <typename Tables>
void write_mdia(BoxWriter& w, const TrackConfig& t, uint64_t creation, uint64_t duration, Tables&& tables) {
  const bool video = codec::is_video(t.codec);
  w.box("mdia", [&] {
    write_times(
        w, "mdhd", 0, creation, duration, [&] { w.u32(static_cast<uint32_t>(codec::track_timescale(t))); },
        [&] {
          w.u16(kUndetermined);
          w.u16(0);
        });
    w.full_box("hdlr", 0, 0, [&] {
      w.u32(0);
      w.text(video ? "vide" : "soun");
      w.zeros(12);
      w.text(video ? "VideoHandler" : "SoundHandler");
      w.u8(0);
    });
    w.box("minf", [&] {
      if (video) {
        w.full_box("vmhd", 0, 1, [&] { w.zeros(8); });
      } else {
        w.full_box("smhd", 0, 0, [&] { w.zeros(4); });
      }
      w.box("dinf", [&] {
        w.full_box("dref", 0, 0, [&] {
          w.u32(1);
          w.full_box("url ", 0, 1, [] {});
        });
      });
      w.box("stbl", [&] {
        w.full_box("stsd", 0, 0, [&] {
          w.u32(1);
          write_sample_entry(w, t);
        });
        tables();
      });
    });
  });
}

void write_empty_tables(BoxWriter& w) {
  for (const std::string_view type : {"stts", "stsc", "stco"}) w.full_box(type, 0, 0, [&] { w.u32(0); });
  w.full_box("stsz", 0, 0, [&] { w.zeros(8); });
}

void write_runs(BoxWriter& w, std::string_view type, uint8_t version, const std::vector<SampleTable::Run>& runs,
                uint32_t add) {
  w.full_box(type, version, 0, [&] {
    w.u32(static_cast<uint32_t>(runs.size()));
    for (const SampleTable::Run& r : runs) {
      w.u32(r.count);
      w.u32(r.value + add);
    }
  });
}

// Composition offsets; `shift` is added to each, so that none of what is presented lies before the media's start.
void write_ctts(BoxWriter& w, const SampleTable& t, uint32_t shift) {
  bool any = false, negative = false;
  for (const SampleTable::Run& r : t.offsets()) {
    const uint32_t v = r.value + shift;
    any |= v != 0;
    negative |= static_cast<int32_t>(v) < 0;
  }
  if (any) write_runs(w, "ctts", negative ? 1 : 0, t.offsets(), shift);
}

void write_stsc(BoxWriter& w, const SampleTable& t) {
  std::vector<std::pair<uint32_t, uint32_t>> rows;  // first chunk, samples in each
  for (size_t i = 0; i < t.chunks().size(); ++i) {
    const uint32_t n = t.chunks()[i].samples;
    if (rows.empty() || rows.back().second != n) rows.emplace_back(static_cast<uint32_t>(i + 1), n);
  }
  w.full_box("stsc", 0, 0, [&] {
    w.u32(static_cast<uint32_t>(rows.size()));
    for (const auto& [first, n] : rows) {
      w.u32(first);
      w.u32(n);
      w.u32(1);
    }
  });
}

void write_stsz(BoxWriter& w, const SampleTable& t) {
  const auto& sizes = t.sizes();
  const bool equal = std::all_of(sizes.begin(), sizes.end(), [&](uint32_t s) { return s == sizes.front(); });
  w.full_box("stsz", 0, 0, [&] {
    w.u32(equal ? sizes.front() : 0);
    w.u32(static_cast<uint32_t>(sizes.size()));
    if (!equal) {
      for (const uint32_t s : sizes) w.u32(s);
    }
  });
}

void write_chunk_offsets(BoxWriter& w, const SampleTable& t) {
  const bool wide = t.chunks().back().offset > UINT32_MAX;
  w.full_box(wide ? "co64" : "stco", 0, 0, [&] {
    w.u32(static_cast<uint32_t>(t.chunks().size()));
    for (const SampleTable::Chunk& c : t.chunks()) wide ? w.u64(c.offset) : w.u32(static_cast<uint32_t>(c.offset));
  });
}

void write_tables(BoxWriter& w, const SampleTable& t, uint32_t shift) {
  write_runs(w, "stts", 0, t.durations(), 0);
  if (t.video() && t.sync_samples().size() != t.sizes().size()) {
    w.full_box("stss", 0, 0, [&] {
      w.u32(static_cast<uint32_t>(t.sync_samples().size()));
      for (const uint32_t n : t.sync_samples()) w.u32(n);
    });
  }
  write_ctts(w, t, shift);
  write_stsc(w, t);
  write_stsz(w, t);
  write_chunk_offsets(w, t);
}

// The presentation of one track in movie time: nothing until `delay`, then the media from `media_time` on.
struct Edit {
  uint64_t delay = 0, duration = 0;
  uint64_t media_time = 0;
};

void write_edits(BoxWriter& w, const Edit& e) {
  const bool wide = e.delay > UINT32_MAX || e.duration > UINT32_MAX || e.media_time > INT32_MAX;
  const auto row = [&](uint64_t duration, int64_t media_time) {
    wide ? w.u64(duration) : w.u32(static_cast<uint32_t>(duration));
    wide ? w.u64(static_cast<uint64_t>(media_time)) : w.i32(static_cast<int32_t>(media_time));
    w.u32(0x10000);  // rate
  };
  w.box("edts", [&] {
    w.full_box("elst", wide ? 1 : 0, 0, [&] {
      w.u32(e.delay > 0 ? 2 : 1);
      if (e.delay > 0) row(e.delay, -1);
      row(e.duration, static_cast<int64_t>(e.media_time));
    });
  });
}

Edit edit_of(const SampleTable& t, int64_t movie_begin) {
  const int64_t begin = rescale(t.first_pts(), t.timescale(), kMovieTimescale);
  const int64_t length = t.end_pts() - t.first_pts();
  // Rounded up, so that a reader which compares in track time keeps the last sample.
  int64_t duration = rescale(length, t.timescale(), kMovieTimescale);
  if (rescale(duration, kMovieTimescale, t.timescale()) < length) ++duration;
  return {static_cast<uint64_t>(begin - movie_begin), static_cast<uint64_t>(duration),
          static_cast<uint64_t>(std::max<int64_t>(0, t.first_pts() - t.first_dts()))};
}

std::optional<TrackConfig> parse_trak(ByteSpan trak, uint32_t id) {
  const auto tkhd = find_box(trak, "tkhd"), mdia = find_box(trak, "mdia");
  if (!tkhd || !mdia || tkhd->size() < 84 || read_be32(tkhd->data() + 12) != id) return std::nullopt;
  const auto mdhd = find_box(*mdia, "mdhd"), minf = find_box(*mdia, "minf");
  if (!mdhd || !minf || mdhd->size() < 24 || (*mdhd)[0] != 0) return std::nullopt;
  const uint32_t timescale = read_be32(mdhd->data() + 12);
  const auto stbl = find_box(*minf, "stbl");
  const auto stsd = stbl ? find_box(*stbl, "stsd") : std::nullopt;
  if (!stsd || stsd->size() < 8 || timescale == 0 || timescale > 1'000'000) return std::nullopt;
  ByteSpan entries = stsd->subspan(8);
  const auto entry = next_box(entries);
  if (!entry) return std::nullopt;
  auto track = parse_sample_entry(*entry, static_cast<int>(timescale));
  if (!track || static_cast<uint32_t>(codec::track_timescale(*track)) != timescale) return std::nullopt;
  if (codec::is_video(track->codec)) {
    std::array<int32_t, 9> matrix;
    for (size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<int32_t>(read_be32(tkhd->data() + 40 + 4 * i));
    apply_matrix(matrix, track->video);
  }
  return track;
}

}  // namespace

Bytes file_type() {
  Bytes out;
  BoxWriter w(out);
  w.box("ftyp", [&] {
    w.text("isom");
    w.u32(512);
    for (const std::string_view brand : {"isom", "iso2", "iso6", "avc1", "mp41"}) w.text(brand);
  });
  return out;
}

namespace {

// All tracks, or only the one of that index.
Bytes write_init(std::span<const TrackConfig> tracks, std::optional<size_t> only) {
  Bytes out;
  BoxWriter w(out);
  w.box("ftyp", [&] {
    w.text("iso6");
    w.u32(0);
    for (const std::string_view brand : {"iso6", "iso5", "isom", "mp41"}) w.text(brand);
  });
  const auto each_track = [&](const auto& body) {
    for (size_t i = 0; i < tracks.size(); ++i) {
      if (!only || *only == i) body(tracks[i], static_cast<uint32_t>(i + 1));
    }
  };
  w.box("moov", [&] {
    write_mvhd(w, 0, 0, static_cast<uint32_t>(tracks.size() + 1));
    each_track([&](const TrackConfig& t, uint32_t id) {
      w.box("trak", [&] {
        write_tkhd(w, t, id, 0, 0);
        write_mdia(w, t, 0, 0, [&] { write_empty_tables(w); });
      });
    });
    w.box("mvex", [&] {
      each_track([&](const TrackConfig&, uint32_t id) {
        w.full_box("trex", 0, 0, [&] {
          w.u32(id);
          w.u32(1);  // sample description
          w.zeros(12);
        });
      });
    });
  });
  return out;
}

}  // namespace

Bytes init_segment(std::span<const TrackConfig> tracks) {
  return write_init(tracks, std::nullopt);
}

Bytes init_segment_of(std::span<const TrackConfig> tracks, int track) {
  return write_init(tracks, static_cast<size_t>(track));
}

Bytes final_moov(const std::vector<TrackConfig>& tracks, const std::vector<SampleTable>& tables, WallMs creation) {
  Bytes out;
  BoxWriter w(out);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(creation).time_since_epoch().count();
  const uint64_t created = static_cast<uint64_t>(std::max<int64_t>(0, seconds)) + kEpoch1904;
  const Presentation movie = presentation_of(tables);
  uint64_t movie_duration = 0;
  for (const SampleTable& t : tables) {
    if (t.empty()) continue;
    const Edit e = edit_of(t, movie.begin);
    movie_duration = std::max(movie_duration, e.delay + e.duration);
  }
  w.box("moov", [&] {
    write_mvhd(w, created, movie_duration, static_cast<uint32_t>(tracks.size() + 1));
    for (size_t i = 0; i < tracks.size(); ++i) {
      const SampleTable& t = tables[i];
      if (t.empty()) continue;
      const Edit edit = edit_of(t, movie.begin);
      // Pictures presented before the first decoding time: move all, media_time can't be negative.
      const int64_t shift = std::clamp<int64_t>(t.first_dts() - t.first_pts(), 0, INT32_MAX);
      w.box("trak", [&] {
        write_tkhd(w, tracks[i], static_cast<uint32_t>(i + 1), created, edit.delay + edit.duration);
        write_edits(w, edit);
        write_mdia(w, tracks[i], created, static_cast<uint64_t>(t.next_dts() - t.first_dts()),
                   [&] { write_tables(w, t, static_cast<uint32_t>(shift)); });
      });
    }
  });
  return out;
}

std::optional<std::vector<TrackConfig>> parse_init_moov(ByteSpan payload) {
  std::vector<TrackConfig> tracks;
  bool fragmented = false;
  while (auto box = next_box(payload)) {
    fragmented |= box->type == fourcc("mvex");
    if (box->type != fourcc("trak")) continue;
    auto track = parse_trak(box->payload, static_cast<uint32_t>(tracks.size() + 1));
    if (!track || tracks.size() >= kMaxTracks) return std::nullopt;
    tracks.push_back(std::move(*track));
  }
  if (tracks.empty() || !fragmented || !payload.empty()) return std::nullopt;
  return tracks;
}

}  // namespace cbx::mp4

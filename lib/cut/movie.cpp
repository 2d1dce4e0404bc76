#include "cut/movie.h"

#include <algorithm>

#include "mp4/box.h"
#include "mp4/moov.h"
#include "mp4/sample_entry.h"
#include "mp4/sample_table.h"

namespace cbx::cut {
namespace {

using mp4::BoxWriter;
using mp4::kMovieTimescale;
using mp4::rescale;

constexpr uint64_t kEpoch1904 = 2082844800;  // seconds from 1904 to 1970
constexpr uint16_t kUndetermined = 0x55c4;   // language "und"
constexpr uint64_t kBesideTables = 1 << 20;  // more than all boxes but the sample tables need

// The presentation of one track: nothing until `delay`, then its media from `media_time` on for `duration`.
struct Edit {
  uint64_t delay = 0, duration = 0;  // 90 kHz
  uint64_t media_time = 0;           // ticks of the track
  int64_t shift = 0;                 // added to all composition offsets, so that media_time is not negative
  uint64_t end() const { return delay + duration; }
};

// Where a track begins to be shown.  Readers such as libavformat begin with the first whole picture and shift it to
// where the edit begins: it must be a picture's begin, or sound and picture come apart by a part of a picture.  Where
// pictures are rare, the one on the screen counts for more.
int64_t shown_from(const TrackBuilder& t) {
  const bool soon = t.first_shown() <= t.timescale() / 2;
  return t.first_pts() >= 0 ? t.first_pts() : t.video() && soon ? t.first_shown() : 0;
}

Edit edit_of(const TrackBuilder& t, int64_t movie_end) {
  const int64_t from = shown_from(t);
  const int64_t delay = rescale(from, t.timescale(), kMovieTimescale);
  const int64_t last = rescale(t.end_pts(), t.timescale(), kMovieTimescale) + 1;
  int64_t end = movie_end;
  if (t.end_pts() < rescale(movie_end, kMovieTimescale, t.timescale())) {
    end = last - 1;
    // Rounded up, so that a reader which compares in track time keeps the last sample.
    if (rescale(end, kMovieTimescale, t.timescale()) < t.end_pts()) end = last;
  }
  Edit e;
  e.delay = static_cast<uint64_t>(delay);
  e.duration = static_cast<uint64_t>(std::max<int64_t>(1, end - delay));
  e.shift = std::max<int64_t>(0, t.first_dts() - from);
  e.media_time = static_cast<uint64_t>(from + e.shift - t.first_dts());
  return e;
}

// Version 0 where everything fits, else 1.
class Number {
 public:
  Number(BoxWriter& w, bool wide) : w_(w), wide_(wide) {}
  void operator()(uint64_t v) { wide_ ? w_.u64(v) : w_.u32(static_cast<uint32_t>(v)); }

 private:
  BoxWriter& w_;
  bool wide_;
};

void write_matrix(BoxWriter& w, const std::array<int32_t, 9>& m) {
  for (const int32_t v : m) w.i32(v);
}
constexpr std::array<int32_t, 9> kUnity = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

void write_mvhd(BoxWriter& w, uint64_t created, uint64_t duration, size_t tracks) {
  const bool wide = created > UINT32_MAX || duration > UINT32_MAX;
  Number number(w, wide);
  w.full_box("mvhd", wide ? 1 : 0, 0, [&] {
    number(created);
    number(created);
    w.u32(kMovieTimescale);
    number(duration);
    w.u32(0x10000);
    w.u16(0x100);
    w.zeros(10);
    write_matrix(w, kUnity);
    w.zeros(24);
    w.u32(static_cast<uint32_t>(tracks + 1));
  });
}

void write_tkhd(BoxWriter& w, const TrackBuilder& t, uint32_t id, uint64_t created, uint64_t duration) {
  const bool wide = created > UINT32_MAX || duration > UINT32_MAX;
  Number number(w, wide);
  w.full_box("tkhd", wide ? 1 : 0, 3, [&] {
    number(created);
    number(created);
    w.u32(id);
    w.u32(0);
    number(duration);
    w.zeros(8);
    w.u16(0);                  // layer
    w.u16(t.video() ? 0 : 1);  // alternate group
    w.u16(t.video() ? 0 : 0x100);
    w.u16(0);
    const codec::VideoInfo& video = t.entries().front().video;
    write_matrix(w, t.video() ? mp4::display_matrix(video) : kUnity);
    const mp4::DisplaySize size = t.video() ? mp4::display_size(video) : mp4::DisplaySize{};
    w.u32(size.width);
    w.u32(size.height);
  });
}

void write_edits(BoxWriter& w, const Edit& e) {
  const bool wide = e.delay > UINT32_MAX || e.duration > UINT32_MAX || e.media_time > INT32_MAX;
  Number number(w, wide);
  const auto row = [&](uint64_t duration, uint64_t media_time) {
    number(duration);
    number(media_time);
    w.u32(0x10000);
  };
  w.box("edts", [&] {
    w.full_box("elst", wide ? 1 : 0, 0, [&] {
      w.u32(e.delay > 0 ? 2 : 1);
      if (e.delay > 0) row(e.delay, UINT64_MAX);  // -1: nothing is presented
      row(e.duration, e.media_time);
    });
  });
}

void write_runs(BoxWriter& w, std::string_view type, uint8_t version, const std::vector<TrackBuilder::Run>& runs,
                uint32_t add) {
  w.full_box(type, version, 0, [&] {
    w.u32(static_cast<uint32_t>(runs.size()));
    for (const TrackBuilder::Run& r : runs) {
      w.u32(r.count);
      w.u32(r.value + add);
    }
  });
}

void write_offsets(BoxWriter& w, const TrackBuilder& t, uint32_t shift) {
  bool any = false, negative = false;
  for (const TrackBuilder::Run& r : t.offsets()) {
    any |= r.value + shift != 0;
    negative |= static_cast<int32_t>(r.value + shift) < 0;
  }
  if (any) write_runs(w, "ctts", negative ? 1 : 0, t.offsets(), shift);
}

void write_chunk_samples(BoxWriter& w, const TrackBuilder& t) {
  struct Row {
    uint32_t first, samples, entry;
  };
  std::vector<Row> rows;
  const auto& chunks = t.chunks();
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (rows.empty() || rows.back().samples != chunks[i].samples || rows.back().entry != chunks[i].entry)
      rows.push_back({static_cast<uint32_t>(i + 1), chunks[i].samples, chunks[i].entry});
  }
  w.full_box("stsc", 0, 0, [&] {
    w.u32(static_cast<uint32_t>(rows.size()));
    for (const Row& r : rows) {
      w.u32(r.first);
      w.u32(r.samples);
      w.u32(r.entry + 1);
    }
  });
}

void write_chunk_offsets(BoxWriter& w, const TrackBuilder& t, uint64_t base, bool wide) {
  Number number(w, wide);
  w.full_box(wide ? "co64" : "stco", 0, 0, [&] {
    w.u32(static_cast<uint32_t>(t.chunks().size()));
    for (const TrackBuilder::Chunk& c : t.chunks()) number(base + c.offset);
  });
}

void write_sizes(BoxWriter& w, const TrackBuilder& t) {
  w.full_box("stsz", 0, 0, [&] {
    w.u32(0);
    w.u32(t.samples());
    w.bytes(t.sizes());
  });
}

void write_sample_tables(BoxWriter& w, const TrackBuilder& t, int64_t shift, uint64_t base, bool wide) {
  w.full_box("stsd", 0, 0, [&] {
    w.u32(static_cast<uint32_t>(t.entries().size()));
    for (const codec::TrackConfig& entry : t.entries()) mp4::write_sample_entry(w, entry);
  });
  write_runs(w, "stts", 0, t.durations(), 0);
  if (t.video() && t.sync_samples().size() != t.sizes().size()) {
    w.full_box("stss", 0, 0, [&] {
      w.u32(static_cast<uint32_t>(t.sync_samples().size() / 4));
      w.bytes(t.sync_samples());
    });
  }
  write_offsets(w, t, static_cast<uint32_t>(shift));
  write_chunk_samples(w, t);
  write_sizes(w, t);
  write_chunk_offsets(w, t, base, wide);
}

void write_media(BoxWriter& w, const TrackBuilder& t, uint64_t created, int64_t shift, uint64_t base, bool wide) {
  const auto duration = static_cast<uint64_t>(t.next_dts() - t.first_dts());
  const bool long_times = created > UINT32_MAX || duration > UINT32_MAX;
  Number number(w, long_times);
  w.box("mdia", [&] {
    w.full_box("mdhd", long_times ? 1 : 0, 0, [&] {
      number(created);
      number(created);
      w.u32(static_cast<uint32_t>(t.timescale()));
      number(duration);
      w.u16(kUndetermined);
      w.u16(0);
    });
    w.full_box("hdlr", 0, 0, [&] {
      w.u32(0);
      w.text(t.video() ? "vide" : "soun");
      w.zeros(12);
      w.text(t.video() ? "VideoHandler" : "SoundHandler");
      w.u8(0);
    });
    w.box("minf", [&] {
      if (t.video()) {
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
      w.box("stbl", [&] { write_sample_tables(w, t, shift, base, wide); });
    });
  });
}

void write_moov(Bytes& out, const Movie& movie, uint64_t base, bool wide) {
  BoxWriter w(out);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(movie.creation).time_since_epoch().count();
  const uint64_t created = static_cast<uint64_t>(std::max<int64_t>(0, seconds)) + kEpoch1904;
  uint64_t end = 0;
  for (const TrackBuilder& t : movie.tracks) end = std::max(end, edit_of(t, movie.end).end());
  w.box("moov", [&] {
    write_mvhd(w, created, end, movie.tracks.size());
    uint32_t id = 0;
    for (const TrackBuilder& t : movie.tracks) {
      const Edit edit = edit_of(t, movie.end);
      w.box("trak", [&] {
        write_tkhd(w, t, ++id, created, edit.end());
        write_edits(w, edit);
        write_media(w, t, created, edit.shift, base, wide);
      });
    }
  });
}

uint64_t table_bytes(const Movie& movie) {
  uint64_t n = 0;
  for (const TrackBuilder& t : movie.tracks)
    n += t.sizes().size() + t.sync_samples().size() + 8 * (t.durations().size() + t.offsets().size()) +
         20 * t.chunks().size();
  return n;
}

}  // namespace

Result<Bytes> movie_head(const Movie& movie) {
  const uint64_t most = table_bytes(movie) + kBesideTables;
  if (most > UINT32_MAX / 2) return fail(ErrorCode::data, "too many samples for one file: ask for a shorter range");
  const bool wide = most + movie.data_bytes > UINT32_MAX;
  // How long the moov is does not depend on where the media data begins.
  Bytes out = mp4::file_type();
  const size_t ftyp = out.size();
  out.reserve(static_cast<size_t>(most));
  write_moov(out, movie, 0, wide);
  const uint64_t base = out.size() + mp4::kLargeBoxHeader;
  out.resize(ftyp);
  write_moov(out, movie, base, wide);
  BoxWriter w(out);
  w.u32(1);
  w.text("mdat");
  w.u64(movie.data_bytes + mp4::kLargeBoxHeader);
  out.shrink_to_fit();
  return out;
}

}  // namespace cbx::cut

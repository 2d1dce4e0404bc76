#include "mp4/hybrid_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "mp4/box.h"
#include "mp4/info_box.h"
#include "mp4/moov.h"

namespace cbx::mp4 {
namespace {

// A hidden init is a few hundred bytes; parameter sets can make it some kilobytes.
constexpr uint64_t kMaxInit = 1 << 20;

// A box in the file: its header only.
struct Header {
  uint32_t type = 0;
  uint64_t offset = 0, size = 0;
  uint64_t payload = 0;  // offset of it
  uint64_t end() const { return offset + size; }
};

// nullopt when no box that fits lies there.
Result<std::optional<Header>> read_header(File& file, uint64_t offset, uint64_t end) {
  std::optional<Header> header;
  uint8_t b[kLargeBoxHeader] = {};
  if (offset > end || end - offset < kBoxHeader) return header;
  CBX_ASSIGN(const size_t n, file.read_at(offset, b));
  if (n < kBoxHeader) return header;
  uint64_t size = read_be32(b), length = kBoxHeader;
  if (size == 1) {
    if (n < kLargeBoxHeader) return header;
    size = read_be64(b + 8);
    length = kLargeBoxHeader;
  }
  if (size < length || size > end - offset) return header;
  header = Header{read_be32(b + 4), offset, size, offset + length};
  return header;
}

Result<bool> is_info_box(File& file, uint64_t offset, uint64_t end) {
  CBX_ASSIGN(const auto header, read_header(file, offset, end));
  if (!header || header->type != fourcc("uuid") || header->size < kInfoHeader || header->size > kMaxInfoBox)
    return false;
  std::array<uint8_t, 16> type{};
  CBX_ASSIGN(const size_t n, file.read_at(header->payload, type));
  return n == type.size() && type == kInfoUuid && header->payload == offset + kBoxHeader;
}

// Follows the outer boxes of a recording, or of a finished file with its moov before or behind the mdat.
// True if they led to the uuid box.
Result<bool> follow_boxes(File& file, uint64_t size, FoundInfo& found) {
  uint64_t at = found.reserve_offset;
  bool moov = false, frees = false;
  for (int i = 0; i < 3; ++i) {
    CBX_ASSIGN(const bool here, is_info_box(file, at, size));
    if (here) {
      found.offset = at;
      found.recording = frees && !moov;
      found.end = size;
      return true;
    }
    CBX_ASSIGN(const auto box, read_header(file, at, size));
    if (!box) return false;
    if (box->type == fourcc("mdat")) {
      CBX_ASSIGN(const bool inside, is_info_box(file, box->payload, size));
      if (!inside) return false;
      found.offset = box->payload;
      found.end = box->end();
      if (moov) {
        found.finished = box->end() == size;
      } else {
        CBX_ASSIGN(const auto last, read_header(file, box->end(), size));
        found.finished = last && last->type == fourcc("moov") && last->end() == size;
      }
      if (!found.finished) found.end = size;
      return true;
    }
    if (box->type == fourcc("moov")) {
      moov = true;
    } else if (box->type == fourcc("free")) {
      frees = true;
    } else {
      return false;
    }
    at = box->end();
  }
  return false;
}

// A commit that was torn leaves a header that leads nowhere: look for the box itself.
Result<bool> scan_for_info(File& file, uint64_t size, FoundInfo& found) {
  constexpr size_t kChunk = 256 << 10;
  const uint64_t limit = std::min(size, found.reserve_offset + kMostReserve + kInfoHeader);
  Bytes buffer(kChunk + kInfoHeader);
  for (uint64_t at = found.reserve_offset; at < limit; at += kChunk) {
    CBX_ASSIGN(const size_t n, file.read_at(at, buffer));
    auto from = buffer.begin();
    const auto to = buffer.begin() + static_cast<ptrdiff_t>(n);
    while ((from = std::search(from, to, kInfoUuid.begin(), kInfoUuid.end())) != to) {
      const uint64_t hit = at + static_cast<uint64_t>(from - buffer.begin());
      ++from;
      if (hit < found.reserve_offset + kBoxHeader) continue;
      CBX_ASSIGN(const bool here, is_info_box(file, hit - kBoxHeader, size));
      if (!here) continue;
      found.offset = hit - kBoxHeader;
      found.end = size;
      return true;
    }
  }
  return false;
}

tl::unexpected<Error> not_ours(File& file, std::string_view why) {
  return fail(ErrorCode::data, fmt::format("'{}' is not a cbx segment: {}", file.path(), why));
}

}  // namespace

Result<FoundInfo> find_info(File& file) {
  CBX_ASSIGN(const uint64_t size, file.size());
  CBX_ASSIGN(const auto ftyp, read_header(file, 0, size));
  if (!ftyp || ftyp->type != fourcc("ftyp") || ftyp->size > 4096) return not_ours(file, "no file type box");
  FoundInfo found;
  found.reserve_offset = ftyp->size;
  CBX_ASSIGN(bool there, follow_boxes(file, size, found));
  if (!there) {
    CBX_ASSIGN(there, scan_for_info(file, size, found));
  }
  if (!there) return not_ours(file, "no cbx box");
  CBX_ASSIGN(const auto box, read_header(file, found.offset, size));
  if (!box) return not_ours(file, "no cbx box");
  found.size = box->size;
  Bytes json(static_cast<size_t>(box->size - kInfoHeader));
  CBX_ASSIGN(const size_t n, file.read_at(found.offset + kInfoHeader, json));
  if (n < json.size()) return not_ours(file, "cut short");
  CBX_ASSIGN(InfoBox info, parse_info_json(json, file.path()));
  found.info = std::move(info.info);
  found.codecs = std::move(info.codecs);
  return found;
}

Result<Layout> locate(File& file) {
  CBX_ASSIGN(FoundInfo found, find_info(file));
  Layout layout;
  layout.reserve_offset = found.reserve_offset;
  layout.reserve_size = found.offset - found.reserve_offset;
  if (layout.reserve_size < kLeastReserve || layout.reserve_size > kMostReserve) return not_ours(file, "bad reserve");
  layout.finished = found.finished;
  layout.recording = found.recording;
  layout.end = found.end;
  layout.info = std::move(found.info);
  layout.init_offset = found.offset + found.size;
  CBX_ASSIGN(const auto ftyp, read_header(file, layout.init_offset, layout.end));
  if (!ftyp || ftyp->type != fourcc("ftyp") || ftyp->size > kMaxInit) return not_ours(file, "no init segment");
  CBX_ASSIGN(const auto moov, read_header(file, ftyp->end(), layout.end));
  if (!moov || moov->type != fourcc("moov") || moov->size > kMaxInit) return not_ours(file, "no init segment");
  layout.fragments_offset = moov->end();
  layout.init_size = moov->end() - layout.init_offset;
  Bytes payload(static_cast<size_t>(moov->end() - moov->payload));
  CBX_ASSIGN(const size_t n, file.read_at(moov->payload, payload));
  auto tracks = n == payload.size() ? parse_init_moov(payload) : std::nullopt;
  if (!tracks) return not_ours(file, "bad init segment");
  layout.tracks = std::move(*tracks);
  for (size_t i = 0; i < layout.tracks.size() && i < found.codecs.size(); ++i) {
    if (layout.tracks[i].codec == codec::Codec::mp3 && found.codecs[i] == codec::codec_name(codec::Codec::mp2))
      layout.tracks[i].codec = codec::Codec::mp2;
  }
  return layout;
}

Fragment brief_of(const FragmentHead& head) {
  Fragment f{head.track, head.offset, head.size, head.tfdt, head.duration, head.key(), INT64_MAX, INT64_MIN};
  int64_t dts = head.tfdt;
  for (const FragmentSample& s : head.samples) {
    f.first_pts = std::min(f.first_pts, dts + s.composition_offset);
    f.end_pts = std::max(f.end_pts, dts + s.composition_offset + s.duration);
    dts += s.duration;
  }
  return f;
}

Finished summary_of(const std::vector<SampleTable>& tables, uint64_t bytes, uint64_t moov_bytes) {
  Finished f;
  f.bytes = bytes;
  f.moov_bytes = moov_bytes;
  const Presentation p = presentation_of(tables);
  f.duration_ms = rescale(p.end - p.begin, static_cast<int>(codec::kPtsHz), 1000);
  for (const SampleTable& t : tables) {
    f.samples += t.sizes().size();
    if (t.video()) f.video_samples += t.sizes().size();
  }
  return f;
}

// A crash leaves one of three files, and salvage() finishes each: before the commit, a recording whose reserve (or
// whose end, behind the last fragment) holds bytes that nobody looks at; after it, a finished file; and, should the
// eight bytes of the commit themselves be torn, one whose cbx box is found by scan.
Result<Finished> finish_file(File& file, const Layout& layout, uint64_t end, const std::vector<SampleTable>& tables,
                             const std::function<void(std::string_view)>& step) {
  const auto say = [&](std::string_view name) {
    if (step) step(name);
  };
  const Bytes moov = final_moov(layout.tracks, tables, layout.info.start);
  if (moov.size() > UINT32_MAX) return fail(ErrorCode::data, "too many samples for one file");
  const uint64_t reserve_end = layout.reserve_offset + layout.reserve_size;
  const uint64_t taken = moov.size() + kLargeBoxHeader;
  // What is left over must be nothing or room for a box header.
  const bool fits = layout.reserve_size == taken || layout.reserve_size >= taken + kBoxHeader;

  Bytes inside;  // of the reserve, behind its header
  BoxWriter w(inside);
  uint64_t at = layout.reserve_offset + kBoxHeader;
  uint8_t commit[kBoxHeader];
  if (fits) {
    std::copy_n(moov.data(), kBoxHeader, commit);
    w.bytes(ByteSpan(moov).subspan(kBoxHeader));
    const uint64_t rest = layout.reserve_size - taken;
    if (rest > 0) {
      w.u32(static_cast<uint32_t>(rest));
      w.text("free");
    }
  } else {
    write_be32(commit, static_cast<uint32_t>(layout.reserve_size - kLargeBoxHeader));
    write_be32(commit + 4, fourcc("free"));
  }
  Bytes mdat;
  BoxWriter m(mdat);
  m.u32(1);
  m.text("mdat");
  m.u64(end - reserve_end + kLargeBoxHeader);

  // A write that failed half-way, on a disk that would not even cut it off.
  CBX_ASSIGN(const uint64_t size, file.size());
  if (size > end) CBX_TRY(file.truncate(end));

  say("moov");
  if (fits) {
    CBX_TRY(file.write_at(at, inside));
  } else if (Status written = file.write_at(end, moov); !written) {
    (void)file.truncate(end);
    return fail(std::move(written).error());
  }
  CBX_TRY(file.write_at(reserve_end - kLargeBoxHeader, mdat));
  say("sync");
  CBX_TRY(file.sync_data());
  say("commit");
  CBX_TRY(file.write_at(layout.reserve_offset, ByteSpan(commit)));
  return summary_of(tables, fits ? end : end + moov.size(), moov.size());
}

}  // namespace cbx::mp4

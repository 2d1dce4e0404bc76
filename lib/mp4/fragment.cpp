#include "mp4/fragment.h"

#include <algorithm>

#include "mp4/box.h"

namespace cbx::mp4 {
namespace {

// Sample flags (8.8.3.1): sample_depends_on 2 (an I picture) or 1 (not), sample_is_non_sync_sample.
constexpr uint32_t kSyncFlags = 0x02000000;
constexpr uint32_t kNonSyncFlags = 0x01010000;
constexpr uint32_t kNonSyncBit = 0x00010000;

constexpr uint32_t kTfhdBaseOffset = 0x1, kTfhdDescription = 0x2, kTfhdDuration = 0x8, kTfhdSize = 0x10,
                   kTfhdFlags = 0x20, kTfhdBaseIsMoof = 0x20000;
constexpr uint32_t kTrunDataOffset = 0x1, kTrunFirstFlags = 0x4, kTrunDuration = 0x100, kTrunSize = 0x200,
                   kTrunFlags = 0x400, kTrunOffset = 0x800;

// More than any fragment of a second needs; what is larger is not ours.
constexpr uint64_t kMaxMoof = 16 << 20;
// A second has fewer even with one for each tick.  Without it a box of forty bytes claims a sample for each byte of the
// file, and 16 bytes of memory for each of them.
constexpr uint32_t kMaxFragmentSamples = 1 << 20;
constexpr int64_t kMaxTfdt = int64_t{1} << 60;

uint32_t flags_of(const FragmentSample& s) {
  return s.key ? kSyncFlags : kNonSyncFlags;
}

// What differs between the samples, and so must be told one by one.
struct Plan {
  uint32_t trun = kTrunDataOffset;
  uint32_t tfhd = kTfhdBaseIsMoof;
  uint8_t version = 0;
};

Plan plan_for(const std::vector<FragmentSample>& samples) {
  Plan plan;
  const FragmentSample &first = samples.front(), &last = samples.back();
  bool durations = false, sizes = false, offsets = false, later_flags = false;
  for (size_t i = 0; i < samples.size(); ++i) {
    const FragmentSample& s = samples[i];
    durations |= s.duration != first.duration;
    sizes |= s.size != first.size;
    offsets |= s.composition_offset != 0;
    later_flags |= i > 0 && s.key != last.key;
    if (s.composition_offset < 0) plan.version = 1;
  }
  (durations ? plan.trun : plan.tfhd) |= durations ? kTrunDuration : kTfhdDuration;
  (sizes ? plan.trun : plan.tfhd) |= sizes ? kTrunSize : kTfhdSize;
  if (offsets) plan.trun |= kTrunOffset;
  if (later_flags) {
    plan.trun |= kTrunFlags;
  } else {
    plan.tfhd |= kTfhdFlags;
    if (first.key != last.key) plan.trun |= kTrunFirstFlags;
  }
  return plan;
}

// The fields of a moof that are needed, before the samples.
struct Moof {
  uint32_t default_duration = 0, default_size = 0, default_flags = 0;
  FragmentHead head;
  uint32_t data_offset = 0;
};

bool parse_tfhd(ByteSpan payload, int tracks, Moof& moof) {
  ByteReader r(payload);
  const uint32_t flags = r.u32() & 0xffffff;
  const uint32_t id = r.u32();
  if (!(flags & kTfhdBaseIsMoof) || (flags & kTfhdBaseOffset) || id < 1 || id > static_cast<uint32_t>(tracks))
    return false;
  moof.head.track = static_cast<int>(id) - 1;
  if (flags & kTfhdDescription) r.skip(4);
  if (flags & kTfhdDuration) moof.default_duration = r.u32();
  if (flags & kTfhdSize) moof.default_size = r.u32();
  if (flags & kTfhdFlags) moof.default_flags = r.u32();
  return r.ok();
}

bool parse_tfdt(ByteSpan payload, Moof& moof) {
  ByteReader r(payload);
  const uint32_t version = r.u32() >> 24;
  const uint64_t t = version == 1 ? r.u64() : r.u32();
  moof.head.tfdt = static_cast<int64_t>(t);
  return r.ok() && t <= static_cast<uint64_t>(kMaxTfdt);
}

// `data_size`: the payload of the mdat, which the samples must fill exactly.
bool parse_trun(ByteSpan payload, uint64_t data_size, Moof& moof) {
  ByteReader r(payload);
  const uint32_t flags = r.u32() & 0xffffff;
  const uint32_t count = r.u32();
  if (!(flags & kTrunDataOffset) || count == 0 || count > data_size || count > kMaxFragmentSamples) return false;
  moof.data_offset = r.u32();
  const uint32_t first_flags = flags & kTrunFirstFlags ? r.u32() : moof.default_flags;
  const size_t row = 4 * static_cast<size_t>(__builtin_popcount(flags & 0xf00));
  if (!r.ok() || r.left() < row * count) return false;
  moof.head.samples.reserve(count);
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i) {
    FragmentSample s;
    s.duration = flags & kTrunDuration ? r.u32() : moof.default_duration;
    s.size = flags & kTrunSize ? r.u32() : moof.default_size;
    const uint32_t f = flags & kTrunFlags ? r.u32() : i == 0 ? first_flags : moof.default_flags;
    s.composition_offset = flags & kTrunOffset ? static_cast<int32_t>(r.u32()) : 0;
    s.key = !(f & kNonSyncBit);
    total += s.size;
    moof.head.duration += s.duration;
    // Empty samples are never written; refusing them bounds the count by the bytes.
    if (s.size == 0 || total > data_size) return false;
    moof.head.samples.push_back(s);
  }
  return total == data_size;
}

bool parse_moof(ByteSpan payload, uint64_t data_size, int tracks, Moof& moof) {
  bool have_traf = false;
  while (auto box = next_box(payload)) {
    if (box->type != fourcc("traf")) continue;
    if (have_traf) return false;
    have_traf = true;
    const auto tfhd = find_box(box->payload, "tfhd");
    const auto tfdt = find_box(box->payload, "tfdt");
    const auto trun = find_box(box->payload, "trun");
    if (!tfhd || !tfdt || !trun || !parse_tfhd(*tfhd, tracks, moof) || !parse_tfdt(*tfdt, moof) ||
        !parse_trun(*trun, data_size, moof))
      return false;
  }
  return have_traf && payload.empty();
}

}  // namespace

void append_fragment_head(Bytes& out, uint32_t sequence, int track, int64_t tfdt,
                          const std::vector<FragmentSample>& samples, uint64_t data_size) {
  BoxWriter w(out);
  const Plan plan = plan_for(samples);
  const size_t begin = out.size();
  size_t data_offset_at = 0;
  w.box("moof", [&] {
    w.full_box("mfhd", 0, 0, [&] { w.u32(sequence); });
    w.box("traf", [&] {
      w.full_box("tfhd", 0, plan.tfhd, [&] {
        w.u32(static_cast<uint32_t>(track + 1));
        if (plan.tfhd & kTfhdDuration) w.u32(samples.front().duration);
        if (plan.tfhd & kTfhdSize) w.u32(samples.front().size);
        if (plan.tfhd & kTfhdFlags) w.u32(flags_of(samples.back()));
      });
      w.full_box("tfdt", 1, 0, [&] { w.u64(static_cast<uint64_t>(tfdt)); });
      w.full_box("trun", plan.version, plan.trun, [&] {
        w.u32(static_cast<uint32_t>(samples.size()));
        data_offset_at = out.size();
        w.u32(0);
        if (plan.trun & kTrunFirstFlags) w.u32(flags_of(samples.front()));
        for (const FragmentSample& s : samples) {
          if (plan.trun & kTrunDuration) w.u32(s.duration);
          if (plan.trun & kTrunSize) w.u32(s.size);
          if (plan.trun & kTrunFlags) w.u32(flags_of(s));
          if (plan.trun & kTrunOffset) w.i32(s.composition_offset);
        }
      });
    });
  });
  if (data_size + kBoxHeader <= UINT32_MAX) {
    w.u32(static_cast<uint32_t>(data_size + kBoxHeader));
    w.text("mdat");
  } else {
    w.u32(1);
    w.text("mdat");
    w.u64(data_size + kLargeBoxHeader);
  }
  write_be32(out.data() + data_offset_at, static_cast<uint32_t>(out.size() - begin));
}

Result<std::optional<FragmentHead>> read_fragment(File& file, uint64_t offset, uint64_t end, int tracks) {
  const std::optional<FragmentHead> none;
  uint8_t header[kBoxHeader];
  if (offset > end || end - offset < 2 * kBoxHeader) return none;
  CBX_ASSIGN(size_t n, file.read_at(offset, header));
  const uint64_t moof_size = read_be32(header);
  if (n < sizeof(header) || read_be32(header + 4) != fourcc("moof") || moof_size < kBoxHeader ||
      moof_size > std::min(kMaxMoof, end - offset - kBoxHeader))
    return none;
  // The moof and, with luck, a large mdat header behind it.
  Bytes buffer(static_cast<size_t>(std::min(moof_size + kLargeBoxHeader, end - offset)));
  CBX_ASSIGN(n, file.read_at(offset, buffer));
  if (n < buffer.size()) return none;
  const uint8_t* mdat = buffer.data() + moof_size;
  const size_t mdat_left = buffer.size() - static_cast<size_t>(moof_size);
  uint64_t mdat_size = read_be32(mdat), mdat_header = kBoxHeader;
  if (mdat_size == 1 && mdat_left == kLargeBoxHeader) {
    mdat_size = read_be64(mdat + 8);
    mdat_header = kLargeBoxHeader;
  }
  if (read_be32(mdat + 4) != fourcc("mdat") || mdat_size < mdat_header || mdat_size > end - offset - moof_size)
    return none;
  Moof moof;
  const ByteSpan payload = ByteSpan(buffer).subspan(kBoxHeader, static_cast<size_t>(moof_size) - kBoxHeader);
  if (!parse_moof(payload, mdat_size - mdat_header, tracks, moof) || moof.data_offset != moof_size + mdat_header)
    return none;
  moof.head.offset = offset;
  moof.head.size = moof_size + mdat_size;
  moof.head.data_offset = offset + moof.data_offset;
  return std::optional<FragmentHead>(std::move(moof.head));
}

}  // namespace cbx::mp4

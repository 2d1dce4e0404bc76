#include "mp4/hybrid_writer.h"

#include <algorithm>

#include "base/crash_point.h"
#include "mp4/fragment.h"
#include "mp4/hybrid_file.h"
#include "mp4/info_box.h"
#include "mp4/moov.h"

namespace cbx::mp4 {
namespace {

// Below this, a buffer's spare room is not worth giving back.
constexpr size_t kSmallBuffer = 256 << 10;
constexpr size_t kBufferStep = 64 << 10;

// The samples of one track that wait in the open fragment.
struct Pending {
  int64_t tfdt = 0, next_dts = 0;
  std::vector<FragmentSample> samples;
  Bytes data;
  size_t previous_size = 0;  // of the last fragment's data

  // Grows by a quarter, not by doubling: the buffers of many cameras are most of a recorder's memory.
  void append(ByteSpan bytes) {
    const size_t needed = data.size() + bytes.size();
    if (needed > data.capacity()) {
      const size_t wanted = std::max(needed, data.capacity() + data.capacity() / 4);
      data.reserve((wanted + kBufferStep - 1) / kBufferStep * kBufferStep);
    }
    data.insert(data.end(), bytes.begin(), bytes.end());
  }
  // Keeps the room for a fragment like the last two, so that one huge picture does not hold memory for ever.
  void clear() {
    const size_t useful = std::max({kSmallBuffer, data.size(), previous_size});
    previous_size = data.size();
    data.clear();
    samples.clear();
    if (data.capacity() > 2 * useful) {
      Bytes().swap(data);
      data.reserve(useful);
    }
    if (samples.capacity() > 8192) std::vector<FragmentSample>().swap(samples);
  }
};

}  // namespace

struct HybridWriter::Impl {
  File* file = nullptr;
  Layout layout;
  uint64_t end = 0;  // behind the last whole fragment
  uint32_t sequence = 0;
  std::vector<SampleTable> tables;
  std::vector<Pending> pending;
  Bytes head;  // reused by flush()

  void add(const WriterSample& sample);
  Status flush();
};

HybridWriter::HybridWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HybridWriter::HybridWriter(HybridWriter&&) noexcept = default;
HybridWriter& HybridWriter::operator=(HybridWriter&&) noexcept = default;
HybridWriter::~HybridWriter() = default;

Result<HybridWriter> HybridWriter::create(File& file, std::vector<codec::TrackConfig> tracks, const FileInfo& info,
                                          uint64_t reserve) {
  if (tracks.empty()) return fail(ErrorCode::internal, "a segment without tracks");
  for (const codec::TrackConfig& t : tracks) {
    if (codec::track_timescale(t) <= 0) return fail(ErrorCode::data, "an audio track without a sample rate");
  }
  auto impl = std::make_unique<Impl>();
  impl->file = &file;
  for (const codec::TrackConfig& t : tracks)
    impl->tables.emplace_back(codec::is_video(t.codec), codec::track_timescale(t));
  impl->pending.resize(tracks.size());

  Bytes head = file_type();
  Layout& layout = impl->layout;
  layout.reserve_offset = head.size();
  layout.reserve_size = std::clamp(reserve, kLeastReserve, kMostReserve);
  head.resize(head.size() + 8);
  write_be32(head.data() + layout.reserve_offset, static_cast<uint32_t>(layout.reserve_size));
  std::copy_n("free", 4, head.data() + layout.reserve_offset + 4);

  Bytes body = info_box(info, tracks);
  if (body.size() > kMaxInfoBox) return fail(ErrorCode::internal, "too long a description for a segment");
  const uint64_t hidden = layout.reserve_offset + layout.reserve_size;
  layout.init_offset = hidden + body.size();
  const Bytes init = init_segment(tracks);
  body.insert(body.end(), init.begin(), init.end());
  layout.init_size = init.size();
  layout.fragments_offset = layout.init_offset + init.size();
  layout.info = info;
  layout.tracks = std::move(tracks);
  impl->end = layout.fragments_offset;

  CBX_TRY(file.allocate(0, hidden));
  CBX_TRY(file.write_at(0, head));
  CBX_TRY(file.write_at(hidden, body));
  return HybridWriter(std::move(impl));
}

void HybridWriter::Impl::add(const WriterSample& sample) {
  const auto track = static_cast<size_t>(sample.track);
  if (track >= pending.size() || sample.data.empty() || sample.data.size() > UINT32_MAX) return;
  Pending& p = pending[track];
  const SampleTable& table = tables[track];
  FragmentSample s{static_cast<uint32_t>(sample.data.size()), sample.duration, sample.composition_offset, sample.key};
  int64_t dts = std::max<int64_t>(0, sample.dts);
  const bool first = p.samples.empty();
  const bool follows = !first || !table.empty();
  const int64_t due = first ? table.next_dts() : p.next_dts;
  if (follows && dts < due) {
    // Against the contract; the presentation time is what can be kept.
    s.composition_offset =
        static_cast<int32_t>(std::clamp<int64_t>(dts + s.composition_offset - due, INT32_MIN, INT32_MAX));
    dts = due;
  }
  if (first) {
    if (follows && !table.can_follow(dts)) dts = due;
    p.tfdt = dts;
    p.next_dts = dts;
  } else if (dts > p.next_dts) {
    uint32_t& last = p.samples.back().duration;
    const int64_t hole = std::min(dts - p.next_dts, int64_t{UINT32_MAX} - last);
    last += static_cast<uint32_t>(hole);
    p.next_dts += hole;
  }
  p.append(sample.data);
  p.samples.push_back(s);
  p.next_dts += s.duration;
}

Status HybridWriter::Impl::flush() {
  head.clear();
  struct Part {
    size_t track, begin, end;
  };
  std::vector<Part> parts;
  for (size_t i = 0; i < pending.size(); ++i) {
    Pending& p = pending[i];
    if (p.samples.empty()) continue;
    const size_t begin = head.size();
    append_fragment_head(head, sequence + static_cast<uint32_t>(parts.size()) + 1, static_cast<int>(i), p.tfdt,
                         p.samples, p.data.size());
    parts.push_back({i, begin, head.size()});
    tables[i].reserve(p.samples.size());
  }
  if (parts.empty()) return {};
  std::vector<iovec> vectors;
  vectors.reserve(2 * parts.size());
  for (const Part& part : parts) {
    Bytes& data = pending[part.track].data;
    vectors.push_back({head.data() + part.begin, part.end - part.begin});
    vectors.push_back({data.data(), data.size()});
  }
  crash_point("fragment.write");
  if (crash_armed("fragment.torn")) {
    CBX_TRY(file->write_at(end, ByteSpan(head).first(head.size() / 2)));
    crash_point("fragment.torn");
  }
  if (Status written = file->write_at(end, vectors); !written) {
    (void)file->truncate(end);
    return written;
  }
  uint64_t at = end;
  for (const Part& part : parts) {
    Pending& p = pending[part.track];
    at += part.end - part.begin;
    tables[part.track].add_fragment(at, p.tfdt, p.samples);
    at += p.data.size();
    p.clear();
  }
  end = at;
  sequence += static_cast<uint32_t>(parts.size());
  return {};
}

void HybridWriter::add(const WriterSample& sample) {
  impl_->add(sample);
}

uint64_t HybridWriter::pending_bytes() const {
  uint64_t n = 0;
  for (const Pending& p : impl_->pending) n += p.data.size() + p.samples.size() * sizeof(FragmentSample);
  return n;
}

Status HybridWriter::flush() {
  return impl_->flush();
}

void HybridWriter::drop_pending() {
  for (Pending& p : impl_->pending) p.clear();
}

uint64_t HybridWriter::size() const {
  return impl_->end;
}

int64_t HybridWriter::duration_ms() const {
  const int hz = static_cast<int>(codec::kPtsHz);
  int64_t begin = INT64_MAX, end = INT64_MIN;
  for (size_t i = 0; i < impl_->tables.size(); ++i) {
    const SampleTable& t = impl_->tables[i];
    const auto cover = [&](int64_t from, int64_t to) {
      begin = std::min(begin, rescale(from, t.timescale(), hz));
      end = std::max(end, rescale(to, t.timescale(), hz));
    };
    if (!t.empty()) cover(t.first_pts(), t.end_pts());
    int64_t dts = impl_->pending[i].tfdt;
    for (const FragmentSample& s : impl_->pending[i].samples) {
      cover(dts + s.composition_offset, dts + s.duration + s.composition_offset);
      dts += s.duration;
    }
  }
  return begin > end ? 0 : rescale(end - begin, hz, 1000);
}

Result<Finished> HybridWriter::finish(const std::function<void(std::string_view)>& step) {
  CBX_TRY(impl_->flush());
  const auto& tables = impl_->tables;
  if (std::all_of(tables.begin(), tables.end(), [](const SampleTable& t) { return t.empty(); }))
    return fail(ErrorCode::data, "no samples in '" + impl_->file->path() + "'");
  return finish_file(*impl_->file, impl_->layout, impl_->end, tables, step);
}

}  // namespace cbx::mp4

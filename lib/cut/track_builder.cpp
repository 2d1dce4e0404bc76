#include "cut/track_builder.h"

#include <algorithm>

namespace cbx::cut {
namespace {

void push(std::vector<TrackBuilder::Run>& runs, uint32_t value) {
  if (!runs.empty() && runs.back().value == value) {
    ++runs.back().count;
  } else {
    runs.push_back({1, value});
  }
}

void push_be32(Bytes& out, uint32_t value) {
  const size_t at = out.size();
  out.resize(at + 4);
  write_be32(out.data() + at, value);
}

}  // namespace

uint32_t TrackBuilder::entry_of(const codec::TrackConfig& config) {
  const auto found = std::find(entries_.rbegin(), entries_.rend(), config);
  if (found != entries_.rend()) return static_cast<uint32_t>(entries_.rend() - found - 1);
  entries_.push_back(config);
  return static_cast<uint32_t>(entries_.size() - 1);
}

void TrackBuilder::set_last_duration(uint32_t value) {
  if (--durations_.back().count == 0) durations_.pop_back();
  push(durations_, value);
}

void TrackBuilder::add(int64_t dts, const mp4::FragmentSample& s) {
  const int64_t pts = dts + s.composition_offset;
  if (count_ == 0) {
    first_dts_ = dts;
    first_pts_ = pts;
    end_pts_ = pts;
  } else {
    dts = std::clamp(dts, last_dts_ + 1, last_dts_ + int64_t{UINT32_MAX});
    if (const auto gap = static_cast<uint32_t>(dts - last_dts_); gap != last_duration()) set_last_duration(gap);
  }
  push(durations_, std::max<uint32_t>(1, s.duration));
  push(offsets_, static_cast<uint32_t>(static_cast<int32_t>(pts - dts)));
  push_be32(sizes_, s.size);
  ++count_;
  if (video() && s.key) push_be32(sync_, count_);
  last_dts_ = dts;
  first_pts_ = std::min(first_pts_, pts);
  if (pts >= 0) first_shown_ = std::min(first_shown_, pts);
  end_pts_ = std::max(end_pts_, pts + int64_t{std::max<uint32_t>(1, s.duration)});
}

void TrackBuilder::end_chunk(uint64_t offset, uint32_t entry) {
  if (count_ == chunked_) return;
  chunks_.push_back({offset, count_ - chunked_, entry});
  chunked_ = count_;
}

void TrackBuilder::reserve(size_t samples) {
  sizes_.reserve(samples * 4);
}

}  // namespace cbx::cut

#include "mp4/sample_table.h"

#include <algorithm>

namespace cbx::mp4 {

int64_t rescale(int64_t ticks, int from, int to) {
  if (from == to || from <= 0) return ticks;
  // Whole seconds apart, so that no product leaves 64 bits.
  int64_t seconds = ticks / from, rest = ticks % from;
  if (rest < 0) {
    rest += from;
    --seconds;
  }
  return seconds * to + (rest * to + from / 2) / from;
}

bool SampleTable::can_follow(int64_t tfdt) const {
  if (empty()) return true;
  if (tfdt < next_dts_) return false;
  return tfdt - next_dts_ <= int64_t{UINT32_MAX} - durations_.back().value;
}

void SampleTable::push(std::vector<Run>& runs, uint32_t value) {
  if (!runs.empty() && runs.back().value == value) {
    ++runs.back().count;
  } else {
    runs.push_back({1, value});
  }
}

void SampleTable::stretch_last(uint32_t by) {
  if (by == 0) return;
  const uint32_t longer = durations_.back().value + by;
  if (--durations_.back().count == 0) durations_.pop_back();
  push(durations_, longer);
}

void SampleTable::reserve(size_t samples) {
  const auto room = [](auto& v, size_t more) {
    if (v.capacity() - v.size() < more) v.reserve(std::max(v.size() + more, v.size() + v.size() / 4));
  };
  room(sizes_, samples);
  room(durations_, samples + 1);
  room(offsets_, samples);
  if (video_) room(sync_, samples);
  room(chunks_, 1);
}

void SampleTable::add_fragment(uint64_t data_offset, int64_t tfdt, const std::vector<FragmentSample>& samples) {
  if (empty()) {
    first_dts_ = tfdt;
    first_pts_ = INT64_MAX;
    end_pts_ = INT64_MIN;
  } else {
    stretch_last(static_cast<uint32_t>(tfdt - next_dts_));
  }
  int64_t dts = tfdt;
  for (const FragmentSample& s : samples) {
    push(durations_, s.duration);
    push(offsets_, static_cast<uint32_t>(s.composition_offset));
    sizes_.push_back(s.size);
    if (video_ && s.key) sync_.push_back(static_cast<uint32_t>(sizes_.size()));
    first_pts_ = std::min(first_pts_, dts + s.composition_offset);
    dts += s.duration;
    end_pts_ = std::max(end_pts_, dts + s.composition_offset);
  }
  next_dts_ = dts;
  chunks_.push_back({data_offset, static_cast<uint32_t>(samples.size())});
}

Presentation presentation_of(const std::vector<SampleTable>& tables) {
  Presentation p{INT64_MAX, INT64_MIN};
  for (const SampleTable& t : tables) {
    if (t.empty()) continue;
    p.begin = std::min(p.begin, rescale(t.first_pts(), t.timescale(), static_cast<int>(codec::kPtsHz)));
    p.end = std::max(p.end, rescale(t.end_pts(), t.timescale(), static_cast<int>(codec::kPtsHz)));
  }
  return p.begin > p.end ? Presentation{} : p;
}

}  // namespace cbx::mp4

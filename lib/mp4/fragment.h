// One fragment of one track: a moof and an mdat (ISO/IEC 14496-12, 8.8), written and read back.
#pragma once

#include <optional>
#include <vector>

#include "base/file.h"

namespace cbx::mp4 {

struct FragmentSample {
  uint32_t size = 0;
  uint32_t duration = 0;
  int32_t composition_offset = 0;
  bool key = false;
};

// Appends the moof and the mdat's header; the samples' bytes (`data_size` in all) follow in the file.
void append_fragment_head(Bytes& out, uint32_t sequence, int track, int64_t tfdt,
                          const std::vector<FragmentSample>& samples, uint64_t data_size);

struct FragmentHead {
  int track = 0;
  uint64_t offset = 0, size = 0;  // moof and mdat together
  uint64_t data_offset = 0;       // of the first sample
  int64_t tfdt = 0;
  int64_t duration = 0;  // of all samples
  std::vector<FragmentSample> samples;
  bool key() const { return !samples.empty() && samples.front().key; }
};

// Reads the fragment at `offset`; nullopt unless a whole, consistent one of one of `tracks` tracks ends at or before
// `end`.  Hostile content is expected: the samples are as many as the bytes of the mdat at most.
Result<std::optional<FragmentHead>> read_fragment(File& file, uint64_t offset, uint64_t end, int tracks);

}  // namespace cbx::mp4

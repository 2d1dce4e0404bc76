// The outer layout of a segment file, found again in whatever state a crash left it, and the steps that finish it.
#pragma once

#include <functional>

#include "mp4/fragment.h"
#include "mp4/hybrid_writer.h"
#include "mp4/sample_table.h"

namespace cbx::mp4 {

// Where things lie.  The reserve is what is between the first ftyp and the uuid box, whatever it holds by now.
struct Layout {
  uint64_t reserve_offset = 0, reserve_size = 0;
  uint64_t init_offset = 0, init_size = 0;  // hidden ftyp + moov
  uint64_t fragments_offset = 0;
  uint64_t end = 0;        // of the room that fragments may fill: the mdat's end, or the file's
  bool finished = false;   // the outer boxes are those of an ordinary MP4, whole
  bool recording = false;  // the outer boxes are those of a file being written
  FileInfo info;
  std::vector<codec::TrackConfig> tracks;
};

// The reserve must hold at least its own header and that of the mdat, and be told in 32 bits.
inline constexpr uint64_t kLeastReserve = 24;
inline constexpr uint64_t kMostReserve = 64 << 20;

// Error `data` when there is no cbx box, or no usable init behind it.
Result<Layout> locate(File& file);

// The uuid box alone; used by locate().
struct FoundInfo {
  uint64_t offset = 0, size = 0;
  FileInfo info;
  std::vector<std::string> codecs;
  bool finished = false, recording = false;
  uint64_t end = 0;
  uint64_t reserve_offset = 0;
};
Result<FoundInfo> find_info(File& file);

// What a map tells of a fragment.
Fragment brief_of(const FragmentHead& head);

// Writes the final moov and commits; the file ends at `end`, behind the last fragment, and is a recording.
Result<Finished> finish_file(File& file, const Layout& layout, uint64_t end, const std::vector<SampleTable>& tables,
                             const std::function<void(std::string_view)>& step);

// What finish_file() returns, for tables that describe a finished file of `bytes` bytes.
Finished summary_of(const std::vector<SampleTable>& tables, uint64_t bytes, uint64_t moov_bytes);

}  // namespace cbx::mp4

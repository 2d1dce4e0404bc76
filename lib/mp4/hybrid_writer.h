// The segment file: fragmented while it is written, an ordinary faststart MP4 once it is finished, in place.
//
//   recording: ftyp | free (reserve) | uuid(cbx) | ftyp | moov(init) | moof mdat | moof mdat | …
//   finished : ftyp | moov | free | mdat{ uuid ftyp moov moof mdat moof mdat … }
//
// See cbx-segment-file(5); ISO/IEC 14496-12 for the boxes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "codec/track.h"

namespace cbx::mp4 {

// What the uuid box of a file tells, as JSON: enough to index the file without its journal.
struct FileInfo {
  std::string device;
  WallMs start{};
  std::string source;      // as in SegmentRecord
  std::string connection;  // may be empty
  codec::Pts90k pts = 0;   // first unrolled PTS
  std::optional<int64_t> clock_offset_ms;
  bool opens = false;  // the first of a live connection
  bool operator==(const FileInfo&) const = default;
};

// One sample for the writer; times in the track's own timescale (codec::track_timescale).
struct WriterSample {
  int track = 0;
  int64_t dts = 0;                 // absolute, >= 0; becomes tfdt for the first of a fragment
  int32_t composition_offset = 0;  // pts - dts
  uint32_t duration = 0;
  bool key = false;
  ByteSpan data;  // copied
};

// What a finished (or salvaged) file holds.
struct Finished {
  uint64_t bytes = 0;       // size of the file
  uint64_t moov_bytes = 0;  // for the reserve of the next file: 1.5 times this
  int64_t duration_ms = 0;  // presentation: from the first presented instant to the end of the longest track
  uint64_t samples = 0;
  uint64_t video_samples = 0;
};

inline constexpr uint64_t kFirstReserve = 128 << 10;

// ftyp + moov for media source extensions and HLS/DASH: canonical bytes, a function of the configurations alone.
// Track ids are index + 1; timescales are codec::track_timescale; movie timescale 90000.
Bytes init_segment(std::span<const codec::TrackConfig> tracks);
// The same with one of the tracks only, its id unchanged: what DASH needs to play that track's fragments alone.
Bytes init_segment_of(std::span<const codec::TrackConfig> tracks, int track);

// Not thread-safe; may be handed from one thread to another between calls.  Holds only the samples of the open
// fragment and compact tables for the final moov in memory.
class HybridWriter {
 public:
  // Writes the head to the empty `file` (which it keeps using, not owning) and allocates the reserve.
  static Result<HybridWriter> create(File& file, std::vector<codec::TrackConfig> tracks, const FileInfo& info,
                                     uint64_t reserve);
  HybridWriter(HybridWriter&&) noexcept;
  HybridWriter& operator=(HybridWriter&&) noexcept;
  ~HybridWriter();

  // Puts a sample into the open fragment.  Per track, dts must be the previous dts + its duration or larger (a hole
  // is covered by making the previous sample longer, before it is added).
  void add(const WriterSample& sample);
  // Bytes and samples waiting in the open fragment.
  uint64_t pending_bytes() const;
  // Writes the open fragment: one moof+mdat per track that has samples, in one write.  After a failed or short write
  // the file is truncated back to the last whole fragment and the error returned; the pending samples stay pending
  // and a later call tries again.
  Status flush();
  // Throws the pending samples away (the disk is full and the memory is needed).
  void drop_pending();
  uint64_t size() const;        // bytes in the file
  int64_t duration_ms() const;  // of what was added

  // Turns the file into an ordinary MP4: the moov body, the rest-free and the mdat header inside the reserve;
  // fdatasync; then the 8-byte commit.  `step` is called before each disk step with its name ("moov", "sync",
  // "commit"), for crash tests.  The caller syncs and renames.
  Result<Finished> finish(const std::function<void(std::string_view)>& step = {});

 private:
  struct Impl;
  explicit HybridWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The uuid box of a recording, finished or half-finished file.  Error `data` if there is none.
Result<FileInfo> read_file_info(File& file);

struct Salvaged {
  Finished finished;
  FileInfo info;
  std::vector<codec::Codec> codecs;
  codec::VideoInfo video;     // zeros without video
  uint64_t cut_bytes = 0;     // what was behind the last whole fragment
  bool was_finished = false;  // the commit had happened already; nothing was changed
};
// Cuts a half-written file back to its last whole fragment and finishes it.  Error `data` when it holds no whole
// fragment (then the file is not changed).  Hostile content is expected: every size is checked, memory is bounded by
// the file's size.
Result<Salvaged> salvage(File& file);

// One moof+mdat of a recording or finished file, as playlists and downloads need it.
struct Fragment {
  int track = 0;
  uint64_t offset = 0, size = 0;   // moof and mdat together
  int64_t tfdt = 0, duration = 0;  // in the track's timescale
  bool key = false;                // starts with a sync sample
  // Presentation: of the sample that is shown first, and where the one shown last ends.
  int64_t first_pts = 0, end_pts = 0;
};
struct FileMap {
  FileInfo info;
  std::vector<codec::TrackConfig> tracks;
  uint64_t init_offset = 0, init_size = 0;  // the hidden ftyp + moov
  bool finished = false;
  std::vector<Fragment> fragments;
};
// Reads the map by walking the boxes (headers and moofs only).  A file that ends inside a fragment gives the whole
// ones.
Result<FileMap> read_file_map(File& file);

}  // namespace cbx::mp4

// A small recording with picture (B-frames) and sound, and a reader of plain MP4 that shares no code with the writer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "memory_file.h"
#include "mp4/hybrid_writer.h"

namespace cbx::test {

struct PlainSample {
  uint64_t offset = 0;
  uint32_t size = 0;
  int64_t dts = 0;  // from the track's start
  int32_t cto = 0;
  bool key = false;
};
struct PlainTrack {
  uint32_t id = 0, timescale = 0;
  std::string format;
  std::vector<PlainSample> samples;
  std::vector<std::pair<uint64_t, int64_t>> edits;  // duration, media time
  uint64_t duration = 0;
  bool wide_offsets = false;
  int ctts_version = -1;
};
struct PlainFile {
  std::vector<std::string> boxes;  // outer
  uint32_t movie_timescale = 0;
  uint64_t creation = 0;
  std::vector<PlainTrack> tracks;
};
// nullopt when the file is no ordinary, whole MP4: a box that does not fit, an mvex, tables that disagree, a sample
// outside the mdat.
std::optional<PlainFile> read_plain(const Bytes& file);

codec::TrackConfig video_config();
codec::TrackConfig audio_config();
mp4::FileInfo file_info();

// The n-th sample of each track: 25 pictures a second with a key frame each second and offsets like B-frames; 48 kHz
// sound that starts 500 ticks before the picture's first presented instant.
struct TestSample {
  mp4::WriterSample writer;
  Bytes data;
};
TestSample video_sample(int n);
TestSample audio_sample(int n);

// Adds `seconds` of both tracks, a fragment each half second, beginning `from` seconds into the recording.
void record(mp4::HybridWriter& writer, int seconds, int from = 0);
// A whole recording, not finished.
MemoryFile recording(int seconds, uint64_t reserve = 8192);

// Whether the samples of `plain` are a beginning of what record() adds, byte for byte.
::testing::AssertionResult holds_recorded(const Bytes& file, const PlainFile& plain);

}  // namespace cbx::test

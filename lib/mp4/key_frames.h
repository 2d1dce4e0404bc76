// Where a file's picture can be decoded from, and when that is.
#pragma once

#include <vector>

#include "mp4/hybrid_writer.h"

namespace cbx::mp4 {

struct KeyFrame {
  uint64_t offset = 0;  // of the coded picture in the file
  uint32_t size = 0;
  WallMs time{};  // when it is shown
};

struct KeyFrames {
  codec::TrackConfig config;  // of the picture
  WallMs end{};               // when the last picture ends
  bool finished = false;
  std::vector<KeyFrame> frames;  // by time, never empty
};

// Of a finished file, or one that is being written, up to its last whole fragment.  Where there is no key frame the
// first picture stands for one.  Hostile content is expected.  Errors: data (no segment file of cbx), no_input
// (no picture in it).
Result<KeyFrames> read_key_frames(File& file);

// The last key frame at or before `at`; the first of all if they are later.
const KeyFrame& key_frame_at(const KeyFrames& keys, WallMs at);

// The coded picture, as MP4 stores it: NAL units with 4-byte lengths.  Error `data` when it is not there, or larger
// than any encoder makes it.
Result<Bytes> read_key_frame(File& file, const KeyFrame& key);

}  // namespace cbx::mp4

// One picture out of a recorded file, as JPEG.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "base/time.h"

namespace cbx::media {

struct PictureWanted {
  std::optional<WallMs> at;  // the last key frame at or before it; without: the last of all
  int width = 0;             // of the upright picture, at most, in square pixels; 0: as recorded
};
struct Picture {
  Bytes jpeg;  // JFIF, full range, upright
  int width = 0, height = 0;
  WallMs time{};  // when it was recorded
  WallMs end{};   // of the file's pictures
};

// Of a segment file, finished or being written.  One thread, nothing but that one key frame is decoded; one that is
// damaged gives way to the one before.  Decoders have bugs, and the file may come from a stranger: callers that have
// more to lose than this do it in a process of its own.  Errors: no_input (no picture in it), data (no segment file, no
// key frame that can be decoded, or one of more than 8192 × 8192), unavailable (this libavcodec lacks the codec).
Result<Picture> take_picture(File& file, const PictureWanted& wanted);

}  // namespace cbx::media

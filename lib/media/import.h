// Reads a file of any container that is worth importing (MP4, MOV, Matroska, WebM, FLV, AVI, MPEG-TS, MPEG-PS) and
// hands out its samples as the recorder's own demuxer would.  Nothing is decoded.
//
// The file is hostile until read: demuxers are white-listed by name, all reading goes through our own descriptor, no
// protocol and no second file is ever opened, probing and the number of streams are bounded.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "codec/handler.h"

namespace cbx::media {

struct ImportInfo {
  std::string container;           // libavformat's name: "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", …
  std::optional<WallMs> creation;  // when the recording began, as the file tells it
  std::optional<Millis> duration;
  int tracks = 0;  // that will be handed out; 0 when the video cannot be carried
  bool has_video = false;
};

// Not thread-safe; may be handed from one thread to another between calls.
class Importer {
 public:
  // Errors: no_input, permission, io as the system says; `data` for an unknown container or one without any stream
  // that can be kept.
  static Result<Importer> open(const std::string& path);
  // The same for an open descriptor; `name` is for messages.  A regular file is read from its beginning; of anything
  // else, `head` is what has been read already.
  static Result<Importer> open(UniqueFd fd, const std::string& name, ByteSpan head = {});
  Importer(Importer&&) noexcept;
  Importer& operator=(Importer&&) noexcept;
  ~Importer();

  const ImportInfo& info() const;

  // Reads one packet and hands out what is complete; false at the end.  The first call also says the layout and all
  // that is left out.  Per track the samples come in decoding order with rising DTS, on one time line for all tracks
  // which begins anywhere from 0 to some seconds.  on_track() comes before a track's first sample.
  Result<bool> read(codec::Handler& handler);

 private:
  struct Impl;
  explicit Importer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::media

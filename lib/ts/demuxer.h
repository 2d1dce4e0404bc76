// Push demuxer for MPEG-2 transport streams (ISO/IEC 13818-1): bytes in, Samples out, no thread, no I/O, no clock.
//
// It takes any chunking, 188- and 192-byte packets (m2ts), finds sync again after rubbish, survives anything, and
// bounds its memory whatever the input is.  One program is followed: the first one of the PAT that has a video stream
// which can be carried, else the first with audio; its first video and its first audio stream become tracks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/handler.h"

namespace cbx::ts {

using Notice = codec::Notice;
using Handler = codec::Handler;

struct Stats {
  uint64_t packets = 0;
  uint64_t lost_packets = 0;   // by continuity counter (at least; up to 15 are told apart)
  uint64_t error_packets = 0;  // transport_error_indicator
  uint64_t skipped_bytes = 0;  // rubbish between packets
  uint64_t crc_errors = 0;     // PSI sections
  uint64_t damaged_samples = 0;
};

class Demuxer {
 public:
  explicit Demuxer(Handler& handler);
  ~Demuxer();
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  // `arrival` is handed on in Sample::arrival.
  void push(ByteSpan data, WallTime arrival);
  // The sender gave up something before the next byte: what is being assembled is damaged.
  void mark_loss();
  // The end of the input: hands out what is complete.
  void flush();
  const Stats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::ts

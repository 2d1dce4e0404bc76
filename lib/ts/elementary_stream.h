// The part of the demuxer that turns one elementary stream into samples.
#pragma once

#include <optional>
#include <string>

#include "codec/track.h"
#include "ts/pes.h"

namespace cbx::ts {

// Where the streams of a program deliver.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  virtual void on_config(int track, const codec::TrackConfig& config) = 0;
  virtual void on_sample(const codec::Sample& sample) = 0;
};

class ElementaryStream {
 public:
  virtual ~ElementaryStream() = default;
  // The payload that follows begins a PES packet.
  virtual void begin_pes(const PesStamp& stamp) = 0;
  virtual void payload(ByteSpan data) = 0;
  // About `packets` transport packets of this stream are missing here.
  virtual void loss(unsigned packets) = 0;
  // Hands out what is complete and forgets the rest; the stream may go on with a PES packet.
  virtual void flush() = 0;
  // Why the stream can't be carried, once that is known; nothing comes out of it then.
  virtual const std::string& refused() const = 0;
  virtual const std::optional<codec::TrackConfig>& config() const = 0;
  virtual void set_track(int track) = 0;
};

}  // namespace cbx::ts

// One track of an import: packets of libavformat in, samples with configuration and clean times out.  Private to
// lib/media.
#pragma once

#include <optional>
#include <string>

#include "media/av.h"
#include "media/nal_rewriter.h"
#include "media/track_source.h"

namespace cbx::media {

// A sample that owns its bytes.
struct HeldSample {
  codec::Sample sample;
  Bytes data;
  bool dts_known = false;
  std::optional<codec::TrackConfig> config;  // the track's from this sample on, where it is another one
};

// Follows the time stamps of an audio track: frames follow one another exactly until the container's times say
// otherwise by more than its own rounding.
class AudioClock {
 public:
  // `pts` as the container tells it (if it does), `samples` the frame's length; returns the time to use.
  codec::Pts90k next(std::optional<codec::Pts90k> pts, int samples, int rate, int64_t tolerance);

 private:
  bool running_ = false;
  codec::Pts90k anchor_ = 0;
  int64_t samples_ = 0;  // since the anchor
};

class ImportTrack {
 public:
  // `number` is the track's; `trust_dts` whether the container tells decoding times.
  static Result<ImportTrack> make(const AVStream* stream, codec::Codec codec, int number, bool trust_dts);

  int stream() const { return stream_->index; }
  codec::Codec codec() const { return codec_; }
  const codec::TrackConfig& config() const { return config_; }

  struct Output {
    std::optional<HeldSample> sample;
    bool new_config = false;
    std::string trouble;  // why a packet was thrown away
  };
  // Takes a packet; `offset` is added to its times.
  Output take(AVPacket* packet, int64_t offset);
  // The packet's time of 90 kHz, DTS if told.
  std::optional<int64_t> time_of(const AVPacket* packet) const;

 private:
  ImportTrack(const AVStream* stream, codec::Codec codec, int number, bool trust_dts);
  Status configure(const AVPacket* packet, ByteSpan data);
  void follow_parameter_sets(const AVPacket* packet);
  Status configure_video(const AVPacket* packet, ByteSpan extradata);
  Status configure_audio(const AVPacket* packet, ByteSpan extradata, ByteSpan data);
  std::optional<int64_t> scaled(int64_t t) const;

  const AVStream* stream_;
  codec::Codec codec_;
  int number_;
  bool trust_dts_;
  bool configured_ = false;
  codec::TrackConfig config_;
  NalRewriter nals_;
  Bytes sets_;  // of the last IDR picture, Annex B only
  BitstreamFilter adts_;
  AudioClock clock_;
  std::optional<codec::Pts90k> last_dts_;
};

}  // namespace cbx::media

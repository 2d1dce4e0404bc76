#include "codec/track.h"

namespace cbx::codec {

std::string_view codec_name(Codec c) {
  switch (c) {
    case Codec::h264:
      return "h264";
    case Codec::h265:
      return "h265";
    case Codec::aac:
      return "aac";
    case Codec::mp2:
      return "mp2";
    case Codec::mp3:
      return "mp3";
    case Codec::ac3:
      return "ac3";
    case Codec::eac3:
      return "eac3";
    case Codec::opus:
      return "opus";
  }
  return "";
}

int track_timescale(const TrackConfig& config) {
  if (is_video(config.codec)) return static_cast<int>(kPtsHz);
  return config.audio.sample_rate;
}

}  // namespace cbx::codec

// What every demuxer of cbx produces and every writer takes: tracks, their configuration, and samples.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace cbx::codec {

// Unrolled (never wrapping) time stamps of 90 kHz, as MPEG-2 systems count them (ISO/IEC 13818-1, 2.4.3.7).
using Pts90k = int64_t;
inline constexpr int64_t kPtsHz = 90000;

enum class Codec { h264, h265, aac, mp2, mp3, ac3, eac3, opus };

constexpr bool is_video(Codec c) {
  return c == Codec::h264 || c == Codec::h265;
}
// The name in records: "h264", "h265", "aac", …
std::string_view codec_name(Codec c);

struct VideoInfo {
  int width = 0, height = 0;                   // of the picture after cropping, as coded (not turned)
  int par_num = 1, par_den = 1;                // pixel aspect ratio
  int rotation = 0;                            // degrees clockwise to turn the picture for display: 0, 90, 180, 270
  bool hflip = false;                          // mirrored horizontally, after the turn (display orientation SEI)
  int frame_rate_num = 0, frame_rate_den = 1;  // as the headers tell it; 0 if they don't
  // Code points of ISO/IEC 23091-2 (2 = unspecified), for the colr box.
  int colour_primaries = 2, transfer = 2, matrix = 2;
  bool full_range = false;
  bool operator==(const VideoInfo&) const = default;
};

struct AudioInfo {
  int sample_rate = 0;  // Hz of the decoded sound; 48000 for Opus
  int channels = 0;
  int samples_per_frame =
      0;  // nominal: 1024 or 960 AAC (2048 with SBR signalled counts at the output rate), 1152 MP2/MP3, 1536 AC-3
  int bit_rate = 0;  // bit/s where the header tells it, else 0
  bool operator==(const AudioInfo&) const = default;
};

// All that a writer must know of a track before its first sample.  Equal configurations give the same bytes in a file.
struct TrackConfig {
  Codec codec = Codec::h264;
  // The decoder configuration as MP4 stores it, without box header: the payload of avcC (ISO/IEC 14496-15, 5.3.3.1) or
  // hvcC (8.3.3.1), the AudioSpecificConfig of AAC (14496-3, 1.6.2.1), the payload of dac3/dec3 (ETSI TS 102 366,
  // annex F) or dOps; empty for MP2 and MP3.
  Bytes decoder_config;
  VideoInfo video;  // of video tracks
  AudioInfo audio;  // of audio tracks
  bool operator==(const TrackConfig&) const = default;
};

// Ticks per second of the track in an MP4 file: 90000 for video, the sample rate for audio.
int track_timescale(const TrackConfig& config);

// One coded picture (access unit) or audio frame, as MP4 stores it: NAL units with 4-byte lengths, raw AAC without
// ADTS/LATM, whole MPEG audio / AC-3 / Opus frames.
struct Sample {
  int track = 0;            // index of the track, 0 is the first
  Pts90k dts = 0, pts = 0;  // unrolled; pts >= dts is usual but not promised
  // Audio: length in ticks of the audio sample rate (exact); video: 0, the next DTS tells.
  int64_t duration = 0;
  bool key = false;             // decoding can start here: IDR; all audio frames
  bool recovery_point = false;  // video, not IDR: CRA, BLA, or an I picture with a recovery point SEI (exact match)
  bool damaged = false;         // packets inside were missing or marked as errors
  WallTime arrival{};           // live: when the first byte of its PES packet arrived; else the epoch
  ByteSpan data;                // valid only during the call that hands the sample over
};

}  // namespace cbx::codec

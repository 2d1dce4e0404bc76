// The configuration of a track from what libavformat tells of a stream.  Private to lib/media.
#pragma once

#include <optional>

#include "codec/track.h"
#include "media/av.h"

namespace cbx::media {

// The codec if an MP4 of ours can carry it.
std::optional<codec::Codec> carried_codec(AVCodecID id);

// Size, pixel aspect, orientation, colour and frame rate; `par` are the stream's parameters with the gaps filled.
codec::VideoInfo video_info(const AVStream* stream, const AVCodecParameters* par);

// A copy of codec parameters that can be completed.
struct FreeParameters {
  void operator()(AVCodecParameters* p) const { avcodec_parameters_free(&p); }
};
using Parameters = std::unique_ptr<AVCodecParameters, FreeParameters>;
Parameters copy_parameters(const AVCodecParameters* from);
bool set_extradata(AVCodecParameters* par, ByteSpan extradata);
// Fills in the size, sample rate and channels that the container left out, as libavcodec's parser (not a decoder)
// reads them from the headers in `packet`.
void complete_parameters(AVCodecParameters* par, const AVPacket* packet);

// What an AudioSpecificConfig tells (ISO/IEC 14496-3, 1.6.2.1); 0 for what it leaves open.
struct AacConfig {
  int sample_rate = 0, channels = 0, frame_samples = 0;
};
AacConfig parse_aac_config(ByteSpan config);

// How the NAL units of an H.264 or H.265 stream are told apart: the length size of its avcC or hvcC, 0 for Annex B.
int nal_length_size(codec::Codec codec, ByteSpan extradata);
// Whether an avcC or hvcC holds parameter sets (avc1, hvc1; else they come in the pictures only).
bool has_parameter_sets(codec::Codec codec, ByteSpan config);
// The avcC or hvcC with 4-byte lengths.
Bytes with_long_lengths(codec::Codec codec, ByteSpan config);

// The decoder configuration that libavformat's MP4 muxer writes for these parameters, and this first packet where the
// parameters are told in it (AC-3, E-AC-3).  Error `data` when it refuses.
Result<Bytes> configuration_box(codec::Codec codec, const AVCodecParameters* par, const AVPacket* first);

// Samples in one frame: AAC by its configuration, Opus by the packet (RFC 6716, 3.1), MPEG audio by its rate; 0 if
// it can't be told.
int samples_per_frame(const codec::TrackConfig& config, ByteSpan packet);

}  // namespace cbx::media

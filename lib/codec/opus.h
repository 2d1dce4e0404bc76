// Opus packets (RFC 6716), in transport streams (the ETSI/xiph Opus-in-TS mapping) and in MP4.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "codec/track.h"

namespace cbx::codec::opus {

inline constexpr int kSampleRate = 48000;

// The control header in front of an access unit in a transport stream.
struct ControlHeader {
  size_t header_size = 0;
  size_t payload_size = 0;
};
struct ControlParse {
  bool valid = false;  // with need_more: so far
  bool need_more = false;
  ControlHeader header;
};
ControlParse parse_control_header(ByteSpan data);

// Length of a packet in samples of 48 kHz, from its TOC; 0 if it is none (over 120 ms, no frames).
int packet_samples(ByteSpan packet);

// The payload of dOps for a channel_config_code of the extension descriptor; nullopt for codes that tell the
// mapping elsewhere.
std::optional<Bytes> build_dops(int channel_config_code);
int channels(int channel_config_code);

}  // namespace cbx::codec::opus

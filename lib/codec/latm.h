// LATM: AAC with its configuration in the stream (ISO/IEC 14496-3, 1.7), in LOAS frames.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/aac.h"

namespace cbx::codec::latm {

inline constexpr size_t kLoasHeaderSize = 3;

// The size of the LOAS frame (AudioSyncStream) that begins here, its header included; nullopt if none does.
std::optional<size_t> loas_frame_size(ByteSpan data);

// Takes AudioMuxElements apart; keeps the configuration that they refer back to.
class Parser {
 public:
  enum class State {
    ok,
    no_config,  // refers to a configuration that did not come yet
    damaged,
    unsupported,  // several programs or layers, or no AAC
  };
  // `element` is the AudioMuxElement of a LOAS frame.  The payloads are good until the next call.
  State parse(ByteSpan element);
  // Raw AAC frames of the element, one each subframe.
  const std::vector<ByteSpan>& payloads() const { return payloads_; }
  // The AudioSpecificConfig, byte aligned.
  const Bytes& asc() const { return asc_; }
  const aac::AudioSpecificConfig& config() const { return config_; }

 private:
  struct Mux {
    unsigned subframes = 1;
    bool same_framing = true;
    unsigned frame_length_type = 0;
    unsigned frame_length = 0;  // type 1: fixed, in bytes
  };
  State read_mux_config(BitReader& bits, ByteSpan element);
  State read_asc(BitReader& bits, ByteSpan element, bool version1);

  bool configured_ = false;
  Mux mux_;
  Bytes asc_;
  aac::AudioSpecificConfig config_;
  Bytes buffer_;
  std::vector<ByteSpan> payloads_;
};

}  // namespace cbx::codec::latm

// What a PMT entry stands for (ISO/IEC 13818-1 table 2-34, ETSI EN 300 468, ATSC A/53, SCTE 35, xiph Opus-in-TS).
#pragma once

#include <optional>
#include <string>

#include "codec/track.h"
#include "ts/psi.h"

namespace cbx::ts {

struct StreamKind {
  enum class Media { video, audio, other };
  Media media = Media::other;
  // What carries it; nullopt if it can't be carried.
  std::optional<codec::Codec> codec;
  bool latm = false;
  int opus_channels = 0;  // channel_config_code of the Opus extension descriptor
  std::string name;       // for the operator: "MPEG-2 video"
};

StreamKind stream_kind(const Pmt& pmt, const PmtStream& stream);

}  // namespace cbx::ts

// Taking decoder configurations apart again, as files that are imported bring them.
#pragma once

#include "base/result.h"
#include "codec/aac.h"
#include "codec/track.h"

namespace cbx::codec {

// From the payload of avcC (ISO/IEC 14496-15, 5.3.3.1) or hvcC (8.3.3.1): what its first SPS tells.  Rotation is not
// in there.  Error `data` if it is damaged or has no SPS.
Result<VideoInfo> video_info_from_avcc(ByteSpan avcc);
Result<VideoInfo> video_info_from_hvcc(ByteSpan hvcc);
// Bytes of the NAL unit lengths in the samples: 1, 2 or 4.
Result<int> nal_length_size_from_avcc(ByteSpan avcc);
Result<int> nal_length_size_from_hvcc(ByteSpan hvcc);
// From an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
using aac::audio_info_from_asc;

}  // namespace cbx::codec

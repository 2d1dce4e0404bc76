#include "ts/audio_framer.h"

#include "ts/framers.h"

namespace cbx::ts {

std::unique_ptr<AudioFramer> make_audio_framer(const StreamKind& kind) {
  switch (*kind.codec) {
    case codec::Codec::aac:
      return kind.latm ? make_latm_framer() : make_adts_framer();
    case codec::Codec::mp2:
    case codec::Codec::mp3:
      return make_mpeg_audio_framer();
    case codec::Codec::ac3:
    case codec::Codec::eac3:
      return make_ac3_framer();
    case codec::Codec::opus:
      return make_opus_framer(kind.opus_channels);
    case codec::Codec::h264:
    case codec::Codec::h265:
      break;
  }
  return nullptr;
}

}  // namespace cbx::ts

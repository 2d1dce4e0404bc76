#include "ts/audio_framer.h"

namespace cbx::ts {

std::unique_ptr<AudioFramer> make_audio_framer(const StreamKind&) {
  return make_adts_framer();
}

}  // namespace cbx::ts

// The framers by codec; made by make_audio_framer().
#pragma once

#include <memory>

#include "ts/audio_framer.h"

namespace cbx::ts {

std::unique_ptr<AudioFramer> make_adts_framer();
std::unique_ptr<AudioFramer> make_latm_framer();
std::unique_ptr<AudioFramer> make_mpeg_audio_framer();
std::unique_ptr<AudioFramer> make_ac3_framer();
std::unique_ptr<AudioFramer> make_opus_framer(int channel_config_code);

}  // namespace cbx::ts

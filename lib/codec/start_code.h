// Finding NAL units in a byte stream (ITU-T H.264 and H.265, annex B).  A third of a demuxer's time goes here.
#pragma once

#include <cstdint>

namespace cbx::codec {

// The first 00 00 01 that lies wholly in [begin, end), pointing at its first zero; `end` if there is none.
// SSE2 or NEON where the machine has them.
const uint8_t* find_start_code(const uint8_t* begin, const uint8_t* end);

// The same, byte by byte: the fallback, and what tests compare with.
const uint8_t* find_start_code_scalar(const uint8_t* begin, const uint8_t* end);

}  // namespace cbx::codec

#include "codec/start_code.h"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace cbx::codec {

const uint8_t* find_start_code_scalar(const uint8_t* p, const uint8_t* end) {
  if (end - p < 3) return end;
  for (const uint8_t* last = end - 2; p < last;) {
    // Looking at the third byte first lets most input be passed over three bytes at a time.
    if (p[2] > 1) {
      p += 3;
    } else if (p[2] == 1) {
      if (p[0] == 0 && p[1] == 0) return p;
      p += 3;
    } else {
      ++p;
    }
  }
  return end;
}

#if defined(__SSE2__)

namespace {

// Bit i: p[i] and p[i + 1] are zero.  Pairs of zeros are rare in coded pictures, so the third byte waits.
inline unsigned zero_pairs(const uint8_t* p) {
  const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 1));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_or_si128(a, b), _mm_setzero_si128())));
}

}  // namespace

const uint8_t* find_start_code(const uint8_t* p, const uint8_t* end) {
  // 32 positions at once; they look at 34 bytes.
  for (; end - p >= 34; p += 32) {
    uint32_t pairs = zero_pairs(p) | zero_pairs(p + 16) << 16;
    for (; pairs != 0; pairs &= pairs - 1) {
      const uint8_t* at = p + std::countr_zero(pairs);
      if (at[2] == 1) return at;
    }
  }
  return find_start_code_scalar(p, end);
}

#elif defined(__ARM_NEON) && defined(__aarch64__)

const uint8_t* find_start_code(const uint8_t* p, const uint8_t* end) {
  for (; end - p >= 18; p += 16) {
    const uint8x16_t pairs = vceqzq_u8(vorrq_u8(vld1q_u8(p), vld1q_u8(p + 1)));
    // Four bits a position: NEON has no movemask, narrowing by shift is the nearest.
    uint64_t mask = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(pairs), 4)), 0);
    for (mask &= 0x1111111111111111; mask != 0; mask &= mask - 1) {
      const uint8_t* at = p + std::countr_zero(mask) / 4;
      if (at[2] == 1) return at;
    }
  }
  return find_start_code_scalar(p, end);
}

#else

const uint8_t* find_start_code(const uint8_t* p, const uint8_t* end) {
  return find_start_code_scalar(p, end);
}

#endif

}  // namespace cbx::codec

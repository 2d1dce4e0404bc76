#include "base/utf8.h"

#include <cstdint>

namespace cbx {
namespace {

bool continuation(std::string_view t, size_t i) {
  return (static_cast<unsigned char>(t[i]) & 0xc0) == 0x80;
}

uint32_t code_point(std::string_view t, size_t n) {
  const auto b = [&](size_t i) { return uint32_t{static_cast<unsigned char>(t[i])}; };
  switch (n) {
    case 1:
      return b(0);
    case 2:
      return (b(0) & 0x1f) << 6 | (b(1) & 0x3f);
    case 3:
      return (b(0) & 0x0f) << 12 | (b(1) & 0x3f) << 6 | (b(2) & 0x3f);
    default:
      return (b(0) & 0x07) << 18 | (b(1) & 0x3f) << 12 | (b(2) & 0x3f) << 6 | (b(3) & 0x3f);
  }
}

// The blocks of Unicode TR 11 that terminals draw two columns wide (Hangul, CJK, kana, full-width forms, emoji).
bool wide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf && c != 0x303f) || (c >= 0xa960 && c <= 0xa97f) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
         (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
         (c >= 0x1f680 && c <= 0x1f6ff) || (c >= 0x1f900 && c <= 0x1f9ff) || (c >= 0x20000 && c <= 0x3fffd);
}

bool combining(uint32_t c) {
  return (c >= 0x0300 && c <= 0x036f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f) || c == 0x20e3;
}

}  // namespace

size_t utf8_sequence_length(std::string_view t) {
  if (t.empty()) return 0;
  const unsigned char c = static_cast<unsigned char>(t[0]);
  size_t n = 0;
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) n = 2;
  if (c >= 0xe0 && c <= 0xef) n = 3;
  if (c >= 0xf0 && c <= 0xf4) n = 4;
  if (n == 0 || t.size() < n) return 0;
  for (size_t i = 1; i < n; i++)
    if (!continuation(t, i)) return 0;
  const uint32_t cp = code_point(t, n);
  const bool overlong = (n == 3 && cp < 0x800) || (n == 4 && cp < 0x10000);
  const bool surrogate = cp >= 0xd800 && cp <= 0xdfff;
  return overlong || surrogate || cp > 0x10ffff ? 0 : n;
}

bool is_utf8(std::string_view t) {
  while (!t.empty()) {
    const size_t n = utf8_sequence_length(t);
    if (n == 0) return false;
    t.remove_prefix(n);
  }
  return true;
}

size_t display_width(std::string_view t) {
  size_t width = 0;
  while (!t.empty()) {
    size_t n = utf8_sequence_length(t);
    if (n == 0) {
      n = 1;
      width++;
    } else {
      const uint32_t cp = code_point(t, n);
      width += combining(cp) ? 0 : wide(cp) ? 2 : 1;
    }
    t.remove_prefix(n);
  }
  return width;
}

}  // namespace cbx

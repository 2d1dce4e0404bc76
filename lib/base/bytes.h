// Byte buffers and big-endian access, as MPEG-TS and ISO BMFF store their integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cbx {

using ByteSpan = std::span<const uint8_t>;
using Bytes = std::vector<uint8_t>;

inline uint16_t read_be16(const uint8_t* p) {
  return static_cast<uint16_t>(p[0] << 8 | p[1]);
}
inline uint32_t read_be24(const uint8_t* p) {
  return uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | p[2];
}
inline uint32_t read_be32(const uint8_t* p) {
  return uint32_t{read_be16(p)} << 16 | read_be16(p + 2);
}
inline uint64_t read_be64(const uint8_t* p) {
  return uint64_t{read_be32(p)} << 32 | read_be32(p + 4);
}

inline void write_be16(uint8_t* p, uint16_t v) {
  p[0] = static_cast<uint8_t>(v >> 8);
  p[1] = static_cast<uint8_t>(v);
}
inline void write_be32(uint8_t* p, uint32_t v) {
  write_be16(p, static_cast<uint16_t>(v >> 16));
  write_be16(p + 2, static_cast<uint16_t>(v));
}
inline void write_be64(uint8_t* p, uint64_t v) {
  write_be32(p, static_cast<uint32_t>(v >> 32));
  write_be32(p + 4, static_cast<uint32_t>(v));
}

inline ByteSpan as_bytes(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}
inline std::string_view as_string(ByteSpan b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

}  // namespace cbx

#include "http/request_id.h"

#include <atomic>
#include <cstdint>
#include <random>

namespace cbx::http {

std::string make_request_id() {
  static constexpr char kHex[] = "0123456789abcdef";
  static const uint64_t start = uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  static std::atomic<uint64_t> count{0};
  // splitmix64: a bijection, so that different counts give different ids.
  uint64_t id = start + 0x9e3779b97f4a7c15U * count.fetch_add(1, std::memory_order_relaxed);
  id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9U;
  id = (id ^ id >> 27) * 0x94d049bb133111ebU;
  id ^= id >> 31;
  std::string text(16, '0');
  for (size_t i = 0; i < 16; i++) text[i] = kHex[id >> (60 - 4 * i) & 15];
  return text;
}

}  // namespace cbx::http

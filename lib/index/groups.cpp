// Groups of a segment as a column holds them.
#include "index/impl.h"

namespace cbx::index {
namespace {

void put(Bytes& out, int64_t difference) {
  uint64_t v = static_cast<uint64_t>(difference) << 1 ^ static_cast<uint64_t>(difference >> 63);
  for (; v >= 0x80; v >>= 7) out.push_back(static_cast<uint8_t>(v | 0x80));
  out.push_back(static_cast<uint8_t>(v));
}

bool take(ByteSpan& in, int64_t& sum) {
  uint64_t v = 0;
  size_t used = 0;
  for (int shift = 0;; shift += 7) {
    if (used == in.size() || shift > 63) return false;
    const uint8_t b = in[used++];
    v |= uint64_t{b & 0x7fu} << shift;
    if (!(b & 0x80)) break;
  }
  in = in.subspan(used);
  // Modulo 2^64: a column that is damaged must not overflow.
  sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + (v >> 1 ^ (~(v & 1) + 1)));
  return sum >= 0;
}

}  // namespace

Bytes pack_groups(std::span<const SegmentGroup> groups) {
  Bytes out;
  SegmentGroup before;
  for (const SegmentGroup& g : groups) {
    put(out, g.bytes - before.bytes);
    put(out, g.duration_ms - before.duration_ms);
    before = g;
  }
  return out;
}

bool unpack_groups(ByteSpan packed, std::vector<SegmentGroup>& groups) {
  SegmentGroup g, room{INT64_MAX, INT64_MAX};  // for their sums
  while (!packed.empty()) {
    if (!take(packed, g.bytes) || !take(packed, g.duration_ms)) return false;
    if (g.bytes > room.bytes || g.duration_ms > room.duration_ms) return false;
    room = {room.bytes - g.bytes, room.duration_ms - g.duration_ms};
    groups.push_back(g);
  }
  return true;
}

}  // namespace cbx::index

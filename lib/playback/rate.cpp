#include "playback/rate.h"

#include <algorithm>

namespace cbx::playback {
namespace {

int64_t per_second(double bytes, int64_t ms) {
  constexpr double kMost = 1e15;  // what is told may be anything
  return static_cast<int64_t>(std::min(kMost, bytes * 8000 / static_cast<double>(std::max<int64_t>(1, ms))));
}

}  // namespace

BitRate bit_rate(std::span<const Piece> pieces, int64_t shortest_ms) {
  BitRate rate;
  double bytes = 0, window_bytes = 0;  // of all; of the groups since the last stretch that was long enough
  int64_t ms = 0, window_ms = 0;
  for (const Piece& p : pieces) {
    for (const Group& g : p.groups) {
      bytes += static_cast<double>(g.bytes);
      ms += g.duration_ms;
      window_bytes += static_cast<double>(g.bytes);
      window_ms += g.duration_ms;
      if (window_ms < shortest_ms) continue;
      rate.peak = std::max(rate.peak, per_second(window_bytes, window_ms));
      window_bytes = 0;
      window_ms = 0;
    }
  }
  rate.average = per_second(bytes, ms);
  rate.peak = std::max(rate.peak, rate.average);
  return rate;
}

int64_t longest_group_ms(std::span<const Piece> pieces) {
  int64_t longest = 0;
  for (const Piece& p : pieces) {
    for (const Group& g : p.groups) longest = std::max(longest, g.duration_ms);
  }
  return longest;
}

Shown shown_size(const Piece& p) {
  return p.rotation % 180 == 0 ? Shown{p.width, p.height} : Shown{p.height, p.width};
}

TrackCodecs split_codecs(std::string_view codecs) {
  TrackCodecs out;
  while (!codecs.empty()) {
    const size_t comma = std::min(codecs.find(','), codecs.size());
    const std::string_view one = codecs.substr(0, comma);
    const bool video = one.starts_with("avc") || one.starts_with("hvc") || one.starts_with("hev");
    std::string& kind = video ? out.video : out.audio;
    if (kind.empty()) kind = one;  // a player shows one of each
    codecs.remove_prefix(std::min(comma + 1, codecs.size()));
  }
  return out;
}

}  // namespace cbx::playback

#include "codec/opus.h"

namespace cbx::codec::opus {

ControlParse parse_control_header(ByteSpan d) {
  ControlParse result;
  const auto more = [&] {
    result.valid = result.need_more = true;
    return result;
  };
  if (!d.empty() && d[0] != 0x7f) return result;
  if (d.size() < 2) return more();
  if ((d[1] & 0xe0) != 0xe0) return result;
  const bool start_trim = d[1] & 0x10, end_trim = d[1] & 0x08, extension = d[1] & 0x04;
  size_t at = 2, size = 0;
  for (uint8_t part = 255; part == 255; size += part) {
    if (at >= d.size()) return more();
    part = d[at++];
  }
  at += (start_trim ? 2 : 0) + (end_trim ? 2 : 0);
  if (extension) {
    if (at >= d.size()) return more();
    at += size_t{1} + d[at];
  }
  result.valid = size > 0;
  result.header = {at, size};
  return result;
}

int packet_samples(ByteSpan p) {
  if (p.empty()) return 0;
  const unsigned config = p[0] >> 3;
  int frame = 0;
  if (config < 12) {  // SILK: 10, 20, 40, 60 ms
    constexpr int kSilk[4] = {480, 960, 1920, 2880};
    frame = kSilk[config & 3];
  } else if (config < 16) {  // hybrid: 10, 20 ms
    frame = config & 1 ? 960 : 480;
  } else {  // CELT: 2.5, 5, 10, 20 ms
    frame = 120 << (config & 3);
  }
  int count = 0;
  switch (p[0] & 3) {
    case 0:
      count = 1;
      break;
    case 1:
    case 2:
      count = 2;
      break;
    default:
      count = p.size() > 1 ? p[1] & 63 : 0;
  }
  const int samples = frame * count;
  return samples <= 5760 ? samples : 0;
}

int channels(int code) {
  return code == 0 ? 2 : code & 0x7f;
}

std::optional<Bytes> build_dops(int code) {
  // Mapping family 1: streams, coupled streams and the order of channels (RFC 7845, 5.1.1.2).
  static constexpr uint8_t kStreams[9] = {0, 1, 1, 2, 2, 3, 4, 4, 5};
  static constexpr uint8_t kCoupled[9] = {0, 0, 1, 1, 2, 2, 2, 3, 3};
  static constexpr uint8_t kOrder[9][8] = {{},
                                           {0},
                                           {0, 1},
                                           {0, 2, 1},
                                           {0, 1, 2, 3},
                                           {0, 4, 1, 2, 3},
                                           {0, 4, 1, 2, 3, 5},
                                           {0, 4, 1, 2, 3, 5, 6},
                                           {0, 6, 1, 2, 3, 4, 5, 7}};
  const bool dual_mono = code == 0;
  const bool uncoupled = code >= 0x82 && code <= 0x88;
  if (!dual_mono && !uncoupled && (code < 1 || code > 8)) return std::nullopt;
  const int count = channels(code);
  const int family = dual_mono || uncoupled ? 255 : count > 2 ? 1 : 0;
  Bytes out(11);
  out[1] = static_cast<uint8_t>(count);
  // No pre-skip: a recording is joined anywhere, and its time stamps already tell when each packet sounds.
  write_be32(&out[4], kSampleRate);
  out[10] = static_cast<uint8_t>(family);
  if (family == 0) return out;
  out.push_back(family == 255 ? static_cast<uint8_t>(count) : kStreams[count]);
  out.push_back(family == 255 ? 0 : kCoupled[count]);
  for (int i = 0; i < count; ++i) out.push_back(family == 255 ? static_cast<uint8_t>(i) : kOrder[count][i]);
  return out;
}

}  // namespace cbx::codec::opus

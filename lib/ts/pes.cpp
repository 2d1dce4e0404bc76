#include "ts/pes.h"

namespace cbx::ts {

namespace {

// The 33 bits of a time stamp, nullopt if its marker bits are not as they must be.
std::optional<uint64_t> read_stamp(const uint8_t* p) {
  if ((p[0] & 1) == 0 || (p[2] & 1) == 0 || (p[4] & 1) == 0) return std::nullopt;
  return uint64_t{p[0] & 0x0eu} << 29 | uint64_t{p[1]} << 22 | uint64_t{p[2] & 0xfeu} << 14 | uint64_t{p[3]} << 7 |
         p[4] >> 1;
}

bool is_media_stream_id(uint8_t id) {
  return (id >= 0xc0 && id <= 0xef) || id == 0xbd || id == 0xfa || id == 0xfd;
}

}  // namespace

PesParse parse_pes_header(ByteSpan d) {
  PesParse result;
  if (d.size() < 9) {
    // A wrong beginning need not wait for the rest.
    if ((d.size() > 0 && d[0] != 0) || (d.size() > 1 && d[1] != 0) || (d.size() > 2 && d[2] != 1) ||
        (d.size() > 3 && !is_media_stream_id(d[3])))
      result.state = PesParse::State::no_media;
    return result;
  }
  if (read_be24(d.data()) != 1 || !is_media_stream_id(d[3]) || (d[6] & 0xc0) != 0x80) {
    result.state = PesParse::State::no_media;
    return result;
  }
  result.header_size = size_t{9} + d[8];
  if (d.size() < result.header_size) return result;
  result.state = PesParse::State::ok;
  PesHeader& h = result.header;
  const size_t length = read_be16(d.data() + 4);
  // A length that does not even cover the header is damage: taken as unbounded.
  if (length > result.header_size - 6) h.payload_length = length - (result.header_size - 6);
  h.scrambled = (d[6] & 0x30) != 0;
  const unsigned stamps = d[7] >> 6;
  if (stamps >= 2 && d[8] >= 5 && (d[9] & 0xe0) == 0x20) h.pts = read_stamp(d.data() + 9);
  if (stamps == 3 && d[8] >= 10 && (d[14] & 0xf0) == 0x10 && h.pts) h.dts = read_stamp(d.data() + 14);
  return result;
}

}  // namespace cbx::ts

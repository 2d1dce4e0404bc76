#include "codec/latm.h"

namespace cbx::codec::latm {

namespace {

constexpr size_t kMaxAscBits = 512 * 8;

// LatmGetValue()
uint32_t read_value(BitReader& bits) {
  const int bytes = static_cast<int>(bits.read(2)) + 1;
  return bits.read(bytes * 8);
}

// Copies `count` bits that begin at bit `from` of `data` to whole bytes.
void copy_bits(ByteSpan data, size_t from, size_t count, Bytes& out) {
  const unsigned shift = from % 8;
  for (size_t at = from / 8; count > 0; ++at) {
    unsigned b = data[at];
    if (shift != 0) b = b << shift | (at + 1 < data.size() ? data[at + 1] >> (8 - shift) : 0);
    if (count < 8) b &= 0xff00u >> count;
    out.push_back(static_cast<uint8_t>(b));
    count -= std::min<size_t>(count, 8);
  }
}

}  // namespace

std::optional<size_t> loas_frame_size(ByteSpan d) {
  if (d.size() < kLoasHeaderSize || d[0] != 0x56 || (d[1] & 0xe0) != 0xe0) return std::nullopt;
  const size_t length = size_t{d[1] & 0x1fu} << 8 | d[2];
  if (length == 0) return std::nullopt;
  return kLoasHeaderSize + length;
}

Parser::State Parser::read_asc(BitReader& bits, ByteSpan element, bool version1) {
  const size_t start_all = bits.position();
  size_t length = 0;
  if (version1) {
    length = read_value(bits);
    if (length > kMaxAscBits || length > bits.bits_left()) return State::damaged;
  }
  const size_t start = version1 ? bits.position() : start_all;
  BitReader look = bits;
  auto config = aac::read_asc(look, version1 ? std::optional(length) : std::nullopt);
  if (!config) return look.overrun() ? State::damaged : State::unsupported;
  // Without a length nothing after the config proper is part of it.
  const size_t used = version1 ? length : config->bits;
  if (config->bits > used) return State::damaged;
  bits.skip(used);
  asc_.clear();
  copy_bits(element, start, used, asc_);
  config_ = *config;
  return State::ok;
}

Parser::State Parser::read_mux_config(BitReader& bits, ByteSpan element) {
  const bool version1 = bits.flag();
  if (version1 && bits.flag()) return State::unsupported;  // audioMuxVersionA: reserved
  if (version1) read_value(bits);                          // taraBufferFullness
  mux_ = {};
  mux_.same_framing = bits.flag();
  mux_.subframes = bits.read(6) + 1;
  const uint32_t programs = bits.read(4) + 1;
  const uint32_t layers = bits.read(3) + 1;
  if (bits.overrun()) return State::damaged;
  if (programs != 1 || layers != 1 || !mux_.same_framing) return State::unsupported;
  if (const State state = read_asc(bits, element, version1); state != State::ok) return state;
  mux_.frame_length_type = bits.read(3);
  if (mux_.frame_length_type == 0) {
    bits.read(8);  // latmBufferFullness
  } else if (mux_.frame_length_type == 1) {
    mux_.frame_length = bits.read(9) + 20;
  } else {
    return State::unsupported;
  }
  if (bits.flag()) {  // other data: its length only matters to who reads it
    if (version1) {
      read_value(bits);
    } else {
      while (bits.flag() && !bits.overrun()) bits.read(8);
      bits.read(8);
    }
  }
  if (bits.flag()) bits.read(8);  // CRC
  return bits.overrun() ? State::damaged : State::ok;
}

Parser::State Parser::parse(ByteSpan element) {
  payloads_.clear();
  BitReader bits(element);
  if (!bits.flag()) {
    const State state = read_mux_config(bits, element);
    configured_ = state == State::ok;
    if (!configured_) return state;
  }
  if (!configured_) return State::no_config;
  buffer_.clear();
  buffer_.reserve(element.size());  // so that spans into it stay good
  for (unsigned i = 0; i < mux_.subframes; ++i) {
    size_t length = mux_.frame_length;
    if (mux_.frame_length_type == 0) {
      for (uint32_t part = 255; part == 255 && !bits.overrun(); length += part) part = bits.read(8);
    }
    if (bits.overrun() || length * 8 > bits.bits_left()) return State::damaged;
    const size_t begin = buffer_.size();
    copy_bits(element, bits.position(), length * 8, buffer_);
    bits.skip(length * 8);
    if (length > 0) payloads_.push_back(ByteSpan(buffer_).subspan(begin));
  }
  return State::ok;
}

}  // namespace cbx::codec::latm

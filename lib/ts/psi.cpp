#include "ts/psi.h"

#include <array>

namespace cbx::ts {

namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();
constexpr size_t kMaxStreams = 64;
constexpr size_t kMaxPrograms = 256;

}  // namespace

uint32_t crc32_mpeg(ByteSpan data) {
  uint32_t crc = 0xffffffff;
  for (const uint8_t b : data) crc = crc << 8 ^ kCrcTable[crc >> 24 ^ b];
  return crc;
}

std::optional<SectionHeader> parse_section_header(ByteSpan s) {
  if (s.size() < 12 || (s[1] & 0x80) == 0) return std::nullopt;
  SectionHeader h;
  h.table_id = s[0];
  h.table_extension = read_be16(&s[3]);
  h.version = s[5] >> 1 & 31;
  h.current = s[5] & 1;
  h.number = s[6];
  h.last_number = s[7];
  h.body = s.subspan(8, s.size() - 12);
  return h;
}

std::vector<PatEntry> parse_pat(ByteSpan body) {
  std::vector<PatEntry> entries;
  for (; body.size() >= 4 && entries.size() < kMaxPrograms; body = body.subspan(4)) {
    const PatEntry e{read_be16(&body[0]), static_cast<uint16_t>(read_be16(&body[2]) & 0x1fff)};
    if (e.program != 0) entries.push_back(e);  // 0 is the network PID
  }
  return entries;
}

std::optional<Pmt> parse_pmt(ByteSpan body) {
  if (body.size() < 4) return std::nullopt;
  Pmt pmt;
  const size_t info = read_be16(&body[2]) & 0xfff;
  body = body.subspan(4);
  if (info > body.size()) return std::nullopt;
  pmt.descriptors.assign(body.begin(), body.begin() + static_cast<ptrdiff_t>(info));
  body = body.subspan(info);
  while (body.size() >= 5 && pmt.streams.size() < kMaxStreams) {
    PmtStream s{body[0], static_cast<uint16_t>(read_be16(&body[1]) & 0x1fff), {}};
    const size_t length = read_be16(&body[3]) & 0xfff;
    body = body.subspan(5);
    if (length > body.size()) return std::nullopt;
    s.descriptors.assign(body.begin(), body.begin() + static_cast<ptrdiff_t>(length));
    body = body.subspan(length);
    pmt.streams.push_back(std::move(s));
  }
  return pmt;
}

}  // namespace cbx::ts

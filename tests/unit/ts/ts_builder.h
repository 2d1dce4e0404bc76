// Small writers for the tests: transport packets, PSI sections, PES packets, and H.264 and AAC bytes to put in them.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "codec/bit_reader.h"
#include "ts/psi.h"

namespace cbx::ts::test {

inline constexpr uint16_t kPmtPid = 0x1000, kVideoPid = 0x100, kAudioPid = 0x101;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct StreamEntry {
  uint8_t type;
  uint16_t pid;
  Bytes descriptors = {};
};

class TsBuilder {
 public:
  struct Pes {
    std::optional<uint64_t> pts = std::nullopt, dts = std::nullopt;
    uint8_t stream_id = 0xe0;
    bool bounded = false;
    bool scrambled = false;
    size_t header_stuffing = 0;
  };

  TsBuilder& pat(const std::vector<std::pair<uint16_t, uint16_t>>& programs, uint8_t version = 0) {
    Bytes body;
    for (const auto& [number, pid] : programs) put(body, {number, static_cast<uint16_t>(0xe000 | pid)});
    return section(0, make_section(kTablePat, 1, version, body));
  }
  TsBuilder& pmt(uint16_t program, uint16_t pid, const std::vector<StreamEntry>& streams, uint8_t version = 0,
                 const Bytes& info = {}) {
    Bytes body;
    put(body, {0xffff, static_cast<uint16_t>(0xf000 | info.size())});
    body = body + info;
    for (const StreamEntry& s : streams) {
      body.push_back(s.type);
      put(body, {static_cast<uint16_t>(0xe000 | s.pid), static_cast<uint16_t>(0xf000 | s.descriptors.size())});
      body = body + s.descriptors;
    }
    return section(pid, make_section(kTablePmt, program, version, body));
  }
  // PAT and PMT of one program with H.264 and AAC.
  TsBuilder& tables() { return pat({{1, kPmtPid}}).pmt(1, kPmtPid, {{0x1b, kVideoPid}, {0x0f, kAudioPid}}); }
  TsBuilder& section(uint16_t pid, Bytes section) {
    section.insert(section.begin(), 0);  // pointer_field
    // Sections are followed by stuffing bytes, not by an adaptation field.
    section.resize((section.size() + kPayload - 1) / kPayload * kPayload, 0xff);
    return payload(pid, section);
  }
  static Bytes make_section(uint8_t table, uint16_t extension, uint8_t version, const Bytes& body) {
    Bytes s = {table};
    put(s, {static_cast<uint16_t>(0xb000 | (body.size() + 9)), extension});
    s = s + Bytes{static_cast<uint8_t>(0xc1 | version << 1), 0, 0} + body;
    const uint32_t crc = crc32_mpeg(s);
    put(s, {static_cast<uint16_t>(crc >> 16), static_cast<uint16_t>(crc)});
    return s;
  }

  TsBuilder& pes(uint16_t pid, const Pes& p, const Bytes& data) {
    Bytes h = {0,
               0,
               1,
               p.stream_id,
               0,
               0,
               static_cast<uint8_t>(p.scrambled ? 0xb0 : 0x80),
               static_cast<uint8_t>(p.dts   ? 0xc0
                                    : p.pts ? 0x80
                                            : 0),
               0};
    if (p.pts) stamp(h, p.dts ? 3 : 2, *p.pts);
    if (p.dts) stamp(h, 1, *p.dts);
    h.resize(h.size() + p.header_stuffing, 0xff);
    h[8] = static_cast<uint8_t>(h.size() - 9);
    if (p.bounded) write_be16(&h[4], static_cast<uint16_t>(h.size() - 6 + data.size()));
    return payload(pid, h + data);
  }
  TsBuilder& video(uint64_t pts, std::optional<uint64_t> dts, const Bytes& data) {
    return pes(kVideoPid, {.pts = pts, .dts = dts}, data);
  }
  TsBuilder& audio(std::optional<uint64_t> pts, const Bytes& data) {
    return pes(kAudioPid, {.pts = pts, .stream_id = 0xc0, .bounded = true}, data);
  }

  // Splits a unit into packets; adaptation field stuffing fills the last.
  TsBuilder& payload(uint16_t pid, const Bytes& data) {
    for (size_t at = 0; at < data.size(); at += kPayload)
      packet(pid, at == 0, ByteSpan(data).subspan(at, std::min(kPayload, data.size() - at)));
    return *this;
  }
  // One packet of at most 184 bytes.  `flags` of the adaptation field are only written if there is one.
  TsBuilder& packet(uint16_t pid, bool unit_start, ByteSpan data, uint8_t flags = 0, unsigned scrambling = 0) {
    if (stride == 192) out.insert(out.end(), 4, 0);
    last_packet = out.size();
    const size_t stuffing = kPayload - data.size();
    out.push_back(0x47);
    out.push_back(static_cast<uint8_t>((unit_start ? 0x40 : 0) | pid >> 8));
    out.push_back(static_cast<uint8_t>(pid));
    out.push_back(static_cast<uint8_t>(scrambling << 6 | (stuffing > 0 ? 0x30 : 0x10) | (counters[pid]++ & 15)));
    if (stuffing > 0) out.push_back(static_cast<uint8_t>(stuffing - 1));
    if (stuffing > 1) out.push_back(flags);
    if (stuffing > 2) out.insert(out.end(), stuffing - 2, 0xff);
    out.insert(out.end(), data.begin(), data.end());
    return *this;
  }
  TsBuilder& null_packet() {
    Bytes zeros(kPayload);
    return packet(0x1fff, false, zeros);
  }
  // The last packet once more, as the standard allows.
  TsBuilder& repeat_packet() {
    const Bytes again(out.begin() + static_cast<ptrdiff_t>(last_packet), out.end());
    out = std::move(out) + again;
    return *this;
  }

  Bytes out;
  size_t stride = 188;
  size_t last_packet = 0;
  std::map<uint16_t, unsigned> counters;

 private:
  static constexpr size_t kPayload = 184;

  static void put(Bytes& to, std::initializer_list<uint16_t> words) {
    for (const uint16_t w : words) {
      to.push_back(static_cast<uint8_t>(w >> 8));
      to.push_back(static_cast<uint8_t>(w));
    }
  }
  static void stamp(Bytes& to, unsigned prefix, uint64_t t) {
    to.push_back(static_cast<uint8_t>(prefix << 4 | (t >> 29 & 0x0e) | 1));
    to.push_back(static_cast<uint8_t>(t >> 22));
    to.push_back(static_cast<uint8_t>((t >> 14 & 0xfe) | 1));
    to.push_back(static_cast<uint8_t>(t >> 7));
    to.push_back(static_cast<uint8_t>(t << 1 | 1));
  }
};

// H.264: a 96x64 stream of 25 pictures a second, its parameter sets as x264 writes them.
inline const Bytes kSps = {0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x46, 0x26, 0xc0, 0x44, 0x00, 0x00,
                           0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58};
inline const Bytes kPps = {0x68, 0xef, 0xbc, 0xb0};
inline const Bytes kAud = {0x09, 0xf0};

inline void put_ue(codec::BitWriter& w, uint32_t v) {
  int bits = 0;
  while ((v + 1) >> (bits + 1)) ++bits;
  w.put(0, bits);
  w.put(v + 1, bits + 1);
}
// A slice NAL unit: type 5 IDR, 1 other; `slice_type` 5 P, 6 B, 7 I; filled up to `size` bytes without zeros.
inline Bytes slice(int nal_type, uint32_t slice_type, size_t size = 40, uint32_t first_mb = 0, uint32_t pps_id = 0,
                   uint8_t fill = 0x55) {
  codec::BitWriter w;
  w.put(nal_type == 5 ? 0x65 : 0x41, 8);
  put_ue(w, first_mb);
  put_ue(w, slice_type);
  put_ue(w, pps_id);
  w.put(1, 1);
  Bytes nal = w.take();
  nal.resize(std::max(size, nal.size() + 1), fill);
  return nal;
}
inline Bytes idr(size_t size = 40) {
  return slice(5, 7, size);
}
inline Bytes p_slice(size_t size = 40) {
  return slice(1, 5, size);
}

// NAL units with start codes of `zeros` + 1 bytes.
inline Bytes annexb(const std::vector<Bytes>& nals, int zeros = 3) {
  Bytes out;
  for (const Bytes& n : nals) {
    out.insert(out.end(), static_cast<size_t>(zeros), 0);
    out.push_back(1);
    out = std::move(out) + n;
  }
  return out;
}
// The same as MP4 stores them.
inline Bytes lengths(const std::vector<Bytes>& nals) {
  Bytes out;
  for (const Bytes& n : nals) {
    uint8_t length[4];
    write_be32(length, static_cast<uint32_t>(n.size()));
    out.insert(out.end(), length, length + 4);
    out = std::move(out) + n;
  }
  return out;
}
inline Bytes key_unit(size_t size = 40) {
  return annexb({kAud, kSps, kPps, idr(size)});
}

// An AAC LC frame of 48 kHz stereo (rate index 3) with an ADTS header.
inline Bytes adts(size_t payload = 50, uint8_t fill = 0x21, unsigned rate_index = 3, unsigned channels = 2) {
  const size_t size = payload + 7;
  Bytes f = {0xff,
             0xf1,
             static_cast<uint8_t>(0x40 | rate_index << 2 | channels >> 2),
             static_cast<uint8_t>(channels << 6 | size >> 11),
             static_cast<uint8_t>(size >> 3),
             static_cast<uint8_t>(size << 5 | 0x1f),
             0xfc};
  f.resize(size, fill);
  return f;
}

}  // namespace cbx::ts::test

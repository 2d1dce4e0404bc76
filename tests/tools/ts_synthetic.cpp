// A small H.264 encoder and TS multiplexer for streams whose content doesn't matter but whose syntax must be right:
// key pictures of I_PCM macroblocks, other pictures all skipped, the bit rate filled up with user data.
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "ts_clip.h"

namespace cbx::load {
namespace {

constexpr int kFps = Synthetic::kPicturesPerSecond;
constexpr uint16_t kPmtPid = 0x1000, kVideoPid = 0x100, kAudioPid = 0x101;
constexpr int kAudioRate = 48000;

class Bits {
 public:
  void u(int n, uint32_t v) {
    for (int i = n - 1; i >= 0; --i) bit(v >> i & 1);
  }
  void ue(uint32_t v) {
    const int length = 32 - __builtin_clz(v + 1);
    u(length - 1, 0);
    u(length, v + 1);
  }
  void align() {
    while (used_ != 0) bit(0);
  }
  void trail() {
    bit(1);
    align();
  }
  Bytes bytes;

 private:
  void bit(uint32_t b) {
    if (used_ == 0) bytes.push_back(0);
    bytes.back() = static_cast<uint8_t>(bytes.back() | b << (7 - used_));
    used_ = (used_ + 1) & 7;
  }
  int used_ = 0;
};

// Annex B: start code and emulation prevention (ITU-T H.264, 7.4.1).
void append_nal(Bytes& out, uint8_t header, const Bytes& rbsp) {
  out.insert(out.end(), {0, 0, 0, 1, header});
  int zeros = 0;
  for (const uint8_t b : rbsp) {
    if (zeros >= 2 && b <= 3) {
      out.push_back(3);
      zeros = 0;
    }
    out.push_back(b);
    zeros = b == 0 ? zeros + 1 : 0;
  }
}

Bytes sequence_parameters(int width_mbs, int height_mbs) {
  Bits b;
  b.u(8, 66);  // baseline
  b.u(8, 0xc0);
  b.u(8, 31);
  b.ue(0);  // id
  b.ue(0);  // log2_max_frame_num 4
  b.ue(2);  // output order is decoding order
  b.ue(1);  // one reference picture
  b.u(1, 0);
  b.ue(static_cast<uint32_t>(width_mbs - 1));
  b.ue(static_cast<uint32_t>(height_mbs - 1));
  b.u(1, 1);  // frames only
  b.u(1, 1);
  b.u(1, 0);  // no cropping
  b.u(1, 1);  // VUI: timing only
  b.u(4, 0);
  b.u(1, 1);
  b.u(32, 1);
  b.u(32, 2 * kFps);
  b.u(1, 1);
  b.u(4, 0);
  b.trail();
  return b.bytes;
}

Bytes picture_parameters() {
  Bits b;
  b.ue(0);
  b.ue(0);
  b.u(1, 0);  // CAVLC
  b.u(1, 0);
  b.ue(0);
  b.ue(0);
  b.ue(0);
  b.u(1, 0);
  b.u(2, 0);
  b.ue(0);
  b.ue(0);
  b.ue(0);
  b.u(3, 0);
  b.trail();
  return b.bytes;
}

Bytes key_slice(int64_t picture, uint32_t idr_id, int mbs) {
  Bits b;
  b.ue(0);
  b.ue(7);  // I, all of it
  b.ue(0);
  b.u(4, 0);  // frame_num
  b.ue(idr_id);
  b.u(2, 0);
  b.ue(0);  // qp delta
  for (int mb = 0; mb < mbs; ++mb) {
    b.ue(25);  // I_PCM
    b.align();
    for (int i = 0; i < 384; ++i) b.bytes.push_back(static_cast<uint8_t>(i < 256 ? 16 + (mb + picture) % 200 : 128));
  }
  b.trail();
  return b.bytes;
}

Bytes skipped_slice(uint32_t frame_num, int mbs) {
  Bits b;
  b.ue(0);
  b.ue(5);  // P, all of it
  b.ue(0);
  b.u(4, frame_num & 15);
  b.u(1, 0);
  b.u(1, 0);
  b.u(1, 0);
  b.ue(0);
  b.ue(static_cast<uint32_t>(mbs));  // mb_skip_run
  b.trail();
  return b.bytes;
}

Bytes user_data(size_t size, uint32_t& random) {
  Bytes b{5};
  size_t payload = std::max<size_t>(size, 16);
  for (; payload >= 255; payload -= 255) b.push_back(255);
  b.push_back(static_cast<uint8_t>(payload));
  const size_t until = b.size() + std::max<size_t>(size, 16);
  while (b.size() < until) {
    random = random * 1664525 + 1013904223;
    b.push_back(static_cast<uint8_t>(random >> 24));
  }
  b.push_back(0x80);
  return b;
}

uint32_t crc32_mpeg(const uint8_t* p, size_t n) {
  uint32_t crc = 0xffffffff;
  while (n--) {
    crc ^= uint32_t{*p++} << 24;
    for (int i = 0; i < 8; ++i) crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  return crc;
}

class Muxer {
 public:
  Bytes out;

  void tables() {
    section(0, {0x00, 0xb0, 0x0d, 0x00, 0x01, 0xc1, 0, 0, 0x00, 0x01, 0xe0 | kPmtPid >> 8, kPmtPid & 0xff});
    section(kPmtPid, {0x02, 0xb0, 0x17, 0x00, 0x01, 0xc1, 0,    0,    0xe1, 0x00, 0xf0,
                      0x00, 0x1b, 0xe1, 0x00, 0xf0, 0x00, 0x0f, 0xe1, 0x01, 0xf0, 0x00});
  }

  void pes(uint16_t pid, uint8_t stream_id, int64_t pts, int64_t pcr, bool key, const Bytes& payload) {
    const size_t length = stream_id == 0xe0 ? 0 : payload.size() + 8;
    Bytes p{0, 0, 1, stream_id, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0x80, 0x80, 5};
    p.insert(p.end(), {static_cast<uint8_t>(0x21 | (pts >> 30 & 7) << 1), static_cast<uint8_t>(pts >> 22),
                       static_cast<uint8_t>((pts >> 15 & 0x7f) << 1 | 1), static_cast<uint8_t>(pts >> 7),
                       static_cast<uint8_t>((pts & 0x7f) << 1 | 1)});
    p.insert(p.end(), payload.begin(), payload.end());
    bool first = true;
    for (size_t at = 0; at < p.size(); first = false) {
      Bytes adaptation;
      if (first && pcr >= 0) {
        adaptation = {static_cast<uint8_t>(0x10 | (key ? 0x40 : 0)), 0, 0, 0, 0, 0x7e, 0};
        write_be32(adaptation.data() + 1, static_cast<uint32_t>(pcr >> 1));
        adaptation[5] = static_cast<uint8_t>((pcr & 1) << 7 | 0x7e);
      }
      at += packet(pid, first, adaptation, p.data() + at, p.size() - at);
    }
  }

 private:
  void section(uint16_t pid, Bytes s) {
    const uint32_t crc = crc32_mpeg(s.data(), s.size());
    s.resize(s.size() + 4);
    write_be32(s.data() + s.size() - 4, crc);
    s.insert(s.begin(), 0);
    s.resize(kTsPacket - 4, 0xff);
    packet(pid, true, {}, s.data(), s.size());
  }

  // One packet with as much of the payload as fits; how much that was.
  size_t packet(uint16_t pid, bool start, Bytes adaptation, const uint8_t* payload, size_t size) {
    size_t header = 4 + (adaptation.empty() ? 0 : adaptation.size() + 1);
    const size_t n = std::min(size, kTsPacket - header);
    if (header + n < kTsPacket) {
      // Stuffing: the length byte, then flags, then 0xff.
      const size_t want = kTsPacket - 4 - 1 - n;
      if (adaptation.empty() && want > 0) adaptation.push_back(0);
      adaptation.resize(want, 0xff);
      header = kTsPacket - n;
    }
    const bool has_adaptation = header > 4;
    out.insert(out.end(), {0x47, static_cast<uint8_t>((start ? 0x40 : 0) | pid >> 8), static_cast<uint8_t>(pid),
                           static_cast<uint8_t>((has_adaptation ? 0x30 : 0x10) | (counter(pid)++ & 15))});
    if (has_adaptation) {
      out.push_back(static_cast<uint8_t>(adaptation.size()));
      out.insert(out.end(), adaptation.begin(), adaptation.end());
    }
    out.insert(out.end(), payload, payload + n);
    return n;
  }
  uint8_t& counter(uint16_t pid) { return counters_[pid == 0 ? 0 : pid == kPmtPid ? 1 : pid == kVideoPid ? 2 : 3]; }
  std::array<uint8_t, 4> counters_{};
};

// AAC-LC, 48 kHz stereo, silence, with ADTS header.
Bytes silent_aac_frame() {
  Bytes raw{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c};
  const size_t n = raw.size() + 7;
  Bytes frame{0xff,
              0xf1,
              0x4c,
              static_cast<uint8_t>(0x80 | n >> 11),
              static_cast<uint8_t>(n >> 3),
              static_cast<uint8_t>((n & 7) << 5 | 0x1f),
              0xfc};
  frame.insert(frame.end(), raw.begin(), raw.end());
  return frame;
}

// SEI message 5 (ITU-T H.264, D.1.7): whose it is, then text.
Bytes marked(const std::string& text) {
  const std::string all = Synthetic::kMarkUuid + text;
  Bytes b{5};
  size_t size = all.size();
  for (; size >= 255; size -= 255) b.push_back(255);
  b.push_back(static_cast<uint8_t>(size));
  b.insert(b.end(), all.begin(), all.end());
  b.push_back(0x80);
  return b;
}

// Over NAL units with their start codes of four bytes, which are left out.
uint32_t adler32(ByteSpan units) {
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    if (units.size() - i >= 4 && read_be32(&units[i]) == 1) {
      i += 3;
      continue;
    }
    a = (a + units[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

}  // namespace

struct Synthetic::Impl {
  double bit_rate = 0;
  int mbs = 0;
  int64_t first = 0, number = 0, last_key = 0, audio_frames = 0;
  uint32_t random = 1, idr_id = 0;
  double sent_bytes = 0;
  Bytes sps, pps = picture_parameters(), aac = silent_aac_frame();
  Muxer mux;
};

Synthetic::~Synthetic() = default;
Synthetic::Synthetic(double bit_rate, int width_mbs, int height_mbs, int64_t first) : impl_(std::make_unique<Impl>()) {
  impl_->bit_rate = bit_rate;
  impl_->mbs = width_mbs * height_mbs;
  impl_->sps = sequence_parameters(width_mbs, height_mbs);
  impl_->first = impl_->number = first;
  impl_->audio_frames = (first * kAudioRate / kFps + 1023) / 1024;
}

Bytes Synthetic::next(bool key, const std::string& mark) {
  Impl& s = *impl_;
  const int64_t picture = s.number++;
  if (key) s.last_key = picture;
  if (key) s.idr_id ^= 1;
  const int64_t pcr = picture * 90000 / kFps;
  if (key || (picture - s.first) % 5 == 0) s.mux.tables();
  Bytes unit;
  append_nal(unit, 9, {0xf0});
  if (key) {
    append_nal(unit, 0x67, s.sps);
    append_nal(unit, 0x68, s.pps);
  }
  const Bytes slice =
      key ? key_slice(picture, s.idr_id, s.mbs) : skipped_slice(static_cast<uint32_t>(picture - s.last_key), s.mbs);
  // The rate as a running total: big key pictures are made up for by the ones that follow.
  const double target = s.bit_rate / 8 * static_cast<double>(picture - s.first + 1) / kFps;
  const double sent =
      s.sent_bytes + static_cast<double>(s.mux.out.size()) + static_cast<double>(slice.size()) * 188 / 184;
  Bytes units;
  if (target > sent + 100) append_nal(units, 6, user_data(static_cast<size_t>((target - sent) * 0.97), s.random));
  append_nal(units, key ? 0x65 : 0x41, slice);
  if (!mark.empty()) {
    char sum[10];
    std::snprintf(sum, sizeof sum, " %08x", adler32(units));
    append_nal(unit, 6, marked(mark + sum));
  }
  unit.insert(unit.end(), units.begin(), units.end());
  s.mux.pes(kVideoPid, 0xe0, pts_of(picture), pcr, key, unit);
  Bytes audio;
  const int64_t audio_pts = s.audio_frames * 1024 * 90000 / kAudioRate;
  while (s.audio_frames * 1024 * kFps < (picture + 1) * kAudioRate) {
    audio.insert(audio.end(), s.aac.begin(), s.aac.end());
    ++s.audio_frames;
  }
  if (!audio.empty()) s.mux.pes(kAudioPid, 0xc0, audio_pts + kLead, -1, false, audio);
  s.sent_bytes += static_cast<double>(s.mux.out.size());
  return std::exchange(s.mux.out, {});
}

Bytes make_synthetic(double bit_rate, int seconds) {
  Synthetic stream(bit_rate, 40, 23, 0);
  Bytes out;
  for (int picture = 0; picture < seconds * kFps; ++picture) {
    const Bytes more = stream.next(picture % kFps == 0);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace cbx::load

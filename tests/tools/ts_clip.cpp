#include "ts_clip.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace cbx::load {
namespace {

constexpr size_t kPids = 8192;
constexpr int64_t kWrap90k = int64_t{1} << 33;

int64_t read_pcr(const uint8_t* p) {
  return int64_t{read_be32(p)} << 1 | p[4] >> 7;
}
void write_pcr(uint8_t* p, int64_t v) {
  write_be32(p, static_cast<uint32_t>(v >> 1));
  p[4] = static_cast<uint8_t>((p[4] & 0x7f) | (v & 1) << 7);
}
int64_t read_stamp(const uint8_t* p) {
  return int64_t{(p[0] >> 1) & 7} << 30 | int64_t{p[1]} << 22 | int64_t{p[2] >> 1} << 15 | int64_t{p[3]} << 7 |
         p[4] >> 1;
}
void write_stamp(uint8_t* p, int64_t v) {
  p[0] = static_cast<uint8_t>((p[0] & 0xf1) | ((v >> 30 & 7) << 1));
  p[1] = static_cast<uint8_t>(v >> 22);
  p[2] = static_cast<uint8_t>((v >> 15 & 0x7f) << 1 | 1);
  p[3] = static_cast<uint8_t>(v >> 7);
  p[4] = static_cast<uint8_t>((v & 0x7f) << 1 | 1);
}
int64_t forward(int64_t from, int64_t to) {
  return (to - from) & (kWrap90k - 1);
}

}  // namespace

Result<Clip> Clip::parse(Bytes stream) {
  Clip clip;
  clip.data_ = std::move(stream);
  clip.data_.resize(clip.data_.size() / kTsPacket * kTsPacket);
  clip.payload_packets_.assign(kPids, 0);
  CBX_TRY(clip.scan());
  clip.find_length();
  if (clip.length_90k_ <= 0) return fail(ErrorCode::data, "the stream has no two PCRs to tell its length");
  clip.find_due();
  return clip;
}

Status Clip::scan() {
  if (data_.empty()) return fail(ErrorCode::data, "no transport stream");
  for (size_t at = 0; at < data_.size(); at += kTsPacket) {
    const uint8_t* p = data_.data() + at;
    if (p[0] != 0x47) return fail(ErrorCode::data, "not a transport stream of 188-byte packets");
    Patch patch;
    patch.pid = read_be16(p + 1) & 0x1fff;
    patch.counts = (p[3] & 0x10) != 0;
    size_t payload = 4;
    if (p[3] & 0x20) {
      payload += 1 + p[4];
      if (p[4] >= 7 && (p[5] & 0x10)) patch.pcr = 6;
    }
    if (patch.counts) {
      ++payload_packets_[patch.pid];
      // A PES header (ISO/IEC 13818-1, 2.4.3.6) of a stream that has time stamps.
      if ((p[1] & 0x40) && payload + 19 <= kTsPacket && read_be24(p + payload) == 1 && p[payload + 3] >= 0xbd &&
          p[payload + 3] != 0xbe && p[payload + 3] != 0xbf) {
        if (p[payload + 7] & 0x80) patch.pts = static_cast<int>(payload + 9);
        if ((p[payload + 7] & 0xc0) == 0xc0) patch.dts = static_cast<int>(payload + 14);
      }
    }
    patches_.push_back(patch);
  }
  return {};
}

// The length of a pass: pictures of the PID with the PCR times their distance, so that the first of the next pass
// follows the last as any other.
void Clip::find_length() {
  struct Stamps {
    int64_t first = -1, last = 0, count = 0;
    void add(int64_t v) {
      if (first < 0) first = v;
      if (forward(first, v) < kWrap90k / 2) last = std::max(last, forward(first, v));
      ++count;
    }
    int64_t length() const { return count > 1 ? last * count / (count - 1) : 0; }
  };
  std::map<uint16_t, Stamps> by_pid;
  int pcr_pid = -1;
  for (size_t i = 0; i < patches_.size(); ++i) {
    const Patch& patch = patches_[i];
    const uint8_t* p = data_.data() + i * kTsPacket;
    if (patch.pcr >= 0 && pcr_pid < 0) pcr_pid = patch.pid;
    if (patch.pts >= 0) by_pid[patch.pid].add(read_stamp(p + (patch.dts >= 0 ? patch.dts : patch.pts)));
  }
  if (pcr_pid < 0) return;
  const auto it = by_pid.find(static_cast<uint16_t>(pcr_pid));
  if (it != by_pid.end()) length_90k_ = it->second.length();
}

void Clip::find_due() {
  // (packet, seconds) of each PCR, then straight lines between them.
  std::vector<std::pair<size_t, double>> marks{{0, 0.0}};
  int64_t first = -1;
  for (size_t i = 0; i < patches_.size(); ++i) {
    if (patches_[i].pcr < 0) continue;
    const int64_t pcr = read_pcr(data_.data() + i * kTsPacket + patches_[i].pcr);
    if (first < 0) first = pcr;
    const double t = static_cast<double>(forward(first, pcr)) / 90000;
    if (t >= marks.back().second && t <= seconds()) marks.emplace_back(i, t);
  }
  marks.emplace_back(patches_.size(), seconds());
  size_t m = 0;
  for (size_t i = 0; i < patches_.size(); i += kPacketsPerMessage) {
    while (m + 2 < marks.size() && marks[m + 1].first <= i) ++m;
    const auto [i0, t0] = marks[m];
    const auto [i1, t1] = marks[m + 1];
    due_.push_back(i1 == i0 ? t0 : t0 + (t1 - t0) * static_cast<double>(i - i0) / static_cast<double>(i1 - i0));
  }
}

size_t Clip::render(size_t i, uint64_t pass, uint8_t* out) const {
  const size_t first = i * kPacketsPerMessage;
  const size_t n = std::min(kPacketsPerMessage, patches_.size() - first);
  std::memcpy(out, data_.data() + first * kTsPacket, n * kTsPacket);
  if (pass == 0) return n * kTsPacket;
  const int64_t shift = static_cast<int64_t>(pass % (1 << 20)) * length_90k_;
  for (size_t k = 0; k < n; ++k) {
    const Patch& patch = patches_[first + k];
    uint8_t* p = out + k * kTsPacket;
    if (patch.pcr >= 0) write_pcr(p + patch.pcr, (read_pcr(p + patch.pcr) + shift) & (kWrap90k - 1));
    if (patch.pts >= 0) write_stamp(p + patch.pts, (read_stamp(p + patch.pts) + shift) & (kWrap90k - 1));
    if (patch.dts >= 0) write_stamp(p + patch.dts, (read_stamp(p + patch.dts) + shift) & (kWrap90k - 1));
    const uint64_t on = payload_packets_[patch.pid] * pass;
    p[3] = static_cast<uint8_t>((p[3] & 0xf0) | ((p[3] + on) & 0x0f));
  }
  return n * kTsPacket;
}

}  // namespace cbx::load

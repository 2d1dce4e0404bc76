// How fast the demuxer is, as a ratio to memcpy of the same bytes in the same run.
//   bench_ts [FILE.ts]     without a file: 64 MB of synthetic 4 Mbit/s video and audio
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "ts/demuxer.h"

using namespace cbx;

namespace {

constexpr size_t kPacket = 188;
constexpr size_t kDatagram = 7 * kPacket;  // what SRT delivers
constexpr int kRounds = 5;

class Counter final : public ts::Handler {
 public:
  void on_layout(int, bool) override {}
  void on_track(int, const codec::TrackConfig&) override {}
  void on_sample(const codec::Sample& s) override {
    ++samples;
    bytes += s.data.size();
  }
  void on_notice(const ts::Notice& n) override { fmt::print("notice: {}\n", n.text); }
  size_t samples = 0, bytes = 0;
};

// Enough of a muxer for one H.264 stream.
class Writer {
 public:
  void section(uint16_t pid, Bytes body) {
    uint32_t crc = 0xffffffff;
    for (const uint8_t b : body) {
      crc ^= uint32_t{b} << 24;
      for (int i = 0; i < 8; ++i) crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
    }
    body.insert(body.begin(), 0);
    for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<uint8_t>(crc >> shift));
    body.resize(kPacket - 4, 0xff);
    packets(pid, body);
  }
  void pes(uint16_t pid, uint64_t pts, const Bytes& data) {
    Bytes pes = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5};
    pes.push_back(static_cast<uint8_t>(0x21 | (pts >> 29 & 0x0e)));
    pes.push_back(static_cast<uint8_t>(pts >> 22));
    pes.push_back(static_cast<uint8_t>(1 | (pts >> 14 & 0xfe)));
    pes.push_back(static_cast<uint8_t>(pts >> 7));
    pes.push_back(static_cast<uint8_t>(1 | (pts << 1 & 0xfe)));
    pes.insert(pes.end(), data.begin(), data.end());
    packets(pid, pes);
  }
  Bytes out;

 private:
  void packets(uint16_t pid, ByteSpan data) {
    for (bool first = true; !data.empty(); first = false) {
      const size_t n = std::min<size_t>(data.size(), kPacket - 4);
      const size_t stuffing = kPacket - 4 - n;
      out.push_back(0x47);
      out.push_back(static_cast<uint8_t>((first ? 0x40 : 0) | pid >> 8));
      out.push_back(static_cast<uint8_t>(pid));
      out.push_back(static_cast<uint8_t>((stuffing > 0 ? 0x30 : 0x10) | (counter_[pid == 0x100 ? 0
                                                                                  : pid == 0   ? 1
                                                                                               : 2]++ &
                                                                         15)));
      if (stuffing > 0) out.push_back(static_cast<uint8_t>(stuffing - 1));
      if (stuffing > 1) out.push_back(0);
      if (stuffing > 2) out.insert(out.end(), stuffing - 2, 0xff);
      out.insert(out.end(), data.begin(), data.begin() + static_cast<ptrdiff_t>(n));
      data = data.subspan(n);
    }
  }
  unsigned counter_[3] = {};
};

// 4 Mbit/s at 30 pictures a second: 60 kB key frames once a second, 14.6 kB others, noise with the odd zero.
Bytes synthetic(size_t size) {
  const Bytes sps = {0, 0, 0, 1, 0x67, 0x64, 0x00, 0x0a, 0xac, 0xd9, 0x46, 0x26, 0xc0, 0x44, 0,    0,    3,    0,
                     4, 0, 0, 3, 0x00, 0xc8, 0x3c, 0x48, 0x96, 0x58, 0,    0,    0,    1,    0x68, 0xef, 0xbc, 0xb0};
  std::mt19937 random(1);
  Bytes noise(100000);
  for (size_t i = 0; i < noise.size(); ++i) {
    noise[i] = static_cast<uint8_t>(random());
    if (i >= 2 && noise[i] <= 3 && noise[i - 1] == 0 && noise[i - 2] == 0) noise[i] = 4;
  }
  Writer w;
  w.out.reserve(size + 100000);
  for (uint64_t picture = 0; w.out.size() < size; ++picture) {
    const bool key = picture % 30 == 0;
    if (key) {
      w.section(0, {0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0});                                  // PAT
      w.section(0x1000, {2, 0xb0, 18, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0, 0x1b, 0xe1, 0, 0xf0, 0});  // PMT
    }
    Bytes unit = {0, 0, 0, 1, 9, 0xf0};
    if (key) unit.insert(unit.end(), sps.begin(), sps.end());
    const Bytes slice = {0, 0, 0, 1, static_cast<uint8_t>(key ? 0x65 : 0x41), 0x88, 0x84};
    unit.insert(unit.end(), slice.begin(), slice.end());
    const size_t begin = random() % 10000;
    unit.insert(unit.end(), noise.begin() + static_cast<ptrdiff_t>(begin),
                noise.begin() + static_cast<ptrdiff_t>(begin + (key ? 60000 : 14600)));
    unit.push_back(0x80);
    w.pes(0x100, 90000 + picture * 3000, unit);
  }
  return std::move(w.out);
}

template <typename F>
double best_seconds(F f) {
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  Bytes input;
  if (argc > 1) {
    std::ifstream file(argv[1], std::ios::binary);
    input.assign(std::istreambuf_iterator<char>(file), {});
  } else {
    input = synthetic(64 << 20);
  }
  if (input.empty()) {
    fmt::print(stderr, "nothing to read\n");
    return 66;
  }
  Bytes copy(input.size());
  const double copying = best_seconds([&] {
    for (size_t i = 0; i < input.size(); i += kDatagram)
      std::memcpy(&copy[i], &input[i], std::min(kDatagram, input.size() - i));
  });
  Counter counter;
  const double demuxing = best_seconds([&] {
    counter = {};
    ts::Demuxer demuxer(counter);
    for (size_t i = 0; i < input.size(); i += kDatagram)
      demuxer.push({&input[i], std::min(kDatagram, input.size() - i)}, {});
    demuxer.flush();
  });
  const double megabytes = static_cast<double>(input.size()) / 1e6;
  fmt::print("{:.0f} MB, {} samples of {:.1f} kB on average\n", megabytes, counter.samples,
             static_cast<double>(counter.bytes) / 1e3 / static_cast<double>(std::max<size_t>(counter.samples, 1)));
  fmt::print("memcpy {:.0f} MB/s, demuxer {:.0f} MB/s: {:.2f} times the time of memcpy\n", megabytes / copying,
             megabytes / demuxing, demuxing / copying);
}

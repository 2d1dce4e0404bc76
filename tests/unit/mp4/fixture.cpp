#include <gtest/gtest.h>

#include "fixture.h"

namespace cbx::test {
namespace {

struct Node {
  std::string type;
  ByteSpan payload;
  uint64_t offset = 0, size = 0, header = 0;
};

// Children of a span; nullopt unless they fill it exactly.
std::optional<std::vector<Node>> children(ByteSpan data) {
  std::vector<Node> nodes;
  uint64_t at = 0;
  while (at < data.size()) {
    if (data.size() - at < 8) return std::nullopt;
    uint64_t size = read_be32(&data[at]), header = 8;
    if (size == 1) {
      if (data.size() - at < 16) return std::nullopt;
      size = read_be64(&data[at + 8]);
      header = 16;
    }
    if (size < header || size > data.size() - at) return std::nullopt;
    nodes.push_back(
        {std::string(as_string(data.subspan(at + 4, 4))), data.subspan(at + header, size - header), at, size, header});
    at += size;
  }
  return nodes;
}

std::map<std::string, ByteSpan> named(ByteSpan data) {
  std::map<std::string, ByteSpan> out;
  for (const Node& n : children(data).value_or(std::vector<Node>{})) out.emplace(n.type, n.payload);
  return out;
}

bool read_track(ByteSpan trak, uint64_t mdat_begin, uint64_t mdat_end, PlainTrack& t) {
  auto top = named(trak);
  auto mdia = named(top["mdia"]);
  auto minf = named(mdia["minf"]);
  auto b = named(minf["stbl"]);
  const bool wide_tkhd = top["tkhd"][0] == 1;
  t.id = read_be32(&top["tkhd"][wide_tkhd ? 20 : 12]);
  t.timescale = read_be32(&mdia["mdhd"][mdia["mdhd"][0] == 1 ? 20 : 12]);
  t.duration = mdia["mdhd"][0] == 1 ? read_be64(&mdia["mdhd"][24]) : read_be32(&mdia["mdhd"][16]);
  t.format = std::string(as_string(b["stsd"].subspan(12, 4)));
  if (const ByteSpan elst = named(top["edts"])["elst"]; !elst.empty()) {
    for (uint32_t i = 0; i < read_be32(&elst[4]); ++i) {
      const uint8_t* p = &elst[8 + 12 * i];
      t.edits.emplace_back(read_be32(p), static_cast<int32_t>(read_be32(p + 4)));
    }
  }
  const uint32_t fixed = read_be32(&b["stsz"][4]), count = read_be32(&b["stsz"][8]);
  for (uint32_t i = 0; i < count; ++i) {
    PlainSample s;
    s.size = fixed ? fixed : read_be32(&b["stsz"][12 + 4 * i]);
    s.key = b["stss"].empty();
    t.samples.push_back(s);
  }
  size_t n = 0;
  int64_t dts = 0;
  for (uint32_t i = 0; i < read_be32(&b["stts"][4]); ++i) {
    for (uint32_t k = read_be32(&b["stts"][8 + 8 * i]); k > 0; --k) {
      if (n >= count) return false;
      t.samples[n++].dts = dts;
      dts += read_be32(&b["stts"][12 + 8 * i]);
    }
  }
  if (n != count || static_cast<uint64_t>(dts) != t.duration) return false;
  if (!b["ctts"].empty()) {
    n = 0;
    t.ctts_version = b["ctts"][0];
    for (uint32_t i = 0; i < read_be32(&b["ctts"][4]); ++i) {
      for (uint32_t k = read_be32(&b["ctts"][8 + 8 * i]); k > 0; --k) {
        if (n >= count) return false;
        t.samples[n++].cto = static_cast<int32_t>(read_be32(&b["ctts"][12 + 8 * i]));
      }
    }
    if (n != count) return false;
  }
  if (!b["stss"].empty()) {
    for (uint32_t i = 0; i < read_be32(&b["stss"][4]); ++i)
      t.samples.at(read_be32(&b["stss"][8 + 4 * i]) - 1).key = true;
  }
  t.wide_offsets = !b["co64"].empty();
  const ByteSpan offsets = t.wide_offsets ? b["co64"] : b["stco"];
  const uint32_t chunks = read_be32(&offsets[4]), rows = read_be32(&b["stsc"][4]);
  n = 0;
  for (uint32_t c = 0, row = 0; c < chunks; ++c) {
    while (row + 1 < rows && read_be32(&b["stsc"][8 + 12 * (row + 1)]) <= c + 1) ++row;
    uint64_t at = t.wide_offsets ? read_be64(&offsets[8 + 8 * c]) : read_be32(&offsets[8 + 4 * c]);
    for (uint32_t k = read_be32(&b["stsc"][12 + 12 * row]); k > 0; --k) {
      if (n >= count) return false;
      t.samples[n].offset = at;
      at += t.samples[n++].size;
    }
    if (at > mdat_end || at < mdat_begin) return false;
  }
  return n == count && count > 0;
}

}  // namespace

std::optional<PlainFile> read_plain(const Bytes& file) {
  const auto top = children(file);
  if (!top) return std::nullopt;
  PlainFile out;
  const Node *moov = nullptr, *mdat = nullptr;
  for (const Node& n : *top) {
    out.boxes.push_back(n.type);
    if (n.type == "moov") moov = &n;
    if (n.type == "mdat") mdat = &n;
  }
  if (!moov || !mdat || out.boxes.front() != "ftyp") return std::nullopt;
  const auto inner = children(moov->payload);
  if (!inner) return std::nullopt;
  for (const Node& n : *inner) {
    if (n.type == "mvex") return std::nullopt;
    if (n.type == "mvhd") {
      out.movie_timescale = read_be32(&n.payload[n.payload[0] == 1 ? 20 : 12]);
      out.creation = n.payload[0] == 1 ? read_be64(&n.payload[4]) : read_be32(&n.payload[4]);
    }
    if (n.type != "trak") continue;
    PlainTrack t;
    if (!read_track(n.payload, mdat->offset + mdat->header, mdat->offset + mdat->size, t)) return std::nullopt;
    out.tracks.push_back(std::move(t));
  }
  return out.tracks.empty() ? std::nullopt : std::optional(out);
}

codec::TrackConfig video_config() {
  codec::TrackConfig t;
  t.codec = codec::Codec::h264;
  t.decoder_config = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 4, 0x68, 0xee, 0x3c, 0x80};
  t.video.width = 640;
  t.video.height = 360;
  t.video.frame_rate_num = 0;
  return t;
}

codec::TrackConfig audio_config() {
  codec::TrackConfig t;
  t.codec = codec::Codec::aac;
  t.decoder_config = {0x11, 0x90};
  t.audio.sample_rate = 48000;
  t.audio.channels = 2;
  return t;
}

mp4::FileInfo file_info() {
  mp4::FileInfo info;
  info.device = "cam01";
  info.start = *parse_rfc3339("2026-11-20T08:01:00.033Z");
  info.source = "live";
  info.connection = "c-17";
  info.pts = 8589934592;
  info.clock_offset_ms = -42;
  info.opens = true;
  return info;
}

TestSample video_sample(int n) {
  TestSample s;
  s.data.resize(static_cast<size_t>(60 + n % 7));
  write_be32(s.data.data(), static_cast<uint32_t>(s.data.size() - 4));
  for (size_t i = 4; i < s.data.size(); ++i) s.data[i] = static_cast<uint8_t>(n * 31 + static_cast<int>(i) + 1);
  const int32_t offsets[] = {7200, 14400, 3600, 0};
  s.writer = {0, 900000 + n * int64_t{3600}, offsets[n % 4], 3600, n % 25 == 0, {}};
  return s;
}

TestSample audio_sample(int n) {
  TestSample s;
  s.data.assign(static_cast<size_t>(10 + n % 3), static_cast<uint8_t>(n % 250 + 1));
  // The picture's first presented instant is sample 3: 900000 + 3 * 3600, in ticks of 48 kHz.
  s.writer = {1, (900000 + 7200) * int64_t{48000} / 90000 - 500 + n * int64_t{1024}, 0, 1024, true, {}};
  return s;
}

void record(mp4::HybridWriter& writer, int seconds, int from) {
  int audio = from * 48000 / 1024;
  for (int n = from * 25; n < (from + seconds) * 25; ++n) {
    TestSample v = video_sample(n);
    v.writer.data = v.data;
    if (n % 12 == 0 && n > from * 25) {
      ASSERT_TRUE(writer.flush());
    }
    writer.add(v.writer);
    while ((audio + 1) * 1024 <= (n + 1) * 1920) {
      TestSample a = audio_sample(audio++);
      a.writer.data = a.data;
      writer.add(a.writer);
    }
  }
  ASSERT_TRUE(writer.flush());
}

MemoryFile recording(int seconds, uint64_t reserve) {
  MemoryFile file;
  auto writer = mp4::HybridWriter::create(file, {video_config(), audio_config()}, file_info(), reserve);
  EXPECT_TRUE(writer);
  record(*writer, seconds);
  return file;
}

::testing::AssertionResult holds_recorded(const Bytes& file, const PlainFile& plain) {
  for (const PlainTrack& t : plain.tracks) {
    int n = 0;
    for (const PlainSample& s : t.samples) {
      const TestSample want = t.id == 1 ? video_sample(n) : audio_sample(n);
      const TestSample first = t.id == 1 ? video_sample(0) : audio_sample(0);
      const bool same = s.size == want.data.size() && s.offset + s.size <= file.size() &&
                        std::equal(want.data.begin(), want.data.end(), file.begin() + static_cast<ptrdiff_t>(s.offset));
      if (!same || s.dts != want.writer.dts - first.writer.dts || s.cto != want.writer.composition_offset ||
          s.key != want.writer.key)
        return ::testing::AssertionFailure() << "track " << t.id << " sample " << n << " differs";
      ++n;
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace cbx::test

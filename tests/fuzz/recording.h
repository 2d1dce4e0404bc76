// A small recording with picture and sound, to be damaged.
#pragma once

#include <vector>

#include "fuzz.h"
#include "mp4/hybrid_writer.h"
#include "unit/mp4/memory_file.h"

namespace cbx::fuzz {

inline codec::TrackConfig picture() {
  codec::TrackConfig c;
  c.codec = codec::Codec::h264;
  c.decoder_config = {1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80};
  c.video.width = 640;
  c.video.height = 480;
  return c;
}

inline codec::TrackConfig sound() {
  codec::TrackConfig c;
  c.codec = codec::Codec::aac;
  c.decoder_config = {0x11, 0x90};
  c.audio = {48000, 2, 1024, 0};
  return c;
}

// `fragments` pairs of picture and sound, half a second each; kinds: 1 picture, 2 sound, 3 both.
inline test::MemoryFile recording(int fragments, int kind, uint64_t reserve, bool finish) {
  test::MemoryFile file;
  std::vector<codec::TrackConfig> tracks;
  if (kind & 1) tracks.push_back(picture());
  if (kind & 2) tracks.push_back(sound());
  mp4::FileInfo info{"cam01", *parse_rfc3339("2026-11-20T08:01:00.033Z"), "live", "c1", 90000, std::nullopt};
  auto writer = mp4::HybridWriter::create(file, tracks, info, reserve);
  CBX_CHECK(writer);
  for (int f = 0; f < fragments; f++) {
    for (int i = 0; kind & 1 && i < 5; i++) {
      const int n = f * 5 + i;
      Bytes data(40 + static_cast<size_t>(n % 7), static_cast<uint8_t>(n + 1));
      write_be32(data.data(), static_cast<uint32_t>(data.size() - 4));
      writer->add({0, 90000 + n * 9000, n % 3 ? 9000 : 0, 9000, i == 0 && f % 2 == 0, data});
    }
    for (int i = 0; kind & 2 && i < 8; i++) {
      const int n = f * 8 + i;
      const Bytes data(12 + static_cast<size_t>(n % 3), static_cast<uint8_t>(n + 1));
      writer->add({kind == 3 ? 1 : 0, 48000 + n * 3000, 0, 3000, true, data});
    }
    CBX_CHECK(writer->flush());
  }
  if (finish) CBX_CHECK(writer->finish());
  file.log.clear();
  return file;
}

// What every finished file must be.
inline mp4::FileMap check_finished(test::MemoryFile& file) {
  const auto map = mp4::read_file_map(file);
  CBX_CHECK(map && map->finished && !map->fragments.empty());
  uint64_t at = map->init_offset + map->init_size;
  for (const mp4::Fragment& f : map->fragments) {
    CBX_CHECK(f.offset == at && f.size > 16);
    at += f.size;
  }
  CBX_CHECK(at <= file.bytes.size());
  const Bytes before = file.bytes;
  const auto again = mp4::salvage(file);
  CBX_CHECK(again && again->was_finished && again->cut_bytes == 0);
  CBX_CHECK(again->finished.bytes == file.bytes.size() && again->finished.duration_ms >= 0);
  CBX_CHECK(file.bytes == before);
  return *map;
}

}  // namespace cbx::fuzz

// A store with recordings of known samples.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../mp4/fixture.h"
#include "cut/cut.h"
#include "cut/source_tables.h"
#include "temp_dir.h"

namespace cbx::cut {

inline WallMs at(const std::string& text) {
  return *parse_rfc3339(text);
}

class CutTest : public testing::Test {
 protected:
  CutTest()
      : store_(*store::Store::init(dir_.path(), UtcOffset::parse("+09:00").value(), std::nullopt)),
        index_(*index::Index::open(store_, index::Access::write)) {}

  // The samples of test::record(), moved by `shift` ticks of 90 kHz (a multiple of 15, so that sound is exact).
  struct Make {
    int seconds = 4;
    int64_t shift = 0;
    bool finish = true, sound = true;
    int width = 0;
    codec::Codec codec = codec::Codec::h264;
  };
  Bytes make(WallMs start, const Make& m) {
    test::MemoryFile file;
    codec::TrackConfig video = test::video_config();
    if (m.width > 0) video.video.width = m.width;
    video.codec = m.codec;
    std::vector<codec::TrackConfig> tracks{video};
    if (m.sound) tracks.push_back(test::audio_config());
    mp4::FileInfo info = test::file_info();
    info.start = start;
    info.pts = 900000 + 7200 + m.shift;
    auto writer = mp4::HybridWriter::create(file, tracks, info, 8192);
    EXPECT_TRUE(writer);
    int audio = 0;
    for (int n = 0; n < m.seconds * 25; ++n) {
      if (n % 12 == 0 && n > 0) {
        EXPECT_TRUE(writer->flush());
      }
      put(*writer, test::video_sample(n), m.shift);
      while (m.sound && (audio + 1) * 1024 <= (n + 1) * 1920)
        put(*writer, test::audio_sample(audio++), m.shift * 48 / 90);
    }
    EXPECT_TRUE(writer->flush());
    if (m.finish) {
      EXPECT_TRUE(writer->finish());
    }
    return file.bytes;
  }
  static void put(mp4::HybridWriter& writer, test::TestSample s, int64_t shift) {
    s.writer.data = s.data;
    s.writer.dts += shift;
    writer.add(s.writer);
  }
  std::string media(const std::string& path) const { return store_.media_path() + "/" + path; }
  void write(const std::string& path, const Bytes& bytes) {
    std::filesystem::create_directories(std::filesystem::path(media(path)).parent_path());
    std::ofstream(media(path), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  // A finished recording, in the index.
  std::string add(WallMs start, const Make& m) {
    const Bytes bytes = make(start, m);
    SegmentRecord r;
    r.device = "cam01";
    r.start = start;
    r.duration_ms = m.seconds * 1000;
    r.path = store_.segment_path(r.device, start);
    r.bytes = static_cast<int64_t>(bytes.size());
    r.video = "h264";
    r.source = "live";
    r.end = "rotate";
    r.sha256 = std::string(64, 'a');
    write(r.path, bytes);
    const Record record = r;
    EXPECT_TRUE(index_.apply(std::span(&record, 1)));
    return r.path;
  }
  Result<std::shared_ptr<const Cut>> plan(WallMs from, WallMs to) { return cut::plan(index_, "cam01", {from, to}); }
  static Bytes read_all(const Cut& cut) {
    Bytes all(cut.size());
    const auto n = cut.read_at(0, all);
    EXPECT_TRUE(n) << n.error().message();
    EXPECT_EQ(n.value_or(0), all.size());
    return all;
  }
  // The cut as a reader sees it that shares no code with it.
  struct Plain {
    Bytes bytes;
    test::PlainFile file;
  };
  Plain read(WallMs from, WallMs to) {
    auto cut = plan(from, to);
    EXPECT_TRUE(cut) << cut.error().message();
    if (!cut) return {};
    Plain p{read_all(**cut), {}};
    auto file = test::read_plain(p.bytes);
    EXPECT_TRUE(file);
    if (file) p.file = std::move(*file);
    return p;
  }

  const WallMs t0_ = at("2026-11-20T08:00:00Z");
  test::TempDir dir_;
  store::Store store_;
  index::Index index_;
};

}  // namespace cbx::cut

#include "media/import.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "fixture.h"

namespace cbx::media {
namespace {

using codec::Codec;
using test::Collector;

class ImportTest : public test::MediaTest {
 protected:
  // Reads all of it; the tests of times and forms that hold for every file are made here.
  static Collector import(Result<Importer> importer) {
    Collector c;
    EXPECT_TRUE(importer) << importer.error().message();
    if (!importer) return c;
    while (true) {
      const auto more = importer->read(c);
      EXPECT_TRUE(more) << more.error().message();
      if (!more || !*more) break;
    }
    for (const auto& [track, samples] : c.samples) {
      int64_t last = -1;
      for (const auto& s : samples) {
        EXPECT_GT(s.sample.dts, last);
        last = s.sample.dts;
        if (codec::is_video(c.configs[track].back().codec)) expect_nals(s.data);
      }
    }
    return c;
  }
  static Collector import(const std::string& file) { return import(Importer::open(file)); }

  static void expect_nals(ByteSpan data) {
    while (data.size() > 4) {
      const size_t n = read_be32(data.data());
      ASSERT_GT(n, 0u);
      ASSERT_LE(n, data.size() - 4);
      data = data.subspan(4 + n);
    }
    ASSERT_TRUE(data.empty());
  }

  static std::vector<std::string> md5(const std::vector<Collector::Kept>& samples) {
    std::vector<std::string> out;
    for (const auto& s : samples) {
      uint8_t digest[16];
      EVP_Digest(s.data.data(), s.data.size(), digest, nullptr, EVP_md5(), nullptr);
      std::string hex;
      for (const uint8_t b : digest) {
        const char* d = "0123456789abcdef";
        hex += d[b >> 4];
        hex += d[b & 15];
      }
      out.push_back(hex);
    }
    return out;
  }
};

constexpr const char* kH264Aac = "-c:v libx264 -preset ultrafast -g 25 -bf 0 -c:a aac";
constexpr const char* kBFrames = "-c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac";

TEST_F(ImportTest, Mp4IsTakenOverByteForByte) {
  const std::string file = make("a.mp4", kBFrames, "-metadata creation_time=2024-05-06T07:08:09Z");
  auto importer = Importer::open(file);
  ASSERT_TRUE(importer);
  ASSERT_TRUE(importer->info().creation);
  EXPECT_EQ(format_rfc3339(*importer->info().creation), "2024-05-06T07:08:09.000Z");
  EXPECT_EQ(importer->info().duration, Millis(2000));
  EXPECT_TRUE(importer->info().has_video);
  const Collector c = import(std::move(importer));
  EXPECT_EQ(c.tracks, 2);
  ASSERT_EQ(c.configs.at(0).size(), 1u);
  const auto& video = c.configs.at(0).front();
  EXPECT_EQ(video.codec, Codec::h264);
  EXPECT_EQ(video.video.width, 160);
  EXPECT_EQ(video.video.height, 120);
  EXPECT_EQ(video.video.frame_rate_num, 25);
  EXPECT_EQ(video.decoder_config[0], 1);
  const auto& audio = c.configs.at(1).front();
  EXPECT_EQ(audio.codec, Codec::aac);
  EXPECT_EQ(audio.audio.sample_rate, 48000);
  EXPECT_EQ(audio.audio.channels, 1);
  EXPECT_EQ(audio.audio.samples_per_frame, 1024);
  EXPECT_EQ(md5(c.samples.at(0)), packet_md5(file, "v"));
  EXPECT_EQ(md5(c.samples.at(1)), packet_md5(file, "a"));
  const auto& pictures = c.samples.at(0);
  ASSERT_EQ(pictures.size(), 50u);
  EXPECT_TRUE(pictures[0].sample.key);
  EXPECT_FALSE(pictures[1].sample.key);
  EXPECT_TRUE(pictures[25].sample.key);
}

TEST_F(ImportTest, EveryContainerTellsTheSame) {
  const std::string mp4 = make("a.mp4", kH264Aac);
  const Collector want = import(mp4);
  for (const char* name : {"a.mkv", "a.flv", "a.mov", "a.avi"}) {
    const Collector got = import(copy(mp4, name));
    ASSERT_EQ(got.tracks, 2) << name;
    EXPECT_EQ(md5(got.samples.at(0)), md5(want.samples.at(0))) << name;
    EXPECT_EQ(md5(got.samples.at(1)), md5(want.samples.at(1))) << name;
    EXPECT_EQ(got.configs.at(0).front().video.width, 160) << name;
    EXPECT_EQ(got.configs.at(1).front().audio.sample_rate, 48000) << name;
    EXPECT_EQ(got.configs.at(1).front().decoder_config, want.configs.at(1).front().decoder_config) << name;
  }
}

TEST_F(ImportTest, MatroskaGetsDecodingTimes) {
  const std::string mp4 = make("a.mp4", kBFrames);
  const Collector want = import(mp4), got = import(copy(mp4, "a.mkv"));
  const auto &a = want.samples.at(0), &b = got.samples.at(0);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(static_cast<double>(b[i].sample.pts - b[0].sample.pts),
                static_cast<double>(a[i].sample.pts - a[0].sample.pts), 180.0);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_GE(b[i].sample.pts, b[i].sample.dts) << i;
    const auto before = i > 0 ? b[i - 1].sample.dts : b[0].sample.dts - 3600;
    EXPECT_NEAR(static_cast<double>(b[i].sample.dts - before), 3600.0, 180.0) << i;
  }
  EXPECT_TRUE(std::any_of(b.begin(), b.end(), [](const auto& s) { return s.sample.pts != s.sample.dts; }));
}

TEST_F(ImportTest, SoundOfMatroskaHasExactTimes) {
  const Collector c = import(copy(make("a.mp4", kH264Aac), "a.mkv"));
  const auto& sound = c.samples.at(1);
  ASSERT_GT(sound.size(), 90u);
  for (size_t i = 0; i < sound.size(); ++i)
    EXPECT_NEAR(static_cast<double>(sound[i].sample.pts - sound[0].sample.pts), static_cast<double>(i) * 1920, 1.0);
}

TEST_F(ImportTest, TransportStreamLosesStartCodesAndAdts) {
  const std::string mp4 = make("a.mp4", kH264Aac);
  const Collector want = import(mp4), got = import(copy(mp4, "a.ts"));
  ASSERT_EQ(got.tracks, 2);
  EXPECT_EQ(md5(got.samples.at(1)), md5(want.samples.at(1)));
  EXPECT_EQ(got.samples.at(0).size(), want.samples.at(0).size());
  EXPECT_EQ(got.configs.at(0).front().video.height, 120);
  EXPECT_EQ(got.configs.at(0).front().decoder_config, want.configs.at(0).front().decoder_config);
}

TEST_F(ImportTest, ANewPictureSizeInATransportStreamIsFollowed) {
  for (const char* size : {"160x120", "320x240"})
    run(std::string("-f lavfi -i testsrc2=size=") + size +
        ":rate=25:duration=2 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p " + path(size) + ".ts");
  const auto a = read_file(path("160x120.ts"), 10 << 20), b = read_file(path("320x240.ts"), 10 << 20);
  ASSERT_TRUE(a && b);
  ASSERT_TRUE(replace_file(path("both.ts"), *a + *b, 0600));
  const Collector c = import(path("both.ts"));
  const auto& configs = c.configs.at(0);
  ASSERT_EQ(configs.size(), 2u);
  EXPECT_EQ(configs[0].video.width, 160);
  EXPECT_EQ(configs[1].video.width, 320);
  EXPECT_EQ(configs[1].video.height, 240);
}

TEST_F(ImportTest, EverySoundThatMp4Carries) {
  const struct {
    const char* encoder;
    Codec codec;
    size_t config;
    int samples;
  } kinds[] = {{"mp2", Codec::mp2, 0, 1152},
               {"libmp3lame", Codec::mp3, 0, 1152},
               {"ac3", Codec::ac3, 3, 1536},
               {"eac3", Codec::eac3, 5, 1536},
               {"libopus", Codec::opus, 11, 960}};
  for (const auto& kind : kinds) {
    const std::string file = make("a.mkv", std::string("-c:v libx264 -preset ultrafast -c:a ") + kind.encoder);
    const Collector c = import(file);
    ASSERT_EQ(c.tracks, 2) << kind.encoder;
    const auto& config = c.configs.at(1).front();
    EXPECT_EQ(config.codec, kind.codec);
    EXPECT_EQ(config.decoder_config.size(), kind.config) << kind.encoder;
    EXPECT_EQ(config.audio.samples_per_frame, kind.samples) << kind.encoder;
    EXPECT_EQ(c.samples.at(1).front().sample.duration, kind.samples) << kind.encoder;
    EXPECT_EQ(md5(c.samples.at(1)), packet_md5(file, "a")) << kind.encoder;
  }
}

TEST_F(ImportTest, H265WithItsParameterSetsInTheConfiguration) {
  const std::string file =
      make("a.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -an", "-tag:v hvc1");
  const Collector c = import(file);
  ASSERT_EQ(c.tracks, 1);
  EXPECT_EQ(c.configs.at(0).front().codec, Codec::h265);
  EXPECT_EQ(md5(c.samples.at(0)), packet_md5(file, "v"));
  const Collector ts = import(copy(file, "a.ts"));
  ASSERT_EQ(ts.configs.count(0), 1u);
  EXPECT_EQ(ts.configs.at(0).front().decoder_config[0], 1);
  EXPECT_EQ(ts.configs.at(0).front().video.width, 160);
}

TEST_F(ImportTest, TurnedPicturesKeepTheirTurn) {
  const std::string file = make("a.mp4", kH264Aac);
  for (const int rotation : {90, 180, 270}) {
    // The matrix of tkhd, written by hand: {a b u c d v x y w} after 40 bytes of the box's payload.
    Bytes bytes;
    {
      PosixFilesystem fs;
      auto f = fs.open(file, OpenMode::read);
      bytes.resize(*(*f)->size());
      ASSERT_TRUE((*f)->read_at(0, bytes));
    }
    uint8_t* m = bytes.data() + as_string(bytes).find("tkhd") + 4 + 40;
    const auto one = uint32_t{0x10000}, minus = uint32_t{0xffff0000};
    write_be32(m, rotation == 180 ? minus : 0);
    write_be32(m + 4, rotation == 90 ? one : rotation == 270 ? minus : 0);
    write_be32(m + 12, rotation == 90 ? minus : rotation == 270 ? one : 0);
    write_be32(m + 16, rotation == 180 ? minus : 0);
    const std::string turned = path("turned.mp4");
    ASSERT_TRUE(replace_file(turned, as_string(bytes), 0600));
    EXPECT_EQ(import(turned).configs.at(0).front().video.rotation, rotation);
  }
}

TEST_F(ImportTest, PixelAspectAndColourAreKept) {
  const Collector c =
      import(make("a.mp4", kH264Aac, "-vf setsar=4/3 -color_primaries bt709 -color_trc bt709 -colorspace bt709"));
  const auto& v = c.configs.at(0).front().video;
  EXPECT_EQ(v.par_num, 4);
  EXPECT_EQ(v.par_den, 3);
  EXPECT_EQ(v.matrix, 1);
}

TEST_F(ImportTest, VideoThatCannotBeCarriedIsNamed) {
  auto importer = Importer::open(make("a.avi", "-c:v mjpeg -c:a mp2"));
  ASSERT_TRUE(importer);
  EXPECT_EQ(importer->info().tracks, 0);
  const Collector c = import(std::move(importer));
  ASSERT_EQ(c.notices.size(), 1u);
  EXPECT_EQ(c.notices[0].kind, codec::Notice::Kind::unsupported);
  EXPECT_NE(c.notices[0].text.find("mjpeg"), std::string::npos);
  EXPECT_TRUE(c.samples.empty());
}

TEST_F(ImportTest, OtherStreamsAreLeftOutWithANotice) {
  const std::string a = make("a.mp4", kH264Aac);
  run("-i " + a + " -i " + a + " -map 0:v -map 0:a -map 1:a -map 1:v -c copy " + path("b.mkv"));
  const Collector c = import(path("b.mkv"));
  EXPECT_EQ(c.tracks, 2);
  EXPECT_EQ(c.notices.size(), 2u);
}

TEST_F(ImportTest, ForeignFilesAreRefused) {
  const struct {
    const char* name;
    std::string content;
  } files[] = {{"empty", ""},
               {"text", std::string(5000, 'x')},
               // What another demuxer would follow.
               {"list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"},
               {"list.ffconcat", "ffconcat version 1.0\nfile /etc/passwd\n"}};
  for (const auto& f : files) {
    ASSERT_TRUE(replace_file(path(f.name), f.content, 0600));
    const auto importer = Importer::open(path(f.name));
    ASSERT_FALSE(importer) << f.name;
    EXPECT_EQ(importer.error().code(), ErrorCode::data);
  }
  // A whole file, of a demuxer that nobody asked for.
  run("-f lavfi -i sine=frequency=440:duration=1 -c:a libopus " + path("a.ogg"));
  const auto ogg = Importer::open(path("a.ogg"));
  ASSERT_FALSE(ogg);
  EXPECT_EQ(ogg.error().code(), ErrorCode::data);
  EXPECT_EQ(Importer::open(path("nothing")).error().code(), ErrorCode::no_input);
  EXPECT_EQ(Importer::open(path("")).error().code(), ErrorCode::no_input);
}

TEST_F(ImportTest, PipesAreReadToo) {
  const std::string mkv = copy(make("a.mp4", kH264Aac), "a.mkv");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::thread writer([&] {
    const auto content = read_file(mkv, 10 << 20);
    (void)write_all(ends[1], as_bytes(*content), "pipe");
    ::close(ends[1]);
  });
  const Collector c = import(Importer::open(UniqueFd(ends[0]), "standard input"));
  writer.join();
  EXPECT_EQ(c.samples.at(0).size(), 50u);
}

TEST_F(ImportTest, DamageNeverCrashes) {
  const std::string mp4 = make("a.mp4", kBFrames);
  std::mt19937 random(3);
  for (const char* name : {"a.mp4", "b.mkv", "b.ts", "b.flv", "b.avi"}) {
    const std::string file = name[0] == 'a' ? mp4 : copy(mp4, name);
    const auto content = read_file(file, 10 << 20);
    ASSERT_TRUE(content);
    for (int i = 0; i < 30; ++i) {
      std::string bad = *content;
      for (int k = 0; k < 40; ++k) bad[random() % bad.size()] = static_cast<char>(random());
      if (i % 3 == 0) bad.resize(random() % bad.size());
      ASSERT_TRUE(replace_file(path("bad"), bad, 0600));
      auto importer = Importer::open(path("bad"));
      if (!importer) continue;
      Collector c;
      while (true) {
        const auto more = importer->read(c);
        if (!more || !*more) break;
      }
    }
  }
}

}  // namespace
}  // namespace cbx::media

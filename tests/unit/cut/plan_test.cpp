#include <random>

#include "cut/candidates.h"
#include "cut/text.h"
#include "cut/track_builder.h"
#include "fixture.h"

namespace cbx::cut {
namespace {

using std::chrono::seconds;

constexpr int64_t kSecond = 90000;

// Where on the presentation's time line a sample is shown, in ticks of its track.
int64_t shown_at(const test::PlainTrack& t, const test::PlainSample& s) {
  const int64_t delay = t.edits.size() > 1 ? static_cast<int64_t>(t.edits[0].first) : 0;
  return s.dts + s.cto - t.edits.back().second + delay * t.timescale / kSecond;
}

bool same_bytes(const Bytes& file, const test::PlainSample& s, const Bytes& want) {
  return s.size == want.size() && s.offset + s.size <= file.size() &&
         std::equal(want.begin(), want.end(), file.begin() + static_cast<ptrdiff_t>(s.offset));
}

TEST_F(CutTest, WholeFileHasEverySampleAtItsPlace) {
  add(t0_, {});
  const Plain p = read(t0_, t0_ + seconds{4});
  ASSERT_EQ(p.file.boxes, (std::vector<std::string>{"ftyp", "moov", "mdat"}));
  EXPECT_TRUE(test::holds_recorded(p.bytes, p.file));
  ASSERT_EQ(p.file.tracks.size(), 2u);
  EXPECT_EQ(p.file.tracks[0].samples.size(), 100u);
}

TEST_F(CutTest, BeginsAtTheKeyFrameAndShowsFromA) {
  add(t0_, {});
  const Plain p = read(t0_ + Millis{2500}, t0_ + Millis{3200});
  ASSERT_EQ(p.file.tracks.size(), 2u);
  const test::PlainTrack& video = p.file.tracks[0];
  EXPECT_TRUE(video.samples.front().key);
  EXPECT_TRUE(same_bytes(p.bytes, video.samples.front(), test::video_sample(50).data));
  for (const test::PlainTrack& t : p.file.tracks) {
    uint64_t length = 0;
    for (const auto& [duration, time] : t.edits) length += duration;
    EXPECT_NEAR(static_cast<double>(length), 0.7 * kSecond, 2);
  }
  // Picture n of the recording is shown at 900000 + 3600 n + offset - (900000 + 7200) on the file's line.
  for (size_t i = 0; i < video.samples.size(); ++i) {
    const auto want = test::video_sample(static_cast<int>(50 + i)).writer;
    EXPECT_EQ(shown_at(video, video.samples[i]), want.dts + want.composition_offset - 907200 - 25 * kSecond / 10);
  }
}

TEST_F(CutTest, ContinuingFilesAreOneTimeLine) {
  add(t0_, {});
  add(t0_ + seconds{4}, {.shift = 4 * kSecond});
  const Plain p = read(t0_, t0_ + seconds{8});
  for (const test::PlainTrack& t : p.file.tracks) {
    const int64_t step = t.id == 1 ? 3600 : 1024;
    for (size_t i = 1; i < t.samples.size(); ++i) {
      const int64_t by = t.samples[i].dts - t.samples[i - 1].dts;
      // The fixture's sound has 187 frames in 4 s, half of one less than there is time.
      if (t.id == 1 || i != 187) {
        ASSERT_EQ(by, step) << "track " << t.id << " sample " << i;
      }
    }
    EXPECT_EQ(t.edits.size(), t.edits.front().second < 0 ? 2u : 1u);
  }
  EXPECT_EQ(p.file.tracks[0].samples.size(), 200u);
}

TEST_F(CutTest, AfterAGapSoundAndPictureBeginTogether) {
  add(t0_, {});
  add(t0_ + seconds{40}, {.seconds = 3, .shift = 123 * kSecond});
  add(t0_ + seconds{80}, {.seconds = 3, .shift = 7 * kSecond});
  const Plain p = read(t0_, t0_ + seconds{100});
  ASSERT_EQ(p.file.tracks.size(), 2u);
  const auto& v = p.file.tracks[0];
  const auto& a = p.file.tracks[1];
  // Sound starts 500/48000 s before the first picture's decoding time plus 7200; the same at each begin.
  const size_t v_begin[] = {0, 100, 175}, a_begin[] = {0, 187, 187 + 140};
  double apart[3];
  for (int i = 0; i < 3; ++i)
    apart[i] = static_cast<double>(shown_at(v, v.samples[v_begin[i]])) / 90000 -
               static_cast<double>(shown_at(a, a.samples[a_begin[i]])) / 48000;
  EXPECT_NEAR(apart[1], apart[0], 0.00003);
  EXPECT_NEAR(apart[2], apart[0], 0.00003);
  // Nothing of the gaps is in it.
  EXPECT_LT(static_cast<double>(shown_at(v, v.samples.back())) / 90000, 10.3);
}

TEST_F(CutTest, HolesSayWhatIsMissing) {
  add(t0_, {});
  add(t0_ + seconds{40}, {});
  const auto cut = plan(t0_, t0_ + seconds{44});
  ASSERT_TRUE(cut);
  ASSERT_EQ((*cut)->holes().size(), 1u);
  EXPECT_EQ((*cut)->holes()[0].range, (TimeRange{t0_ + seconds{4}, t0_ + seconds{40}}));
  EXPECT_EQ((*cut)->covered(), (TimeRange{t0_, t0_ + seconds{44}}));
  EXPECT_EQ((*cut)->file_name(), "cam01_2026-11-20_17-00-00_+0900.mp4");
}

TEST_F(CutTest, NothingThereIsNoInput) {
  add(t0_, {});
  const auto cut = plan(t0_ + seconds{100}, t0_ + seconds{200});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), ErrorCode::no_input);
}

TEST_F(CutTest, AnyPieceReadsAsTheWhole) {
  for (int i = 0; i < 9; ++i) add(t0_ + seconds{4 * i}, {.shift = 4 * kSecond * i});
  const auto cut = plan(t0_ + Millis{1300}, t0_ + Millis{33'100});
  ASSERT_TRUE(cut);
  const Bytes whole = read_all(**cut);
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    const size_t from = random() % (whole.size() + 10), want = 1 + random() % (i % 3 == 0 ? whole.size() : 300);
    Bytes piece(want);
    const auto n = (*cut)->read_at(from, piece);
    ASSERT_TRUE(n);
    ASSERT_EQ(*n, from >= whole.size() ? 0 : std::min(want, whole.size() - from));
    ASSERT_TRUE(std::equal(piece.begin(), piece.begin() + static_cast<ptrdiff_t>(*n),
                           whole.begin() + static_cast<ptrdiff_t>(std::min(from, whole.size()))));
  }
}

TEST_F(CutTest, SameRangeSameBytes) {
  add(t0_, {});
  const auto a = plan(t0_ + Millis{100}, t0_ + Millis{3000}), b = plan(t0_ + Millis{100}, t0_ + Millis{3000}),
             c = plan(t0_ + Millis{100}, t0_ + Millis{3001});
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(read_all(**a), read_all(**b));
  EXPECT_EQ((*a)->identity(), (*b)->identity());
  EXPECT_NE((*a)->identity(), (*c)->identity());
}

TEST_F(CutTest, OverlappingFilesDoubleNothing) {
  add(t0_, {});
  add(t0_ + seconds{1}, {.seconds = 2, .shift = 50 * kSecond});  // wholly inside
  add(t0_ + seconds{3}, {.shift = 90 * kSecond});                // goes on a second before the first one ends
  const auto cut = plan(t0_, t0_ + seconds{7});
  ASSERT_TRUE(cut);
  ASSERT_EQ((*cut)->sources().size(), 2u);
  EXPECT_EQ((*cut)->sources()[0].used.to, t0_ + seconds{3});
  EXPECT_NEAR(static_cast<double>((*cut)->duration_ms()), 7000, 200);
}

TEST_F(CutTest, AnotherSizeIsAnotherEntry) {
  add(t0_, {});
  add(t0_ + seconds{4}, {.width = 1920});
  const auto cut = plan(t0_, t0_ + seconds{8});
  ASSERT_TRUE(cut);
  const Bytes bytes = read_all(**cut);
  const std::string text(bytes.begin(), bytes.end());
  size_t entries = 0;
  for (size_t i = text.find("avcC"); i != std::string::npos; i = text.find("avcC", i + 1)) ++entries;
  EXPECT_EQ(entries, 2u);
}

TEST_F(CutTest, AnotherCodecIsRefusedWithTheRangesThatCanBeHad) {
  add(t0_, {});
  add(t0_ + seconds{4}, {.shift = 4 * kSecond, .codec = codec::Codec::h265});
  const auto cut = plan(t0_, t0_ + seconds{8});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), ErrorCode::data);
  EXPECT_NE(cut.error().message().find("2026-11-20T17:00:00.000+09:00..2026-11-20T17:00:04.000+09:00 "
                                       "2026-11-20T17:00:04.000+09:00..2026-11-20T17:00:08.000+09:00"),
            std::string::npos)
      << cut.error().message();
  EXPECT_TRUE(plan(t0_, t0_ + seconds{4}));
  EXPECT_TRUE(plan(t0_ + seconds{4}, t0_ + seconds{8}));
}

TEST_F(CutTest, SoundThatIsMissingInBetween) {
  add(t0_, {});
  add(t0_ + seconds{4}, {.shift = 4 * kSecond, .sound = false});
  add(t0_ + seconds{8}, {.shift = 8 * kSecond});
  const Plain p = read(t0_, t0_ + seconds{12});
  ASSERT_EQ(p.file.tracks.size(), 2u);
  EXPECT_EQ(p.file.tracks[0].samples.size(), 300u);
  const auto& a = p.file.tracks[1];
  ASSERT_EQ(a.samples.size(), 2 * 187u);
  EXPECT_EQ(a.samples[187].dts - a.samples[0].dts, 8 * 48000);
}

TEST_F(CutTest, AFileThatIsBeingWrittenCountsAsFarAsItGoes) {
  const WallMs start = WallMs{std::chrono::floor<seconds>(floor_ms(SystemClock{}.wall()))} - seconds{4};
  Bytes bytes = make(start, {.finish = false});
  bytes.resize(bytes.size() - 5);  // inside the last fragment
  write(store_.part_path("cam01", start), bytes);
  const auto cut = plan(start, start + seconds{10});
  ASSERT_TRUE(cut) << cut.error().message();
  // It is finished and renamed while it is read.
  const Bytes before = read_all(**cut);
  std::filesystem::rename(media(store_.part_path("cam01", start)), media(store_.segment_path("cam01", start)));
  EXPECT_EQ(read_all(**cut), before);
  const auto plain = test::read_plain(before);
  ASSERT_TRUE(plain);
  EXPECT_GE(plain->tracks[0].samples.size(), 80u);
}

TEST_F(CutTest, VanishedBeforeIsAHoleVanishedMeanwhileIsAnError) {
  add(t0_, {});
  const std::string second = add(t0_ + seconds{4}, {.shift = 4 * kSecond}),
                    third = add(t0_ + seconds{8}, {.shift = 8 * kSecond});
  std::filesystem::remove(media(second));
  const auto cut = plan(t0_, t0_ + seconds{12});
  ASSERT_TRUE(cut);
  ASSERT_EQ((*cut)->holes().size(), 1u);
  EXPECT_EQ((*cut)->holes()[0].cause, "missing");
  std::filesystem::remove(media(third));
  Bytes all((*cut)->size());
  const auto n = (*cut)->read_at(0, all);
  ASSERT_FALSE(n);
  EXPECT_NE(n.error().message().find(third), std::string::npos);
}

TEST_F(CutTest, DamagedFilesAreNamed) {
  const std::string path = add(t0_, {});
  const Bytes good = make(t0_, {});
  std::mt19937 random(11);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    Bytes bad = good;
    if (i % 4 == 0) {
      bad.resize(random() % bad.size());
    } else {
      for (int k = 0; k < 3; ++k) bad[random() % 3000] = static_cast<uint8_t>(random());
    }
    write(path, bad);
    const auto cut = plan(t0_, t0_ + seconds{4});
    if (cut) {
      Bytes all((*cut)->size());
      (void)(*cut)->read_at(0, all);
      continue;
    }
    ++refused;
    EXPECT_NE(cut.error().message().find(path), std::string::npos) << cut.error().message();
  }
  EXPECT_GT(refused, 100);
}

TEST_F(CutTest, NoSymbolicLinkIsFollowed) {
  const std::string path = add(t0_, {});
  std::filesystem::rename(media(path), dir_.path() + "/elsewhere.mp4");
  std::filesystem::create_symlink(dir_.path() + "/elsewhere.mp4", media(path));
  EXPECT_FALSE(plan(t0_, t0_ + seconds{4}));
}

TEST(TrackBuilder, PresentationTimesStayWhateverDecodingTimesDo) {
  codec::TrackConfig config = test::video_config();
  TrackBuilder t(config);
  t.add(0, {10, 3600, 0, true});
  t.add(3600, {10, 3600, 0, false});
  t.add(1800, {10, 3600, 7200, true});  // decoded before the last one: pushed behind it
  EXPECT_EQ(t.samples(), 3u);
  EXPECT_EQ(t.end_pts(), 1800 + 7200 + 3600);
  EXPECT_EQ(static_cast<int32_t>(t.offsets().back().value), 1800 + 7200 - 3601);
}

TEST_F(CutTest, SignatureChecks) {
  const std::string path = dir_.path() + "/key.pem";
  std::ofstream(path) << "-----BEGIN PRIVATE KEY-----\n"
                         "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                         "-----END PRIVATE KEY-----\n";
  const auto key = SigningKey::load(path);
  ASSERT_TRUE(key) << key.error().message();
  // RFC 8032, 7.1, test 1: the empty message.
  const auto signature = key->sign("");
  ASSERT_TRUE(signature);
  EXPECT_EQ(
      to_hex(as_bytes(*signature)),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
      "655141438e7a100b");
  EXPECT_NE(key->public_pem().find("BEGIN PUBLIC KEY"), std::string::npos);
  EXPECT_EQ(SigningKey::load(store_.root() + "/store.json").error().code(), ErrorCode::data);
}

TEST_F(CutTest, ManifestTellsSources) {
  const std::string path = add(t0_, {});
  const auto cut = plan(t0_, t0_ + seconds{4});
  ASSERT_TRUE(cut);
  Request request{"alice\nmallory", t0_, "test 1", "Front door", "a\\b.mp4", {std::string(64, 'b')}};
  const std::string text = manifest(**cut, store_, request, std::string(64, 'c'));
  EXPECT_NE(text.find("# made_by: alice\\x0amallory\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# source: " + std::string(64, 'a') + "  " + path + "\n"), std::string::npos);
  EXPECT_NE(text.find("DIFFERS: " + std::string(64, 'b')), std::string::npos);
  EXPECT_TRUE(text.ends_with("\n\\" + std::string(64, 'c') + "  a\\\\b.mp4\n"));
}

}  // namespace
}  // namespace cbx::cut

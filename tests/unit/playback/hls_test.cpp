#include <cmath>

#include "fixture.h"

namespace cbx::playback {
namespace {

class HlsTest : public PlaybackTest {};

std::string id(WallMs t) {
  return std::to_string(t.time_since_epoch().count());
}

TEST_F(HlsTest, ADayIsOneTimeLine) {
  for (int n = 0; n < 3; n++) add(minute(n));
  const Hls list = read_hls(hls_media(hour()));
  EXPECT_TRUE(list.ended);
  EXPECT_EQ(list.tags, (std::map<std::string, std::string>{{"VERSION", "7"},
                                                           {"PLAYLIST-TYPE", "VOD"},
                                                           {"INDEPENDENT-SEGMENTS", ""},
                                                           {"TARGETDURATION", "6"},
                                                           {"MEDIA-SEQUENCE", "0"}}));
  ASSERT_EQ(list.segments.size(), 30u);
  for (size_t i = 0; i < list.segments.size(); i++) {
    const HlsSegment& s = list.segments[i];
    const WallMs file = t0_ + Millis{60'000} * static_cast<int>(i / 10);
    const size_t from = 100'000 + i % 10 * 3'000'000;
    EXPECT_EQ(s.uri,
              "../../" + id(file) + "/" + std::to_string(from) + "-" + std::to_string(from + 3'000'000) + ".m4s");
    EXPECT_EQ(s.map, "../../init/0123456789abcdef.mp4");
    EXPECT_EQ(s.duration, 6);
    EXPECT_FALSE(s.discontinuity);
    EXPECT_EQ(s.date, i % 10 == 0 ? format_rfc3339(file) : "");
    EXPECT_TRUE(s.range.empty());
  }
}

TEST_F(HlsTest, MarksBreaksAndHoles) {
  add(minute(0));
  SegmentRecord r = minute(1);  // another connection, a fifth of a second later: no gap
  r.start += Millis{200};
  r.connection = "c2";
  add(r);
  r = minute(4);  // and with a hole and other codecs
  r.init = "fedcba9876543210";
  r.codecs = "hvc1.1.6.L93.B0,mp4a.40.2";
  r.connection = "c3";
  r.groups[0].duration_ms = 5994;
  r.groups[1].duration_ms = 6006;
  add(r);
  r = minute(5);  // and as before
  r.connection = "c4";
  add(r);
  const Hls list = read_hls(hls_media(hour()));
  ASSERT_EQ(list.segments.size(), 40u);
  std::vector<size_t> breaks;
  for (size_t i = 0; i < list.segments.size(); i++)
    if (list.segments[i].discontinuity) breaks.push_back(i);
  EXPECT_EQ(breaks, (std::vector<size_t>{10, 20, 30}));
  EXPECT_TRUE(list.segments[10].range.empty());
  auto gap = list.segments[20].range;
  EXPECT_EQ(gap["CLASS"], "cbx.gap");
  EXPECT_EQ(gap["START-DATE"], "2026-11-20T08:02:00.200Z");
  EXPECT_EQ(gap["DURATION"], "119.800");
  EXPECT_EQ(gap["ID"], "gap-" + id(at("2026-11-20T08:02:00.200Z")));
  EXPECT_EQ(list.segments[10].map, "../../init/0123456789abcdef.mp4");
  EXPECT_EQ(list.segments[20].map, "../../init/fedcba9876543210.mp4");
  EXPECT_EQ(list.segments[30].map, "../../init/0123456789abcdef.mp4") << "one address for equal bytes";
  EXPECT_EQ(list.segments[21].duration, 6.006);
  EXPECT_EQ(list.tags.at("TARGETDURATION"), "7") << "no segment, rounded, is above it";
}

TEST_F(HlsTest, ARangeBeginsWithTheGroupThatHoldsIt) {
  for (int n = 0; n < 2; n++) add(minute(n));
  const Hls list = read_hls(hls_media(timeline({t0_ + Millis{20'000}, t0_ + Millis{70'000}})));
  ASSERT_EQ(list.segments.size(), 9u);
  EXPECT_EQ(list.segments[0].date, "2026-11-20T08:00:18.000Z");
  EXPECT_EQ(list.segments[7].date, "2026-11-20T08:01:00.000Z");
}

TEST_F(HlsTest, TheMainPlaylistTellsWhatPlayersChooseBy) {
  add(minute(0));
  SegmentRecord r = minute(1);
  r.groups[3].bytes = 6'000'000;
  r.bytes += 3'000'000;
  r.rotation = 90;
  r.connection = "c2";
  r.width = 1920;
  r.height = 1080;
  r.fps = 29.97;
  r.codecs = "avc1.640028,mp4a.40.2";
  r.init = "fedcba9876543210";
  add(r);
  const std::string text = hls_main(hour());
  const std::string tag = "#EXT-X-STREAM-INF:";
  const size_t begin = text.find(tag);
  ASSERT_NE(begin, text.npos);
  auto told = attributes(text.substr(begin + tag.size(), text.find('\n', begin) - begin - tag.size()));
  EXPECT_EQ(told["BANDWIDTH"], "8000000") << "of the busiest group";
  EXPECT_EQ(told["AVERAGE-BANDWIDTH"], std::to_string(63'000'000 * 8 / 120));
  EXPECT_EQ(told["CODECS"], "avc1.64001f,mp4a.40.2,avc1.640028");
  EXPECT_EQ(told["RESOLUTION"], "1080x1920");
  EXPECT_EQ(told["FRAME-RATE"], "30.000");
  EXPECT_TRUE(text.starts_with("#EXTM3U\n#EXT-X-VERSION:7\n"));
  EXPECT_TRUE(text.ends_with("\nmedia.m3u8\n"));
}

TEST_F(HlsTest, SoundAloneHasNoSize) {
  SegmentRecord r = minute(0);
  r.video.clear();
  r.width = r.height = 0;
  r.fps = 0;
  r.codecs = "mp4a.40.2";
  add(r);
  const std::string text = hls_main(hour());
  EXPECT_NE(text.find("CODECS=\"mp4a.40.2\"\n"), text.npos) << text;
}

TEST_F(HlsTest, NothingIsAPlaylistToo) {
  const Hls list = read_hls(hls_media(hour()));
  EXPECT_TRUE(list.ended && list.segments.empty());
  EXPECT_NE(hls_main(hour()).find("media.m3u8"), std::string::npos);
}

}  // namespace
}  // namespace cbx::playback

// Playlists and manifests out of views that were made up.
#include <gtest/gtest.h>

#include "live_playlist.h"
#include "playback/live.h"

namespace cbx::playback::test {
namespace {

Piece piece(int64_t start, int64_t pts, bool continues) {
  Piece p;
  p.start = WallMs{Millis{start}};
  p.duration_ms = 12000;
  p.codecs = "avc1.64001f,mp4a.40.2";
  p.init = "0123456789abcdef";
  p.width = 1280;
  p.height = 720;
  p.fps = 25;
  p.pts = pts;
  p.continues = continues;
  return p;
}

// Two files of one run and one of another; two groups in each, the last one open with two parts.
LiveView view() {
  LiveView v;
  v.device = "cam01";
  v.pieces = {piece(1'000'000, 900'000, false), piece(1'012'000, 900'000 + 12 * 90'000, true),
              piece(1'050'000, 90'000, false)};
  v.runs = {v.pieces[0].start, v.pieces[0].start, v.pieces[2].start};
  v.run_begins = {10'000, 10'000, 1'000};
  v.first = 700;
  v.first_discontinuity = 30;
  for (size_t p = 0; p < 3; ++p) {
    for (int64_t n = 0; n < 2; ++n) {
      LiveGroup g;
      g.piece = p;
      g.group = {1000 + 6000 * static_cast<uint64_t>(n), 6000, 6000 * n, 6000};
      if (p > 0)
        for (int64_t i = 0; i < 10; ++i)
          g.parts.push_back({g.group.offset + 600 * static_cast<uint64_t>(i), 600, 6000 * n + 600 * i, 600, i == 0});
      v.groups.push_back(g);
    }
  }
  v.groups.back().parts.resize(2);
  v.groups.back().group.bytes = 1200;
  v.groups.back().group.duration_ms = 1200;
  v.until = WallMs{Millis{1'057'200}};
  v.target_ms = 8000;
  v.part_target_ms = 600;
  return v;
}

TEST(LiveHls, Playlist) {
  const std::string text = hls_live(view());
  History history;
  history.add(text);
  const Playlist& p = history.last;
  EXPECT_EQ(p.first, 700u);
  EXPECT_EQ(p.first_discontinuity, 30u);
  ASSERT_EQ(p.segments.size(), 5u);
  EXPECT_EQ(p.segments[0].uri, "../../1000000/1000-7000.m4s");
  EXPECT_EQ(p.segments[0].time, "1970-01-01T00:16:40.000Z");
  EXPECT_EQ(p.segments[0].map, "../../init/0123456789abcdef.mp4");
  EXPECT_EQ(p.segments[2].map, "../../init/0123456789abcdef.mp4") << "one init segment for all";
  EXPECT_EQ(p.segments[3].discontinuity, 30u);
  EXPECT_EQ(p.segments[4].discontinuity, 31u);
  EXPECT_EQ(p.segments[4].map, "../../init/0123456789abcdef.mp4");
  ASSERT_TRUE(p.open);
  EXPECT_EQ(p.open->parts.size(), 2u);
  EXPECT_EQ(p.open->parts[1].uri, "../../1050000/7600-8200.m4s");
  EXPECT_EQ(text.find("EXT-X-ENDLIST"), std::string::npos);
}

TEST(LiveHls, AnEndedOneHasAllGroupsAndAnEnd) {
  LiveView v = view();
  v.ended = true;
  const Playlist p = parse_playlist(hls_live(v));
  EXPECT_TRUE(p.ended);
  EXPECT_FALSE(p.open);
  EXPECT_EQ(p.segments.size(), 6u);
  EXPECT_EQ(p.segments.back().uri, "../../1050000/7000-8200.m4s");
}

// RFC 8216bis, 6.2.5.2.  Whole: 700 to 704, which has 10 parts; of 705 there are two.
TEST(LiveHls, BlockingReload) {
  const LiveView v = view();
  EXPECT_EQ(wanted(v, 1, {}), Wanted::ready) << "long gone";
  EXPECT_EQ(wanted(v, 704, {}), Wanted::ready);
  EXPECT_EQ(wanted(v, 705, {}), Wanted::wait) << "all of it";
  EXPECT_EQ(wanted(v, 706, {}), Wanted::wait);
  EXPECT_EQ(wanted(v, 707, {}), Wanted::too_far);
  EXPECT_EQ(wanted(v, UINT64_MAX, {}), Wanted::too_far);
  EXPECT_EQ(wanted(v, 703, 99), Wanted::ready);
  EXPECT_EQ(wanted(v, 704, 9), Wanted::ready);
  EXPECT_EQ(wanted(v, 704, 10), Wanted::ready) << "as the first part of the next";
  EXPECT_EQ(wanted(v, 705, 1), Wanted::ready);
  EXPECT_EQ(wanted(v, 705, 2), Wanted::wait);
  EXPECT_EQ(wanted(v, 705, 6), Wanted::wait);
  EXPECT_EQ(wanted(v, 705, 7), Wanted::too_far) << "five parts of 0.6 s ahead at most";
  EXPECT_EQ(wanted(v, 706, 0), Wanted::wait);
  EXPECT_EQ(wanted(v, 706, UINT64_MAX), Wanted::too_far);
  LiveView none = view();
  none.groups.back().parts.clear();
  EXPECT_EQ(wanted(none, 704, 10), Wanted::wait);
  EXPECT_EQ(wanted(none, 705, 0), Wanted::wait);
  LiveView ended = view();
  ended.ended = true;
  EXPECT_EQ(wanted(ended, 9999, 99), Wanted::ready) << "directives mean nothing behind an ENDLIST";
}

TEST(LiveHls, TheMainPlaylistTellsWhatIsInIt) {
  const std::string text = hls_live_main(view());
  EXPECT_NE(text.find("CODECS=\"avc1.64001f,mp4a.40.2\""), std::string::npos) << text;
  EXPECT_NE(text.find("RESOLUTION=1280x720"), std::string::npos);
  EXPECT_NE(text.find("\nmedia.m3u8\n"), std::string::npos);
}

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(LiveDash, Manifest) {
  const std::string text = dash_live(view(), WallMs{Millis{1'057'500}});
  SCOPED_TRACE(text);
  EXPECT_EQ(count(text, "<Period "), 2u);
  EXPECT_EQ(count(text, "<AdaptationSet "), 4u);
  EXPECT_EQ(count(text, "type=\"dynamic\""), 1u);
  EXPECT_EQ(count(text, "<Period id=\"1000000\" start=\"PT1000.000S\">"), 1u);
  EXPECT_EQ(count(text, "<Period id=\"1050000\" start=\"PT1050.000S\">"), 1u);
  EXPECT_EQ(count(text, "presentationTimeOffset=\"10000\""), 2u);
  EXPECT_EQ(count(text, "media=\"../../1000000/video/$Time$.m4s\""), 1u);
  EXPECT_EQ(count(text, "<S t=\"10000\" d=\"6000\" r=\"3\"/>"), 2u) << "four groups of the first run";
  EXPECT_EQ(count(text, "<S t=\"1000\" d=\"6000\"/>"), 2u) << "the open group is not there yet";
  EXPECT_EQ(count(text, "value=\"1970-01-01T00:17:37.500Z\""), 1u);
}

// A period keeps its start and its time line when its first groups have left.
TEST(LiveDash, APeriodStaysTheSameWhileItSlides) {
  LiveView v = view();
  v.groups.erase(v.groups.begin(), v.groups.begin() + 3);
  for (auto& g : v.groups) g.piece--;
  v.pieces.erase(v.pieces.begin());
  v.runs.erase(v.runs.begin());
  v.run_begins.erase(v.run_begins.begin());
  const std::string text = dash_live(v, WallMs{Millis{1'057'500}});
  SCOPED_TRACE(text);
  EXPECT_EQ(count(text, "<Period id=\"1000000\" start=\"PT1000.000S\">"), 1u);
  EXPECT_EQ(count(text, "presentationTimeOffset=\"10000\""), 2u);
  EXPECT_EQ(count(text, "<S t=\"28000\" d=\"6000\"/>"), 2u);
}

TEST(LiveDash, AnEndedOneIsStatic) {
  LiveView v = view();
  v.ended = true;
  const std::string text = dash_live(v, WallMs{Millis{1'057'500}});
  SCOPED_TRACE(text);
  EXPECT_EQ(count(text, "type=\"static\""), 1u);
  EXPECT_EQ(count(text, "mediaPresentationDuration=\"PT1057.200S\""), 1u);
  EXPECT_EQ(count(text, "UTCTiming"), 0u);
}

TEST(LiveDash, WithoutAWholeGroupItIsStillAManifest) {
  LiveView v = view();
  v.groups.erase(v.groups.begin(), v.groups.end() - 1);
  EXPECT_EQ(whole_groups(v), 0u);
  EXPECT_EQ(count(dash_live(v, WallMs{Millis{1'057'500}}), "<Period "), 1u);
}

}  // namespace
}  // namespace cbx::playback::test

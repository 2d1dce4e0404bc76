#include <cmath>

#include "fixture.h"

namespace cbx::playback {
namespace {

class DashTest : public PlaybackTest {
 protected:
  // Where each segment of a template begins, and at last where the last one ends.
  static std::vector<int64_t> times(const Xml& segment_template) {
    std::vector<int64_t> out;
    int64_t at = 0;
    for (const Xml* s : segment_template.one("SegmentTimeline").all("S")) {
      if (!(*s)["t"].empty()) {
        EXPECT_TRUE(out.empty()) << "a timeline has no holes";
        at = std::stoll((*s)["t"]);
      }
      const int repeat = (*s)["r"].empty() ? 0 : std::stoi((*s)["r"]);
      for (int i = 0; i <= repeat; i++) {
        out.push_back(at);
        EXPECT_GT(std::stoll((*s)["d"]), 0);
        at += std::stoll((*s)["d"]);
      }
    }
    out.push_back(at);
    return out;
  }
  static int64_t ms(const std::string& duration) {
    EXPECT_TRUE(duration.starts_with("PT") && duration.ends_with("S")) << duration;
    return std::llround(std::stod(duration.substr(2)) * 1000);
  }
};

TEST_F(DashTest, ARunIsOnePeriodOfTwoTracks) {
  for (int n = 0; n < 3; n++) add(minute(n));
  const Xml mpd = read_xml(dash_manifest(hour()));
  EXPECT_EQ(mpd.name, "MPD");
  EXPECT_EQ(mpd["xmlns"], "urn:mpeg:dash:schema:mpd:2011");
  EXPECT_EQ(mpd["profiles"], "urn:mpeg:dash:profile:isoff-live:2011");
  EXPECT_EQ(mpd["type"], "static");
  EXPECT_EQ(mpd["mediaPresentationDuration"], "PT180.000S");
  EXPECT_EQ(mpd["minBufferTime"], "PT6.000S");
  const Xml& period = mpd.one("Period");
  EXPECT_EQ(ms(period["start"]), 0);
  EXPECT_EQ(ms(period["duration"]), 180'000);
  const auto sets = period.all("AdaptationSet");
  ASSERT_EQ(sets.size(), 2u);
  const std::string id = std::to_string(t0_.time_since_epoch().count());
  for (const bool video : {true, false}) {
    const Xml& set = *sets[video ? 0 : 1];
    const std::string track = video ? "video" : "audio";
    EXPECT_EQ(set["contentType"], track);
    EXPECT_EQ(set["mimeType"], track + "/mp4");
    const Xml& representation = set.one("Representation");
    EXPECT_EQ(representation["codecs"], video ? "avc1.64001f" : "mp4a.40.2");
    EXPECT_EQ(representation["width"], video ? "1280" : "");
    EXPECT_EQ(representation["height"], video ? "720" : "");
    EXPECT_EQ(representation["frameRate"], video ? "30" : "");
    EXPECT_GT(std::stoi(representation["bandwidth"]), 0);
    const Xml& segments = representation.one("SegmentTemplate");
    EXPECT_EQ(segments["timescale"], "1000");
    EXPECT_EQ(segments["presentationTimeOffset"], "10000");
    EXPECT_EQ(segments["media"], "../../" + id + "/" + track + "/$Time$.m4s");
    EXPECT_EQ(segments["initialization"], "../../init/0123456789abcdef-" + track + ".mp4");
    EXPECT_EQ(segments.one("SegmentTimeline").children.size(), 1u) << "thirty equal ones are told once";
    const auto all = times(segments);
    ASSERT_EQ(all.size(), 31u);
    for (size_t i = 0; i < all.size(); i++) EXPECT_EQ(all[i], 10'000 + static_cast<int64_t>(i) * 6000);
  }
}

TEST_F(DashTest, EverySegmentIsFoundAgain) {
  for (int n = 0; n < 4; n++) {
    SegmentRecord r = minute(n);
    r.start += Millis{n * 7};
    *r.pts += n % 2 ? 3333 : -45;  // times that are no whole milliseconds, and overlap by a few
    r.groups[9].duration_ms = n == 1 ? 10 : 6000;
    r.groups[8].duration_ms = n == 1 ? 11'990 : 6000;
    if (n == 3) r.connection = "c2";
    add(r);
  }
  const Timeline t = hour();
  const Xml mpd = read_xml(dash_manifest(t));
  int64_t start = 0;
  size_t segments = 0;
  const auto periods = mpd.all("Period");
  ASSERT_EQ(periods.size(), 2u);
  for (const Xml* period : periods) {
    const Xml& tmpl = period->all("AdaptationSet").at(0)->one("Representation").one("SegmentTemplate");
    const auto all = times(tmpl);
    EXPECT_EQ(ms((*period)["start"]), start) << "periods follow each other";
    EXPECT_EQ(ms((*period)["duration"]), all.back() - all.front());
    EXPECT_EQ(std::stoll(tmpl["presentationTimeOffset"]), all.front());
    start += ms((*period)["duration"]);
    const WallMs run{Millis{std::stoll((*period)["id"])}};
    for (size_t i = 0; i + 1 < all.size(); i++, segments++) {
      const auto found = resolve_dash_time(index_, "cam01", run, all[i]);
      ASSERT_TRUE(found && *found) << all[i];
      EXPECT_EQ(track_time((*found)->piece, (*found)->group), all[i]);
    }
  }
  EXPECT_EQ(segments, 39u) << "all but the one of 10 ms that the next file overlaps";
  EXPECT_EQ(ms(mpd["mediaPresentationDuration"]), start);
}

TEST_F(DashTest, BreaksAreNewPeriods) {
  add(minute(0));
  SegmentRecord r = minute(3);
  r.connection = "c2";
  r.codecs = "hvc1.1.6.L93.B0";
  r.init = "fedcba9876543210";
  r.rotation = 270;
  r.fps = 29.97;
  add(r);
  const Xml mpd = read_xml(dash_manifest(hour()));
  const auto periods = mpd.all("Period");
  ASSERT_EQ(periods.size(), 2u);
  EXPECT_EQ(ms((*periods[1])["start"]), 60'000) << "a hole takes no time";
  const auto sets = periods[1]->all("AdaptationSet");
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_EQ(sets[0]->one("Representation")["codecs"], "hvc1.1.6.L93.B0");
  EXPECT_EQ(sets[0]->one("Representation")["width"], "720") << "turned";
  EXPECT_EQ(sets[0]->one("Representation")["frameRate"], "30000/1001");
}

TEST_F(DashTest, SoundAlone) {
  SegmentRecord r = minute(0);
  r.codecs = "mp4a.40.2";
  r.video.clear();
  r.width = r.height = 0;
  add(r);
  const Xml mpd = read_xml(dash_manifest(hour()));
  EXPECT_EQ(mpd.one("Period").one("AdaptationSet")["contentType"], "audio");
}

TEST_F(DashTest, NothingIsAManifestToo) {
  const Xml mpd = read_xml(dash_manifest(hour()));
  EXPECT_EQ(mpd["mediaPresentationDuration"], "PT0.000S");
  EXPECT_EQ(mpd.all("Period").size(), 1u);
}

}  // namespace
}  // namespace cbx::playback

#include "base/records.h"

#include <gtest/gtest.h>

namespace cbx {
namespace {

WallMs at(std::string_view t) {
  return *parse_rfc3339(t);
}

SegmentRecord sample_segment() {
  SegmentRecord r;
  r.device = "cam01";
  r.start = at("2026-11-20T08:01:00.033Z");
  r.duration_ms = 60000;
  r.path = "cam01/2026-11-20/17-01-00.033.mp4";
  r.bytes = 32015904;
  r.video = "h264";
  r.width = 1280;
  r.height = 720;
  r.fps = 30;
  r.audio = "aac";
  r.source = "live";
  r.end = "rotate";
  r.sha256 = std::string(64, 'a');
  return r;
}

TEST(Records, SegmentLineIsTheDocumentedOne) {
  EXPECT_EQ(to_line(sample_segment()),
            R"({"v":1,"type":"segment","device":"cam01","start":"2026-11-20T08:01:00.033Z","duration_ms":60000,)"
            R"("path":"cam01/2026-11-20/17-01-00.033.mp4","bytes":32015904,"video":"h264","width":1280,"height":720,)"
            R"("fps":30.0,"audio":"aac","source":"live","end":"rotate","sha256":")" +
                std::string(64, 'a') + R"("})");
}

template <typename T>
void round_trip(const T& record) {
  const auto again = parse_record(to_line(record));
  ASSERT_TRUE(again) << again.error().message();
  ASSERT_TRUE(*again);
  EXPECT_EQ(std::get<T>(**again), record);
}

TEST(Records, EveryKindRoundTrips) {
  const WallMs t = at("2026-11-20T08:01:00.033Z");
  SegmentRecord s = sample_segment();
  s.pts = -5;
  s.clock_offset_ms = -1200;
  s.lost = 7;
  s.rotation = 270;
  round_trip(s);
  s.codecs = "hvc1.1.6.L93.B0,mp4a.40.2";
  s.init = "0123456789abcdef";
  s.media_offset = 131072;
  s.groups = {{3'000'000, 6006}, {2'900'000, 5994}, {1, 0}};
  round_trip(s);
  round_trip(ConnectionOpenRecord{"cam01", t, "c1", "127.0.0.1:5000", "srt", 256, 1000});
  round_trip(ConnectionCloseRecord{"cam01", t, "c1", "peer_lost", "no answer", 1000, 5, 6, 7});
  round_trip(LinkRecord{"cam01", t, "c1", 60000, 1, 2, 3, 4, 5, 6, 7, 8});
  round_trip(EventRecord{"cam01", t, "shock", "문 \"쾅\"\n", "gsensor", 3.5});
  round_trip(PinRecord{"cam01", t, t, t + Millis{5}, "police", t + Millis{9}, true});
  round_trip(GapRecord{"cam01", t, 100, "disk", "full", "c1"});
  round_trip(DeleteRecord{"cam01", t, t, "cam01/2026-11-20/17-01-00.033.mp4", "rm", true});
  round_trip(LaggedRecord{t, 17});
}

TEST(Records, GroupsArePairsAndLieInTheFile) {
  SegmentRecord s = sample_segment();
  s.codecs = "avc1.64001f,mp4a.40.2";
  s.init = "0123456789abcdef";
  s.media_offset = 1000;
  s.groups = {{2000, 6000}, {3000, 54000}};
  const std::string line = to_line(s);
  EXPECT_NE(line.find(R"("codecs":"avc1.64001f,mp4a.40.2","init":"0123456789abcdef","media_offset":1000,)"
                      R"("groups":[[2000,6000],[3000,54000]]})"),
            std::string::npos)
      << line;
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string changed = line;
    changed.replace(changed.find(what), what.size(), instead);
    return parse_record(changed).has_value();
  };
  EXPECT_TRUE(with("[[2000,6000],[3000,54000]]", "[]"));
  EXPECT_TRUE(with("[[2000,6000],[3000,54000]]", "null"));
  EXPECT_TRUE(with("[3000,54000]", "[32012904,54000]")) << "up to the last byte";
  EXPECT_FALSE(with("[3000,54000]", "[32012905,54000]")) << "behind the last byte";
  EXPECT_FALSE(with("[3000,54000]", "[9223372036854775807,54000]"));
  EXPECT_FALSE(with("[3000,54000]", "[18446744073709551615,54000]"));
  EXPECT_FALSE(with("[3000,54000]", "[3000,54001]")) << "longer than the file";
  EXPECT_FALSE(with("[3000,54000]", "[0,54000]"));
  for (const char* bad :
       {"{}", "3", "\"x\"", "[[1]]", "[[1,2,3]]", "[[1,-2]]", "[[-1,2]]", "[[1.5,2]]", "[[\"1\",2]]", "[1,2]"})
    EXPECT_FALSE(with("[[2000,6000],[3000,54000]]", bad)) << bad;
  EXPECT_FALSE(with("\"media_offset\":1000", "\"media_offset\":32015905"));
  for (const char* bad : {"0123456789abcde", "0123456789abcdeg", "0123456789ABCDEF", "0123456789abcdef0"})
    EXPECT_FALSE(with("0123456789abcdef", bad)) << bad;
  for (const char* bad : {"avc1\\\"", "<b>", "a b", "a\\nb"}) EXPECT_FALSE(with("avc1.64001f", bad)) << bad;
  EXPECT_FALSE(with("avc1.64001f", std::string(600, 'a')));

  s.groups.assign(kMostGroups, {1, 1});
  EXPECT_TRUE(parse_record(to_line(s)));
  EXPECT_LT(to_line(s).size(), size_t{1} << 18);
  s.groups.push_back({1, 1});
  EXPECT_FALSE(parse_record(to_line(s)));
}

TEST(Records, UnknownTypesAndFieldsAreNoError) {
  const auto unknown = parse_record(R"({"v":1,"type":"future","x":1})");
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(*unknown);
  std::string line = to_line(sample_segment());
  line.insert(line.size() - 1, R"(,"new_field":{"a":[1,2]})");
  EXPECT_EQ(std::get<SegmentRecord>(**parse_record(line)), sample_segment());
}

TEST(Records, BadLinesSayWhatIsWrong) {
  const auto message = [](std::string_view line) {
    const auto r = parse_record(line);
    EXPECT_FALSE(r) << line;
    return r ? "" : r.error().message();
  };
  EXPECT_NE(message("garbage\x1b[31m").find("\\x1b"), std::string::npos) << "control characters are escaped";
  message("");
  message("[]");
  message(R"({"type":"segment"})");
  message(R"({"v":2,"type":"segment"})");
  message(R"({"v":1})");
  EXPECT_NE(message(R"({"v":1,"type":"event","device":"cam01","kind":"shock"})").find("'time'"), std::string::npos);
  message(R"({"v":1,"type":"event","device":"../x","time":"2026-11-20T08:01:00Z","kind":"shock"})");
  message(R"({"v":1,"type":"lagged","time":"2026-11-20T08:01:00Z","dropped":-1})");
  message(R"({"v":1,"type":"lagged","time":"2026-11-20T08:01:00Z","dropped":1.5})");
  message(R"({"v":1,"type":"lagged","time":"2026-11-20T08:01:00Z","dropped":18446744073709551615})");
  for (const char* path :
       {"/etc/passwd", "cam01/../x.mp4", "cam02/a.mp4", "cam01", "cam01/", "cam01//a", "cam01/./a"}) {
    SegmentRecord s = sample_segment();
    s.path = path;
    EXPECT_FALSE(parse_record(to_line(s))) << path;
  }
}

TEST(Records, BadUtf8IsReplacedNotFatal) {
  EventRecord e{"cam01", at("2026-11-20T08:01:00Z"), "mark", "a\xff z", "", {}};
  const auto again = parse_record(to_line(e));
  ASSERT_TRUE(again);
  EXPECT_EQ(std::get<EventRecord>(**again).note, "a\xef\xbf\xbd z");
}

}  // namespace
}  // namespace cbx

// A store whose index knows files of a camera that were never written, and small readers of playlists that share no
// code with what writes them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>

#include "playback/playlist.h"
#include "temp_dir.h"

namespace cbx::playback {

inline WallMs at(const std::string& text) {
  return *parse_rfc3339(text);
}

// "NAME=value,NAME=\"value\"" of a playlist's tag.
inline std::map<std::string, std::string> attributes(const std::string& text) {
  std::map<std::string, std::string> out;
  const std::regex one(R"re(([A-Z-]+)=("([^"]*)"|[^,]*))re");
  for (std::sregex_iterator i(text.begin(), text.end(), one), end; i != end; ++i)
    out[(*i)[1]] = (*i)[3].matched ? (*i)[3].str() : (*i)[2].str();
  return out;
}

struct HlsSegment {
  std::string uri, map, date;
  double duration = 0;
  bool discontinuity = false;
  std::map<std::string, std::string> range;  // the attributes of a date range before it
};
struct Hls {
  std::vector<HlsSegment> segments;
  std::map<std::string, std::string> tags;  // that are there once, without "#EXT-X-"
  bool ended = false;
};
inline Hls read_hls(const std::string& text) {
  Hls out;
  std::istringstream lines(text);
  std::string line, map;
  std::getline(lines, line);
  EXPECT_EQ(line, "#EXTM3U");
  HlsSegment next;
  while (std::getline(lines, line)) {
    EXPECT_FALSE(out.ended) << "behind the end: " << line;
    const std::string value = line.substr(std::min(line.size(), line.find(':') + 1));
    if (line.starts_with("#EXTINF:")) {
      EXPECT_EQ(line.back(), ',');
      next.duration = std::stod(value);
    } else if (line == "#EXT-X-DISCONTINUITY") {
      next.discontinuity = true;
    } else if (line.starts_with("#EXT-X-MAP:")) {
      map = attributes(value)["URI"];
    } else if (line.starts_with("#EXT-X-PROGRAM-DATE-TIME:")) {
      next.date = value;
    } else if (line.starts_with("#EXT-X-DATERANGE:")) {
      next.range = attributes(value);
    } else if (line == "#EXT-X-ENDLIST") {
      out.ended = true;
    } else if (line.starts_with("#EXT-X-")) {
      const std::string name = line.substr(7, line.find(':') - 7);
      EXPECT_TRUE(out.tags.emplace(name, line.find(':') == line.npos ? "" : value).second) << line;
    } else {
      EXPECT_FALSE(line.empty() || line[0] == '#') << line;
      next.uri = line;
      next.map = map;
      out.segments.push_back(next);
      next = {};
    }
  }
  return out;
}

// An element with its attributes and children; text is not looked at.
struct Xml {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<Xml> children;

  std::vector<const Xml*> all(const std::string& child) const {
    std::vector<const Xml*> out;
    for (const Xml& c : children)
      if (c.name == child) out.push_back(&c);
    return out;
  }
  const Xml& one(const std::string& child) const {
    const auto found = all(child);
    EXPECT_EQ(found.size(), 1u) << child << " in " << name;
    static const Xml kNone;
    return found.empty() ? kNone : *found.front();
  }
  std::string operator[](const std::string& attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? "" : found->second;
  }
};
// The root element; every element must be closed in its order, every attribute be there once.
inline Xml read_xml(const std::string& text) {
  const std::regex tag(R"re(<([/?]?)([A-Za-z]+)((\s+[A-Za-z:]+="[^"<&]*")*)\s*([/?]?)>|(\S))re");
  const std::regex attribute(R"re(([A-Za-z:]+)="([^"]*)")re");
  Xml top;
  std::vector<Xml> open{top};
  for (std::sregex_iterator i(text.begin(), text.end(), tag), end; i != end; ++i) {
    EXPECT_FALSE((*i)[6].matched) << "text outside of elements at " << i->position();
    const std::string kind = (*i)[1], name = (*i)[2], tail = (*i)[5];
    if (kind == "?") continue;
    if (kind == "/") {
      if (open.size() < 2 || open.back().name != name) {
        ADD_FAILURE() << "closes " << name;
        return {};
      }
      Xml done = std::move(open.back());
      open.pop_back();
      open.back().children.push_back(std::move(done));
      continue;
    }
    Xml element;
    element.name = name;
    const std::string all = (*i)[3];
    for (std::sregex_iterator a(all.begin(), all.end(), attribute); a != end; ++a)
      EXPECT_TRUE(element.attributes.emplace((*a)[1], (*a)[2]).second) << (*a)[1];
    if (tail == "/")
      open.back().children.push_back(std::move(element));
    else
      open.push_back(std::move(element));
  }
  EXPECT_EQ(open.size(), 1u);
  EXPECT_EQ(open.front().children.size(), 1u);
  return open.front().children.empty() ? Xml{} : open.front().children.front();
}

class PlaybackTest : public testing::Test {
 protected:
  PlaybackTest()
      : store_(*store::Store::init(dir_.path(), UtcOffset{}, std::nullopt)),
        index_(std::move(*index::Index::open(store_, index::Access::write))) {}

  // A minute of ten groups that begins at minute `n`, as if it were one of a stream.
  SegmentRecord minute(int n) {
    SegmentRecord r;
    r.device = "cam01";
    r.start = t0_ + Millis{60'000} * n;
    r.duration_ms = 60'000;
    r.video = "h264";
    r.width = 1280;
    r.height = 720;
    r.fps = 30;
    r.audio = "aac";
    r.source = "live";
    r.end = "rotate";
    r.connection = "c1";
    r.pts = 900'000 + int64_t{n} * 60'000 * 90;
    r.codecs = "avc1.64001f,mp4a.40.2";
    r.init = "0123456789abcdef";
    r.media_offset = 100'000;
    r.bytes = r.media_offset + 10 * 3'000'000;
    r.groups.assign(10, {3'000'000, 6000});
    return r;
  }
  void add(SegmentRecord r) {
    r.path = store_.segment_path(r.device, r.start);
    const auto applied = index_.apply(std::vector<Record>{r});
    ASSERT_TRUE(applied) << applied.error().message();
    ASSERT_TRUE(applied->refused.empty()) << applied->refused.front();
  }
  Timeline timeline(TimeRange range) {
    auto t = read_timeline(index_, "cam01", range);
    EXPECT_TRUE(t) << t.error().message();
    return t.value_or(Timeline{});
  }
  Timeline hour() { return timeline({t0_, t0_ + Millis{3'600'000}}); }

  const WallMs t0_ = at("2026-11-20T08:00:00Z");
  test::TempDir dir_;
  store::Store store_;
  index::Index index_;
};

}  // namespace cbx::playback

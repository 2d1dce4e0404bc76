// A reader of live HLS playlists that shares no code with their writer, and what must hold of each of them and from one
// to the next (RFC 8216bis).
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace cbx::playback::test {

struct PlaylistPart {
  std::string uri;
  double duration = 0;
  bool independent = false;
};
struct PlaylistSegment {
  uint64_t msn = 0, discontinuity = 0;
  std::string uri, map, time;  // `time`: only where it is written
  double duration = 0;
  std::vector<PlaylistPart> parts;
};
struct Playlist {
  int version = 0, target = 0;
  double part_target = 0, part_hold_back = 0, hold_back = 0;
  bool blocks = false, ended = false;
  uint64_t first = 0, first_discontinuity = 0;
  std::vector<PlaylistSegment> segments;
  std::optional<PlaylistSegment> open;  // parts of one that isn't whole

  double length() const {
    double s = 0;
    for (const auto& x : segments) s += x.duration;
    if (open) {
      for (const auto& p : open->parts) s += p.duration;
    }
    return s;
  }
  size_t parts() const { return open ? open->parts.size() : 0; }
};

inline std::string attribute(const std::string& line, const std::string& name) {
  size_t at = line.find(":" + name + "=");
  if (at == std::string::npos) at = line.find("," + name + "=");
  if (at == std::string::npos) return "";
  at += name.size() + 2;
  if (line[at] == '"') return line.substr(at + 1, line.find('"', at + 1) - at - 1);
  return line.substr(at, line.find(',', at) - at);
}

inline Playlist parse_playlist(const std::string& text) {
  Playlist p;
  std::istringstream in(text);
  std::string line, map, time;
  uint64_t discontinuity = 0;
  bool first_line = true;
  PlaylistSegment s;
  const auto value = [&] { return line.substr(line.find(':') + 1); };
  const auto is = [&](const char* tag) {
    const std::string t(tag);
    return line == t || line.rfind(t + ":", 0) == 0;
  };
  while (std::getline(in, line)) {
    EXPECT_FALSE(p.ended) << "ENDLIST is the last line";
    EXPECT_TRUE(!first_line || line == "#EXTM3U");
    first_line = false;
    if (is("#EXT-X-VERSION")) p.version = std::stoi(value());
    if (is("#EXT-X-TARGETDURATION")) p.target = std::stoi(value());
    if (is("#EXT-X-PART-INF")) p.part_target = std::stod(attribute(line, "PART-TARGET"));
    if (is("#EXT-X-SERVER-CONTROL")) {
      p.blocks = attribute(line, "CAN-BLOCK-RELOAD") == "YES";
      p.part_hold_back = std::stod(attribute(line, "PART-HOLD-BACK"));
      p.hold_back = std::stod(attribute(line, "HOLD-BACK"));
    }
    if (is("#EXT-X-MEDIA-SEQUENCE")) p.first = std::stoull(value());
    if (is("#EXT-X-DISCONTINUITY-SEQUENCE")) discontinuity = p.first_discontinuity = std::stoull(value());
    if (is("#EXT-X-DISCONTINUITY")) {
      EXPECT_TRUE(s.parts.empty());
      discontinuity++;
    }
    if (is("#EXT-X-MAP")) {
      EXPECT_TRUE(s.parts.empty()) << "before the first part of its segment";
      map = attribute(line, "URI");
    }
    if (is("#EXT-X-PROGRAM-DATE-TIME")) {
      EXPECT_TRUE(s.parts.empty());
      time = value();
    }
    if (is("#EXT-X-PART"))
      s.parts.push_back(
          {attribute(line, "URI"), std::stod(attribute(line, "DURATION")), attribute(line, "INDEPENDENT") == "YES"});
    if (is("#EXTINF")) s.duration = std::stod(value());
    if (is("#EXT-X-ENDLIST")) p.ended = true;
    const bool uri = !line.empty() && line[0] != '#';
    if (uri) s.uri = line;
    if (uri || is("#EXT-X-PART")) {
      s.map = map;
      if (!time.empty()) s.time = time;
      time.clear();
      s.discontinuity = discontinuity;
    }
    if (uri) {
      s.msn = p.first + p.segments.size();
      p.segments.push_back(std::exchange(s, {}));
    }
  }
  if (!s.parts.empty()) {
    s.msn = p.first + p.segments.size();
    p.open = s;
  }
  return p;
}

// "../../ID/FROM-TO.m4s"
struct Stretch {
  std::string id;
  uint64_t from = 0, to = 0;
};
inline Stretch parse_stretch(const std::string& uri) {
  Stretch s;
  EXPECT_EQ(uri.rfind("../../", 0), 0u) << uri;
  const size_t slash = uri.find('/', 6), dash = uri.find('-', slash);
  EXPECT_TRUE(slash != std::string::npos && dash != std::string::npos && uri.find(".m4s") != std::string::npos) << uri;
  s.id = uri.substr(6, slash - 6);
  s.from = std::stoull(uri.substr(slash + 1));
  s.to = std::stoull(uri.substr(dash + 1));
  EXPECT_LT(s.from, s.to);
  return s;
}

// Remembers what every playlist of one stream said.
class History {
 public:
  void add(const std::string& text) {
    SCOPED_TRACE(text);
    const Playlist p = parse_playlist(text);
    check(p);
    EXPECT_GE(p.first, first_) << "media sequence numbers don't go back";
    EXPECT_GE(p.first_discontinuity, first_discontinuity_);
    first_ = p.first;
    first_discontinuity_ = p.first_discontinuity;
    for (const PlaylistSegment& s : p.segments) {
      const auto [known, added] = segments.emplace(s.msn, s);
      if (!added) {
        EXPECT_EQ(known->second.uri, s.uri) << "a number means one segment";
        EXPECT_EQ(known->second.map, s.map);
        EXPECT_EQ(known->second.discontinuity, s.discontinuity);
        EXPECT_EQ(known->second.duration, s.duration);
        if (known->second.parts.empty()) known->second.parts = s.parts;
      }
      add_parts(s);
    }
    if (p.open) {
      EXPECT_EQ(segments.count(p.open->msn), 0u) << "what was whole stays so";
      add_parts(*p.open);
    }
    last = p;
  }

  std::map<uint64_t, PlaylistSegment> segments;  // whole ones, by number
  Playlist last;

 private:
  static void check(const Playlist& p) {
    EXPECT_EQ(p.version, 9);
    EXPECT_TRUE(p.blocks);
    EXPECT_GE(p.part_hold_back, 2 * p.part_target);
    EXPECT_GE(p.hold_back, 3.0 * p.target);
    ASSERT_TRUE(!p.segments.empty() || p.open);
    EXPECT_FALSE(p.ended && p.open);
    EXPECT_FALSE((p.segments.empty() ? *p.open : p.segments.front()).time.empty());
    const auto parts_of = [&](const PlaylistSegment& s) {
      double sum = 0;
      uint64_t end = 0;
      for (const PlaylistPart& part : s.parts) {
        EXPECT_LE(part.duration, p.part_target);
        EXPECT_GT(part.duration, 0);
        const Stretch at = parse_stretch(part.uri);
        EXPECT_TRUE(end == 0 || at.from == end) << "parts touch";
        end = at.to;
        sum += part.duration;
      }
      EXPECT_FALSE(s.map.empty());
      if (s.parts.empty() || s.uri.empty()) return;
      EXPECT_NEAR(sum, s.duration, 0.1) << s.uri;
      EXPECT_EQ(parse_stretch(s.parts.front().uri).from, parse_stretch(s.uri).from);
      EXPECT_EQ(end, parse_stretch(s.uri).to);
    };
    for (const PlaylistSegment& s : p.segments) {
      EXPECT_LE(std::lround(s.duration), p.target);
      parts_of(s);
    }
    if (p.open) parts_of(*p.open);
  }
  void add_parts(const PlaylistSegment& s) {
    for (size_t i = 0; i < s.parts.size(); ++i) {
      const auto [known, added] = parts_.emplace(std::pair(s.msn, i), s.parts[i]);
      if (added) continue;
      EXPECT_EQ(known->second.uri, s.parts[i].uri) << "part " << i << " of " << s.msn;
      EXPECT_EQ(known->second.duration, s.parts[i].duration);
      EXPECT_EQ(known->second.independent, s.parts[i].independent);
    }
  }

  uint64_t first_ = 0, first_discontinuity_ = 0;
  std::map<std::pair<uint64_t, size_t>, PlaylistPart> parts_;
};

}  // namespace cbx::playback::test

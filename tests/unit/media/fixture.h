// Files made by the real ffmpeg, in a folder that goes away with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "codec/handler.h"

namespace cbx::test {

class MediaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cbx-media-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string path(const std::string& name) const { return dir_ + "/" + name; }
  // Two seconds of picture and sound, coded as `codecs` says.
  std::string make(const std::string& name, const std::string& codecs, const std::string& more = "") const {
    run("-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -f lavfi -i "
        "sine=frequency=440:sample_rate=48000:duration=2 " +
        codecs + " -pix_fmt yuv420p -shortest " + more + " " + path(name));
    return path(name);
  }
  std::string copy(const std::string& from, const std::string& name, const std::string& more = "") const {
    run("-i " + from + " -map 0 -c copy " + more + " " + path(name));
    return path(name);
  }
  static void run(const std::string& arguments) {
    ASSERT_EQ(std::system(("ffmpeg -nostdin -v error -y " + arguments).c_str()), 0) << arguments;
  }
  // MD5 of each packet of one kind ("v" or "a"), as ffmpeg demuxes them.
  static std::vector<std::string> packet_md5(const std::string& file, const std::string& kind,
                                             const std::string& more = "") {
    std::vector<std::string> out;
    FILE* p = ::popen(
        ("ffmpeg -nostdin -v error -i " + file + " -map 0:" + kind + ":0 -c copy " + more + " -f framehash -hash md5 -")
            .c_str(),
        "r");
    char line[512];
    while (p && std::fgets(line, sizeof(line), p)) {
      const std::string s(line);
      // "stream, dts, pts, duration, size, hash", and side data behind it.
      size_t at = 0;
      for (int comma = 0; comma < 5 && at != std::string::npos; ++comma) at = s.find(',', at + 1);
      if (s[0] != '#' && at != std::string::npos) out.push_back(s.substr(at + 2, 32));
    }
    if (p) ::pclose(p);
    return out;
  }

 private:
  std::string dir_;
};

// Keeps all that a demuxer hands out.
struct Collector : codec::Handler {
  struct Kept {
    codec::Sample sample;
    Bytes data;
  };
  int tracks = 0;
  bool has_video = false;
  std::map<int, std::vector<codec::TrackConfig>> configs;
  std::map<int, std::vector<Kept>> samples;
  std::vector<codec::Notice> notices;

  void on_layout(int n, bool video) override {
    tracks = n;
    has_video = video;
  }
  void on_track(int track, const codec::TrackConfig& config) override { configs[track].push_back(config); }
  void on_sample(const codec::Sample& s) override {
    EXPECT_FALSE(configs[s.track].empty());
    samples[s.track].push_back({s, Bytes(s.data.begin(), s.data.end())});
  }
  void on_notice(const codec::Notice& notice) override { notices.push_back(notice); }
};

}  // namespace cbx::test

// A Handler that keeps everything, for tests.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ts/demuxer.h"

namespace cbx::ts::test {

struct Recorder final : Handler {
  struct Sample : codec::Sample {
    Bytes bytes;
  };
  void on_layout(int tracks, bool video) override {
    layouts.emplace_back(tracks, video);
    has_config.assign(static_cast<size_t>(tracks), false);
  }
  void on_track(int track, const codec::TrackConfig& config) override {
    tracks.emplace_back(track, config);
    has_config.at(static_cast<size_t>(track)) = true;
  }
  void on_sample(const codec::Sample& s) override {
    // The contract: never a sample before the configuration of its track, never a negative time.
    if (!has_config.at(static_cast<size_t>(s.track)) || s.dts < 0 || s.pts < 0) broken = true;
    Sample kept{s, Bytes(s.data.begin(), s.data.end())};
    kept.data = {};
    samples.push_back(std::move(kept));
  }
  void on_notice(const Notice& n) override { notices.push_back(n); }

  std::vector<Sample> of(int track) const {
    std::vector<Sample> result;
    std::ranges::copy_if(samples, std::back_inserter(result), [&](const Sample& s) { return s.track == track; });
    return result;
  }
  std::vector<int64_t> pts(int track) const {
    std::vector<int64_t> result;
    for (const Sample& s : of(track)) result.push_back(s.pts);
    return result;
  }
  std::vector<int64_t> dts(int track) const {
    std::vector<int64_t> result;
    for (const Sample& s : of(track)) result.push_back(s.dts);
    return result;
  }
  size_t count(Notice::Kind kind, std::string_view part = "") const {
    return static_cast<size_t>(std::ranges::count_if(
        notices, [&](const Notice& n) { return n.kind == kind && n.text.find(part) != std::string::npos; }));
  }

  std::vector<std::pair<int, bool>> layouts;
  std::vector<std::pair<int, codec::TrackConfig>> tracks;
  std::vector<Sample> samples;
  std::vector<Notice> notices;
  std::vector<bool> has_config;
  bool broken = false;
};

inline Stats demux(ByteSpan data, Recorder& recorder, size_t chunk = 1316) {
  Demuxer demuxer(recorder);
  for (size_t at = 0; at < data.size(); at += chunk)
    demuxer.push(data.subspan(at, std::min(chunk, data.size() - at)), WallTime(Micros(at)));
  demuxer.flush();
  return demuxer.stats();
}

inline Bytes read_data(const std::string& name) {
  std::ifstream file(std::string(CBX_TEST_DATA) + "/" + name, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace cbx::ts::test

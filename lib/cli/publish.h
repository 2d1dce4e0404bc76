// Where a camera sends to, spelled for the programs that people use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cbx::cli {

// The port that cbx-ingest listens on unless told otherwise.
constexpr int kDefaultPublishPort = 8890;
// A recorder gains nothing from a small latency; a large one lets the sender repair more (DESIGN, SRT).
constexpr int kDefaultLatencyMs = 2000;

// Where the recorder is reached.
struct PublishPoint {
  std::string host;  // name or address, of IPv6 without brackets
  int port = kDefaultPublishPort;
  int latency_ms = kDefaultLatencyMs;
};

// "cam.example.org", "192.0.2.1:8890", "[2001:db8::1]:8890", "2001:db8::1".  Error `usage`.
Result<PublishPoint> parse_publish_point(std::string_view text);

// What a camera has to say there.
struct Publisher {
  std::string device, key;  // no key: it does not encrypt
  int key_bits = 128;
};

// srt://HOST:PORT?mode=caller&latency=MS&streamid=ID[&passphrase=KEY&pbkeylen=N], latency in ms as SRT has it.
std::string srt_address(const PublishPoint& point, const Publisher& publisher);
// The same with the latency in microseconds, as libavformat counts (also within OBS).
std::string ffmpeg_address(const PublishPoint& point, const Publisher& publisher);

// What to type where: a command for ffmpeg, the settings of OBS and of Larix.
struct PublishLine {
  std::string name, text;
};
std::vector<PublishLine> publish_lines(const PublishPoint& point, const Publisher& publisher);

}  // namespace cbx::cli

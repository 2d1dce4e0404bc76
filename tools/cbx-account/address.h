// Where a camera sends to, spelled for the programs that people use.
#pragma once

#include <string>

#include "cli/output.h"
#include "state/state.h"

namespace cbx::account {

// The port that cbx-ingest listens on unless told otherwise.
constexpr int kDefaultPort = 8890;
// A recorder gains nothing from a small latency; a large one lets the sender repair more (DESIGN, SRT).
constexpr int kDefaultLatencyMs = 2000;

struct Endpoint {
  std::string host;
  int port = kDefaultPort;
  int latency_ms = kDefaultLatencyMs;
};

// srt://HOST:PORT?mode=caller&latency=MS&streamid=ID[&passphrase=KEY&pbkeylen=N], latency in ms as SRT has it.
std::string srt_address(const Endpoint& endpoint, const state::Device& device);
// The same with the latency in microseconds, as libavformat counts (also within OBS).
std::string ffmpeg_address(const Endpoint& endpoint, const state::Device& device);

// Prints the address with lines for ffmpeg, OBS and Larix, and a QR code when `qr`.
Status print_address(cli::Output& out, const Endpoint& endpoint, const state::Device& device, bool qr, bool color);

}  // namespace cbx::account

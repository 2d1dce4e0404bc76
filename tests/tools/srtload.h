#pragma once

#include <string>

namespace cbx::load {

struct SendOptions {
  std::string host = "127.0.0.1";
  int port = 0;
  std::string file;
  double bit_rate = 4e6;  // of the synthetic stream
  int streams = 1;
  double seconds = 10;
  double stagger_ms = 10;
  std::string stream_id = "cam%04d";
  int latency_ms = 200;
  int window = 0;  // sender's buffer in packets, 0 for libsrt's default
  double flat_seconds = 0;
  bool burst = false;
  bool silent = false;
  double linger_s = 1;
};
int run_send(const SendOptions& options);

struct SinkOptions {
  int port = 0;
  double seconds = 10;
  int batch_ms = 20;
  bool live = false;  // the usual live settings instead of a recorder's
};
int run_sink(const SinkOptions& options);

// CPU seconds (user and system) of this process so far.
double cpu_seconds();

}  // namespace cbx::load

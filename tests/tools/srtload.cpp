// cbx-srtload: many paced SRT publishers in one process, and a bare receiver as the cost floor.
//
//   cbx-srtload send --port PORT [--file FILE.ts | --bit-rate BITS] [--streams N] [--seconds S] …
//   cbx-srtload sink --port PORT [--seconds S]
// The passphrase, if any, comes from CBX_PASSPHRASE.  A JSON line on stdout sums up.
#include "srtload.h"

#include <arpa/inet.h>
#include <srt/srt.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "ts_clip.h"

namespace cbx::load {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Stream {
  SRTSOCKET socket = SRT_INVALID_SOCK;
  size_t message = 0;  // next one to send
  uint64_t pass = 0;
  double started = 0;  // seconds on the common clock
};

struct Summary {
  unsigned long long bytes = 0, refused_messages = 0, dropped = 0, retransmitted = 0, packets = 0;
  int failed = 0, broken = 0;
};

// "cam%04d" with the number of the stream; only one %0Nd or %d is meant to be there.
std::string stream_name(const std::string& format, int number) {
  const size_t percent = format.find('%');
  const size_t d = percent == std::string::npos ? percent : format.find('d', percent);
  if (d == std::string::npos) return format;
  const int width = std::atoi(format.substr(percent + 1, d - percent - 1).c_str());
  std::string digits = std::to_string(number);
  if (static_cast<int>(digits.size()) < width) digits.insert(0, static_cast<size_t>(width) - digits.size(), '0');
  return format.substr(0, percent) + digits + format.substr(d + 1);
}

class Sender {
 public:
  Sender(const SendOptions& options, const Clip* clip) : o_(options), clip_(clip) {}

  int run() {
    connect_all();
    const double cpu = cpu_seconds();
    start_ = SteadyClock::now();
    for (size_t i = 0; i < streams_.size(); ++i) streams_[i].started = static_cast<double>(i) * o_.stagger_ms / 1000;
    while (elapsed() < o_.seconds) {
      if (clip_) send_due();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const double seconds = elapsed();
    std::this_thread::sleep_for(std::chrono::duration<double>(o_.linger_s));
    collect();
    std::printf(
        "{\"streams\":%zu,\"failed\":%d,\"broken\":%d,\"seconds\":%.2f,\"bytes\":%llu,\"mbit_s\":%.2f,"
        "\"packets\":%llu,\"refused_messages\":%llu,\"dropped_packets\":%llu,\"retransmitted_packets\":%llu,"
        "\"cpu_s\":%.3f}\n",
        streams_.size(), sum_.failed, sum_.broken, seconds, sum_.bytes,
        static_cast<double>(sum_.bytes) * 8 / seconds / 1e6, sum_.packets, sum_.refused_messages, sum_.dropped,
        sum_.retransmitted, cpu_seconds() - cpu);
    return sum_.failed || sum_.broken ? 1 : 0;
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(SteadyClock::now() - start_).count(); }

  void connect_all() {
    for (int i = 0; i < o_.streams; ++i) {
      streams_.push_back(Stream{connect_one(stream_name(o_.stream_id, i)), 0, 0, 0});
      if (streams_.back().socket == SRT_INVALID_SOCK) ++sum_.failed;
    }
  }

  SRTSOCKET connect_one(const std::string& id) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(o_.port));
    ::inet_pton(AF_INET, o_.host.c_str(), &to.sin_addr);
    const SRTSOCKET s = srt_create_socket();
    const bool off = false;
    srt_setsockflag(s, SRTO_SNDSYN, &off, sizeof off);
    srt_setsockflag(s, SRTO_STREAMID, id.data(), static_cast<int>(id.size()));
    srt_setsockflag(s, SRTO_LATENCY, &o_.latency_ms, sizeof o_.latency_ms);
    if (o_.window > 0) {
      const int bytes = o_.window * 1456;
      srt_setsockflag(s, SRTO_FC, &o_.window, sizeof o_.window);
      srt_setsockflag(s, SRTO_SNDBUF, &bytes, sizeof bytes);
    }
    if (const char* secret = std::getenv("CBX_PASSPHRASE"))
      srt_setsockflag(s, SRTO_PASSPHRASE, secret, static_cast<int>(std::string_view(secret).size()));
    if (srt_connect(s, reinterpret_cast<sockaddr*>(&to), sizeof to) != SRT_ERROR) return s;
    if (sum_.failed < 3)
      std::fprintf(stderr, "cbx-srtload: '%s': %s (%d)\n", id.c_str(), srt_rejectreason_str(srt_getrejectreason(s)),
                   srt_getrejectreason(s));
    srt_close(s);
    return SRT_INVALID_SOCK;
  }

  double due_of(const Stream& s) const {
    if (o_.burst) return 0;
    const double in_pass =
        o_.flat_seconds > 0 ? o_.flat_seconds * static_cast<double>(s.message) / static_cast<double>(clip_->messages())
                            : clip_->due(s.message);
    return s.started + static_cast<double>(s.pass) * (o_.flat_seconds > 0 ? o_.flat_seconds : clip_->seconds()) +
           in_pass;
  }

  void send_due() {
    const double now = elapsed();
    for (Stream& s : streams_) {
      while (s.socket != SRT_INVALID_SOCK && now >= s.started && due_of(s) <= now)
        if (!send_one(s)) break;
    }
  }

  bool send_one(Stream& s) {
    uint8_t message[kMessage];
    const size_t n = clip_->render(s.message, s.pass, message);
    // In order, as ffmpeg asks for.
    if (srt_sendmsg(s.socket, reinterpret_cast<char*>(message), static_cast<int>(n), -1, 1) == SRT_ERROR) {
      if (srt_getsockstate(s.socket) != SRTS_CONNECTED) {
        add_stats(s.socket);
        srt_close(s.socket);
        s.socket = SRT_INVALID_SOCK;
        ++sum_.broken;
      } else {
        ++sum_.refused_messages;  // the sender's buffer is full: it is tried again
      }
      return false;
    }
    sum_.bytes += n;
    if (++s.message == clip_->messages()) {
      s.message = 0;
      ++s.pass;
    }
    return true;
  }

  void add_stats(SRTSOCKET socket) {
    SRT_TRACEBSTATS stats;
    if (srt_bstats(socket, &stats, 0) != 0) return;
    sum_.dropped += static_cast<unsigned>(stats.pktSndDropTotal);
    sum_.retransmitted += static_cast<unsigned>(stats.pktRetransTotal);
    sum_.packets += static_cast<unsigned long long>(stats.pktSentTotal);
  }

  void collect() {
    for (const Stream& s : streams_)
      if (s.socket != SRT_INVALID_SOCK) {
        if (srt_getsockstate(s.socket) != SRTS_CONNECTED) ++sum_.broken;
        add_stats(s.socket);
        srt_close(s.socket);
      }
  }

  const SendOptions& o_;
  const Clip* clip_;
  std::vector<Stream> streams_;
  Summary sum_;
  SteadyClock::time_point start_{};
};

Result<Clip> load(const SendOptions& o) {
  if (o.file.empty()) return Clip::parse(make_synthetic(o.bit_rate, 10));
  CBX_ASSIGN(const std::string content, read_file(o.file, size_t{1} << 30));
  const ByteSpan bytes = as_bytes(content);
  return Clip::parse(Bytes(bytes.begin(), bytes.end()));
}

}  // namespace

int run_send(const SendOptions& o) {
  if (o.silent) return Sender(o, nullptr).run();
  const auto clip = load(o);
  if (!clip) {
    std::fprintf(stderr, "cbx-srtload: %s\n", clip.error().message().c_str());
    return clip.error().exit_code();
  }
  return Sender(o, &*clip).run();
}

}  // namespace cbx::load

int main(int argc, char** argv) {
  cbx::load::SendOptions send;
  cbx::load::SinkOptions sink;
  std::string make_file;
  CLI::App app("Many SRT publishers in one process, or a bare receiver");
  app.require_subcommand(1);
  CLI::App* s = app.add_subcommand("send", "Publish");
  s->add_option("--host", send.host, "IPv4 address");
  s->add_option("--port", send.port)->required();
  s->add_option("--file", send.file, "Transport stream to send over and over (default: a synthetic one)");
  s->add_option("--bit-rate", send.bit_rate, "Of the synthetic stream; at least 3000000");
  s->add_option("--streams", send.streams);
  s->add_option("--seconds", send.seconds);
  s->add_option("--stagger", send.stagger_ms, "Milliseconds between the starts of the streams");
  s->add_option("--stream-id", send.stream_id, "Format with one %0Nd");
  s->add_option("--latency", send.latency_ms, "Milliseconds");
  s->add_option("--window", send.window, "Sender's buffer in packets");
  s->add_option("--flat", send.flat_seconds, "Spread the file evenly over so many seconds, instead of by its PCR");
  s->add_flag("--burst", send.burst, "As fast as the connection takes it");
  s->add_flag("--silent", send.silent, "Connect and send nothing");
  s->add_option("--linger", send.linger_s, "Seconds to stay connected at the end");
  CLI::App* r = app.add_subcommand("sink", "Receive and throw away");
  r->add_option("--port", sink.port)->required();
  r->add_option("--seconds", sink.seconds);
  r->add_option("--batch", sink.batch_ms, "Milliseconds between drains, 0 to be woken");
  r->add_flag("--live", sink.live, "Time-stamp based delivery and too-late drop, as players have it");
  CLI::App* m = app.add_subcommand("make", "Write the synthetic stream to a file");
  m->add_option("FILE", make_file)->required();
  m->add_option("--bit-rate", send.bit_rate);
  m->add_option("--seconds", send.seconds);
  CLI11_PARSE(app, argc, argv);
  if (m->parsed()) {
    const cbx::Bytes ts = cbx::load::make_synthetic(send.bit_rate, static_cast<int>(send.seconds));
    return cbx::replace_file(make_file, cbx::as_string(ts), 0644) ? 0 : 74;
  }
  srt_setloglevel(2);  // critical
  srt_startup();
  const int rc = s->parsed() ? cbx::load::run_send(send) : cbx::load::run_sink(sink);
  srt_cleanup();
  return rc;
}

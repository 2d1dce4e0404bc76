// cbx-camera: cameras that number their pictures, publish over SRT without ever giving up, and keep a ledger of what
// the receiver acknowledged.
//
//   cbx-camera --port PORT --ledger FILE [--cameras N] [--bit-rate BITS] …
//
// Each picture carries "CAMERA NUMBER" and a checksum in an SEI message (ts_clip.h) and lies at PTS 90000 + 3600 times
// its number.  A camera's time line goes on while its line is broken; after a reconnect it begins with a key picture.
// TERM or INT: waits until all is acknowledged (a few seconds at most), then leaves.  The ledger has a line for each
// picture that was sent:
//   CAMERA <TAB> CONNECTION <TAB> NUMBER <TAB> UNIX-MICROSECONDS <TAB> acked|open
#include <arpa/inet.h>
#include <srt/srt.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ts_clip.h"

namespace cbx::load {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMostWaiting = 20000;  // messages; a recorder that takes nothing costs pictures then
constexpr auto kReconnect = std::chrono::milliseconds(50);
constexpr auto kLastAcks = std::chrono::seconds(8);

struct Options {
  std::string host = "127.0.0.1", stream_id = "cam", ledger;
  int port = 0, cameras = 3;
  double bit_rate = 400e3;
  int width_mbs = 8, height_mbs = 5;
  int latency_ms = 200, peer_idle_ms = 5000;
};

volatile std::sig_atomic_t stop_requested = 0;

struct Sent {
  int connection;
  int64_t number;
  int64_t wall_us;
  uint64_t messages;  // of its connection, this picture's last one included
  bool acked = false;
};

class Camera {
 public:
  Camera(const Options& options, std::string name) : o_(options), name_(std::move(name)) {}
  ~Camera() { close(); }

  void step(SteadyClock::time_point start, bool stopping) {
    const auto now = SteadyClock::now();
    look(now, stopping);
    if (!stopping) make_due(start, now);
    send_waiting();
    look_for_acks();
  }

  bool all_acked() const { return socket_ == SRT_INVALID_SOCK || (waiting_.empty() && acked_ == handed_over_); }

  void write(std::FILE* out) const {
    for (const Sent& s : sent_)
      std::fprintf(out, "%s\t%d\t%lld\t%lld\t%s\n", name_.c_str(), s.connection, static_cast<long long>(s.number),
                   static_cast<long long>(s.wall_us), s.acked ? "acked" : "open");
  }
  int connections() const { return connection_; }

 private:
  void close() {
    if (socket_ != SRT_INVALID_SOCK) srt_close(socket_);
    socket_ = SRT_INVALID_SOCK;
    connected_ = false;
    waiting_.clear();
    stream_.reset();
  }

  void look(SteadyClock::time_point now, bool stopping) {
    if (socket_ == SRT_INVALID_SOCK) {
      if (!stopping && now >= next_try_) connect(now);
      return;
    }
    const SRT_SOCKSTATUS state = srt_getsockstate(socket_);
    if (state == SRTS_CONNECTED && !connected_) {
      connected_ = true;
      connection_++;
      handed_over_ = acked_ = promised_ = 0;
      first_of_connection_ = sent_.size();
    } else if (state > SRTS_CONNECTED) {
      close();
      next_try_ = now + kReconnect;
    }
  }

  void connect(SteadyClock::time_point now) {
    next_try_ = now + kReconnect;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(o_.port));
    ::inet_pton(AF_INET, o_.host.c_str(), &to.sin_addr);
    socket_ = srt_create_socket();
    const bool off = false;
    const int timeout_ms = 1000;
    const std::string id = "publish:" + name_;
    srt_setsockflag(socket_, SRTO_SNDSYN, &off, sizeof off);
    srt_setsockflag(socket_, SRTO_RCVSYN, &off, sizeof off);
    srt_setsockflag(socket_, SRTO_STREAMID, id.data(), static_cast<int>(id.size()));
    srt_setsockflag(socket_, SRTO_LATENCY, &o_.latency_ms, sizeof o_.latency_ms);
    srt_setsockflag(socket_, SRTO_PEERIDLETIMEO, &o_.peer_idle_ms, sizeof o_.peer_idle_ms);
    srt_setsockflag(socket_, SRTO_CONNTIMEO, &timeout_ms, sizeof timeout_ms);
    if (srt_connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == SRT_ERROR) close();
  }

  // A picture whose time comes while there is no line is never made: the recorder can't know it.
  void make_due(SteadyClock::time_point start, SteadyClock::time_point now) {
    const int64_t due = std::chrono::duration_cast<std::chrono::milliseconds>(now - start).count() *
                        Synthetic::kPicturesPerSecond / 1000;
    for (; next_ <= due; next_++) {
      if (!connected_ || waiting_.size() > kMostWaiting) {
        stream_.reset();
        continue;
      }
      if (!stream_) {
        stream_ = std::make_unique<Synthetic>(o_.bit_rate, o_.width_mbs, o_.height_mbs, next_);
        since_key_ = 0;
      }
      const bool key = since_key_++ % Synthetic::kPicturesPerSecond == 0;
      const Bytes picture = stream_->next(key, name_ + " " + std::to_string(next_));
      for (size_t at = 0; at < picture.size(); at += kMessage)
        waiting_.emplace_back(picture.begin() + static_cast<ptrdiff_t>(at),
                              picture.begin() + static_cast<ptrdiff_t>(std::min(at + kMessage, picture.size())));
      promised_ += (picture.size() + kMessage - 1) / kMessage;
      const auto wall = std::chrono::system_clock::now().time_since_epoch();
      sent_.push_back(
          {connection_, next_, std::chrono::duration_cast<std::chrono::microseconds>(wall).count(), promised_, false});
    }
  }

  void send_waiting() {
    while (connected_ && !waiting_.empty()) {
      const Bytes& m = waiting_.front();
      // In order, as ffmpeg asks for.
      if (srt_sendmsg(socket_, reinterpret_cast<const char*>(m.data()), static_cast<int>(m.size()), -1, 1) == SRT_ERROR)
        return;  // the sender's buffer is full, or the line has broken
      handed_over_++;
      waiting_.pop_front();
    }
  }

  // What has left the sender's buffer is acknowledged, as nothing is dropped for being late: that takes the
  // receiver's consent.
  void look_for_acks() {
    SRT_TRACEBSTATS stats;
    if (!connected_ || srt_bistats(socket_, &stats, 0, 1) != 0) return;
    // libsrt says zero to everything about its buffers while another thread holds the connection's lock.
    if (stats.byteAvailSndBuf == 0) return;
    if (stats.pktSndDropTotal > 0) {
      std::fprintf(stderr, "cbx-camera: '%s' dropped packets\n", name_.c_str());
      return;
    }
    const uint64_t acked = handed_over_ - std::min<uint64_t>(handed_over_, static_cast<unsigned>(stats.pktSndBuf));
    if (acked <= acked_) return;
    acked_ = acked;
    while (first_of_connection_ < sent_.size() && sent_[first_of_connection_].messages <= acked_)
      sent_[first_of_connection_++].acked = true;
  }

  const Options& o_;
  const std::string name_;
  SRTSOCKET socket_ = SRT_INVALID_SOCK;
  bool connected_ = false;
  int connection_ = 0;
  SteadyClock::time_point next_try_{};
  std::unique_ptr<Synthetic> stream_;
  int64_t next_ = 0, since_key_ = 0;
  std::deque<Bytes> waiting_;
  uint64_t promised_ = 0, handed_over_ = 0, acked_ = 0;  // messages of this connection
  std::vector<Sent> sent_;
  size_t first_of_connection_ = 0;  // in sent_, the first that is not acknowledged yet
};

int run(const Options& o) {
  std::FILE* ledger = std::fopen(o.ledger.c_str(), "w");
  if (!ledger) {
    std::perror(o.ledger.c_str());
    return 73;
  }
  std::vector<std::unique_ptr<Camera>> cameras;
  for (int i = 0; i < o.cameras; i++) cameras.push_back(std::make_unique<Camera>(o, o.stream_id + std::to_string(i)));
  const auto start = SteadyClock::now();
  constexpr std::chrono::milliseconds apart{370};  // cameras are not in step
  const auto turn = [&](bool stopping) {
    for (size_t i = 0; i < cameras.size(); i++) cameras[i]->step(start + i * apart, stopping);
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
  };
  while (!stop_requested) turn(false);
  const auto until = SteadyClock::now() + kLastAcks;
  bool open = true;
  while (open && SteadyClock::now() < until) {
    turn(true);
    open = false;
    for (const auto& camera : cameras) open = open || !camera->all_acked();
  }
  int connections = 0;
  for (const auto& camera : cameras) {
    camera->write(ledger);
    connections += camera->connections();
  }
  std::fprintf(stderr, "cbx-camera: %d connections%s\n", connections, open ? ", not all acknowledged" : "");
  return std::fclose(ledger) == 0 ? 0 : 74;
}

}  // namespace
}  // namespace cbx::load

int main(int argc, char** argv) {
  cbx::load::Options o;
  CLI::App app("Cameras that number their pictures and keep a ledger");
  app.add_option("--host", o.host, "IPv4 address");
  app.add_option("--port", o.port)->required();
  app.add_option("--ledger", o.ledger, "Written when it leaves")->required();
  app.add_option("--cameras", o.cameras);
  app.add_option("--stream-id", o.stream_id, "Device ids are this and a number");
  app.add_option("--bit-rate", o.bit_rate, "Of each camera");
  app.add_option("--width", o.width_mbs, "Macroblocks");
  app.add_option("--height", o.height_mbs, "Macroblocks");
  app.add_option("--latency", o.latency_ms, "Milliseconds");
  app.add_option("--peer-idle", o.peer_idle_ms, "Milliseconds of silence that break the line");
  CLI11_PARSE(app, argc, argv);
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { cbx::load::stop_requested = 1; });
  srt_setloglevel(2);  // critical
  srt_startup();
  const int rc = cbx::load::run(o);
  srt_cleanup();
  return rc;
}

// The cost floor: a bare libsrt receiver that throws everything away.
#include <arpa/inet.h>
#include <srt/srt.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <thread>

#include "srtload.h"

namespace cbx::load {
namespace {

struct Counters {
  int connections = 0;
  unsigned long long bytes = 0, packets = 0;
  long long dropped = 0, missing = 0;
};

void drain(SRTSOCKET socket, Counters& counters) {
  std::array<char, 2048> buffer;
  for (;;) {
    SRT_MSGCTRL control = srt_msgctrl_default;
    const int n = srt_recvmsg2(socket, buffer.data(), static_cast<int>(buffer.size()), &control);
    if (n <= 0) break;
    counters.bytes += static_cast<unsigned>(n);
    ++counters.packets;
  }
  if (srt_getsockstate(socket) == SRTS_CONNECTED) return;
  SRT_TRACEBSTATS stats;
  if (srt_bstats(socket, &stats, 0) == 0) {
    counters.dropped += stats.pktRcvDropTotal;
    counters.missing += stats.pktRcvLossTotal;
  }
  srt_close(socket);
}

}  // namespace

double cpu_seconds() {
  rusage r{};
  ::getrusage(RUSAGE_SELF, &r);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(r.ru_utime) + seconds(r.ru_stime);
}

int run_sink(const SinkOptions& o) {
  const SRTSOCKET listener = srt_create_socket();
  const bool off = false;
  if (!o.live) {
    srt_setsockflag(listener, SRTO_TSBPDMODE, &off, sizeof off);
    srt_setsockflag(listener, SRTO_TLPKTDROP, &off, sizeof off);
  }
  srt_setsockflag(listener, SRTO_RCVSYN, &off, sizeof off);
  const int udp = 8 << 20;
  srt_setsockflag(listener, SRTO_UDP_RCVBUF, &udp, sizeof udp);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(static_cast<uint16_t>(o.port));
  if (srt_bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) == SRT_ERROR ||
      srt_listen(listener, 1000) != 0) {
    std::fprintf(stderr, "cbx-srtload: cannot listen: %s\n", srt_getlasterror_str());
    return 1;
  }
  const int poll = srt_epoll_create();
  const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
  srt_epoll_add_usock(poll, listener, &events);
  Counters counters;
  std::array<SRT_EPOLL_EVENT, 1024> ready;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(o.seconds);
  while (std::chrono::steady_clock::now() < end) {
    const int n = srt_epoll_uwait(poll, ready.data(), static_cast<int>(ready.size()), 100);
    if (o.batch_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(o.batch_ms));
    for (int i = 0; i < std::min(n, static_cast<int>(ready.size())); ++i) {
      const SRTSOCKET socket = ready[static_cast<size_t>(i)].fd;
      if (socket != listener) {
        drain(socket, counters);
        continue;
      }
      for (SRTSOCKET c; (c = srt_accept(listener, nullptr, nullptr)) != SRT_INVALID_SOCK; ++counters.connections) {
        srt_setsockflag(c, SRTO_RCVSYN, &off, sizeof off);
        srt_epoll_add_usock(poll, c, &events);
      }
    }
  }
  rusage r{};
  ::getrusage(RUSAGE_SELF, &r);
  std::printf(
      "{\"connections\":%d,\"bytes\":%llu,\"packets\":%llu,\"dropped\":%lld,\"missing\":%lld,\"cpu_s\":%.3f,"
      "\"max_rss_kib\":%ld}\n",
      counters.connections, counters.bytes, counters.packets, counters.dropped, counters.missing, cpu_seconds(),
      r.ru_maxrss);
  return 0;
}

}  // namespace cbx::load

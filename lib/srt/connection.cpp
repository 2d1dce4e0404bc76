#include "srt/connection.h"

#include <srt/srt.h>

#include <cstring>

namespace cbx::srt {
namespace {

// A hole is given up when no missing packet came in for this long.  The sender, told that nothing is ever too late,
// keeps sending again; the slack covers the round trips of that and a sender that is busy after a line cut.
Monotonic::duration hole_wait(int latency_ms) {
  return Millis(2 * latency_ms) + std::chrono::seconds(2);
}

int key_bits_of(const Socket& socket) {
  return socket.get_int(SRTO_KMSTATE) == SRT_KM_S_SECURED ? 8 * socket.get_int(SRTO_PBKEYLEN) : 0;
}

}  // namespace

Connection::Connection(Socket socket, Monotonic now)
    : socket_(std::move(socket)),
      latency_ms_(socket_.get_int(SRTO_RCVLATENCY)),
      key_bits_(key_bits_of(socket_)),
      reorder_(socket_.get_int(SRTO_ISN), hole_wait(latency_ms_), kWindowPackets),
      last_data_(now) {}

void Connection::delivered(size_t bytes) {
  totals_.bytes += static_cast<int64_t>(bytes);
  ++totals_.packets;
}

// Hands out packets that waited for their turn; false when the room is used up.
bool Connection::take_held(std::span<uint8_t> room, Received& out) {
  while (reorder_.has_ready()) {
    if (room.size() - out.bytes < kMaxPacket) return false;
    const Bytes packet = reorder_.take();
    std::memcpy(room.data() + out.bytes, packet.data(), packet.size());
    out.bytes += packet.size();
    delivered(packet.size());
  }
  return true;
}

Connection::Received Connection::receive(std::span<uint8_t> room, Monotonic now) {
  Received out;
  out.after_loss = std::exchange(loss_pending_, false);
  for (;;) {
    if (!take_held(room, out) || room.size() - out.bytes < kMaxPacket) {
      out.stop = Stop::full;
      break;
    }
    SRT_MSGCTRL control = srt_msgctrl_default;
    char* const at = reinterpret_cast<char*>(room.data() + out.bytes);
    const int n = broken_ ? SRT_ERROR : srt_recvmsg2(socket_.id(), at, static_cast<int>(kMaxPacket), &control);
    if (n > 0) {
      last_data_ = now;
      const size_t size = static_cast<size_t>(n);
      if (reorder_.offer(control.pktseq, ByteSpan(room).subspan(out.bytes, size), now) == Reorder::Verdict::next) {
        out.bytes += size;
        delivered(size);
      }
      continue;
    }
    if (!broken_ && srt_getlasterror(nullptr) != SRT_EASYNCRCV) broken_ = true;
    if (reorder_.hole_expired(now) || (broken_ && reorder_.has_hole())) {
      totals_.lost += reorder_.skip_hole(now);
      if (out.bytes > 0) {
        loss_pending_ = true;
        out.stop = Stop::loss;
        break;
      }
      out.after_loss = true;
      continue;
    }
    out.stop = broken_ ? Stop::ended : Stop::drained;
    break;
  }
  if (out.bytes == 0 && out.after_loss) loss_pending_ = true;
  return out;
}

void Connection::refresh_stats() {
  SRT_TRACEBSTATS stats{};
  if (srt_bstats(socket_.id(), &stats, 1) == SRT_ERROR) return;
  totals_.missing += stats.pktRcvLoss;
  totals_.retransmitted += stats.pktRcvRetrans;
  // libsrt says 100 ms until it has measured.
  if (stats.msRTT != 100.0) rtt_us_ = static_cast<int>(stats.msRTT * 1000);
  buffered_packets_ = stats.pktRcvBuf;
}

LinkStats Connection::take_stats() {
  LinkStats since;
  since.bytes = totals_.bytes - reported_.bytes;
  since.packets = totals_.packets - reported_.packets;
  since.missing = totals_.missing - reported_.missing;
  since.retransmitted = totals_.retransmitted - reported_.retransmitted;
  since.lost = totals_.lost - reported_.lost;
  reported_ = totals_;
  return since;
}

}  // namespace cbx::srt

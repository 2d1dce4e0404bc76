#include "srt/socket.h"

#include <fmt/format.h>
#include <srt/srt.h>

#include "srt/library.h"

namespace cbx::srt {

Result<Socket> Socket::create() {
  const SRTSOCKET id = srt_create_socket();
  if (id == SRT_INVALID_SOCK) return fail(last_error("cannot create an SRT socket"));
  return Socket(id);
}

void Socket::close() {
  if (id_ != kNoSocket) srt_close(std::exchange(id_, kNoSocket));
}

Status Socket::set(int option, int value, std::string_view name) {
  if (srt_setsockflag(id_, static_cast<SRT_SOCKOPT>(option), &value, sizeof value) == SRT_ERROR)
    return fail(last_error(fmt::format("cannot set {} to {}", name, value)));
  return {};
}

Status Socket::set(int option, bool value, std::string_view name) {
  if (srt_setsockflag(id_, static_cast<SRT_SOCKOPT>(option), &value, sizeof value) == SRT_ERROR)
    return fail(last_error(fmt::format("cannot set {}", name)));
  return {};
}

Status Socket::set(int option, std::string_view value, std::string_view name) {
  // The value may be a secret: it stays out of the message.
  if (srt_setsockflag(id_, static_cast<SRT_SOCKOPT>(option), value.data(), static_cast<int>(value.size())) == SRT_ERROR)
    return fail(last_error(fmt::format("cannot set {}", name)));
  return {};
}

int Socket::get_int(int option) const {
  int value = 0;
  int size = sizeof value;
  if (srt_getsockflag(id_, static_cast<SRT_SOCKOPT>(option), &value, &size) == SRT_ERROR) return 0;
  return value;
}

Status set_receiver_options(Socket& s, const Settings& settings) {
  CBX_TRY(s.set(SRTO_TRANSTYPE, static_cast<int>(SRTT_LIVE), "SRTO_TRANSTYPE"));
  // Both off, never one: TSBPD without too-late drop stalls and spins.
  CBX_TRY(s.set(SRTO_TSBPDMODE, false, "SRTO_TSBPDMODE"));
  CBX_TRY(s.set(SRTO_TLPKTDROP, false, "SRTO_TLPKTDROP"));
  CBX_TRY(s.set(SRTO_LATENCY, settings.latency_ms, "SRTO_LATENCY"));
  CBX_TRY(s.set(SRTO_RCVSYN, false, "SRTO_RCVSYN"));
  CBX_TRY(s.set(SRTO_PAYLOADSIZE, static_cast<int>(kMaxPacket), "SRTO_PAYLOADSIZE"));
  CBX_TRY(s.set(SRTO_PEERIDLETIMEO, kPeerIdleTimeoutMs, "SRTO_PEERIDLETIMEO"));
  CBX_TRY(s.set(SRTO_FC, kWindowPackets, "SRTO_FC"));
  CBX_TRY(s.set(SRTO_RCVBUF, kWindowPackets * static_cast<int>(kMaxPacket), "SRTO_RCVBUF"));
  CBX_TRY(s.set(SRTO_UDP_RCVBUF, kUdpReceiveBuffer, "SRTO_UDP_RCVBUF"));
  return {};
}

}  // namespace cbx::srt

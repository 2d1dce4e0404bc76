#include "srt/caller.h"

#include <fmt/format.h>
#include <srt/srt.h>

#include "srt/library.h"

namespace cbx::srt {
namespace {

constexpr int kConnectTimeoutMs = 5000;

}  // namespace

Result<Call> Call::start(const CallUrl& url, const std::string& passphrase) {
  CBX_ASSIGN(const Address peer, Address::resolve(url.host, url.port));
  CBX_ASSIGN(Socket socket, Socket::create());
  Settings settings;
  if (url.latency_ms) settings.latency_ms = *url.latency_ms;
  CBX_TRY(set_receiver_options(socket, settings));
  CBX_TRY(socket.set(SRTO_CONNTIMEO, kConnectTimeoutMs, "SRTO_CONNTIMEO"));
  if (!url.stream_id.empty()) CBX_TRY(socket.set(SRTO_STREAMID, std::string_view(url.stream_id), "SRTO_STREAMID"));
  if (!passphrase.empty()) CBX_TRY(socket.set(SRTO_PASSPHRASE, std::string_view(passphrase), "SRTO_PASSPHRASE"));
  // SRTO_RCVSYN is off, so this only starts it.
  if (srt_connect(socket.id(), peer.get(), static_cast<int>(peer.size())) == SRT_ERROR)
    return fail(last_error(fmt::format("cannot connect to {}", peer.to_string())));
  return Call(std::move(socket), peer);
}

Result<std::optional<Socket>> Call::poll() {
  switch (srt_getsockstate(socket_.id())) {
    case SRTS_CONNECTED:
      return std::optional<Socket>(std::move(socket_));
    case SRTS_INIT:
    case SRTS_OPENED:
    case SRTS_CONNECTING:
      return std::optional<Socket>{};
    default:
      break;
  }
  const int reason = srt_getrejectreason(socket_.id());
  const bool refused = reason >= SRT_REJC_PREDEFINED || reason == SRT_REJ_BADSECRET || reason == SRT_REJ_UNSECURE;
  return fail(refused ? ErrorCode::permission : ErrorCode::unavailable,
              fmt::format("cannot connect to {}: {} ({})", peer_.to_string(), srt_rejectreason_str(reason), reason));
}

}  // namespace cbx::srt

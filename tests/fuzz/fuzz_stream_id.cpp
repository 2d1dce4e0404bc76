// Stream ids of callers, and the srt:// URLs of the command line.
#include "base/device_id.h"
#include "fuzz.h"
#include "srt/address.h"
#include "srt/stream_id.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cbx;
  const std::string_view text = as_string({data, size});
  const auto id = srt::parse_stream_id(text);
  if (id) {
    CBX_CHECK(is_device_id(id->device));
    CBX_CHECK(text.size() <= srt::kMaxStreamId);
    CBX_CHECK(text.find(id->token) != std::string_view::npos && text.find(id->user) != std::string_view::npos);
  } else {
    const int code = static_cast<int>(id.error().code);
    CBX_CHECK(code >= 1400 && code < 1500);
    CBX_CHECK(fuzz::is_clean(id.error().reason) && !id.error().reason.empty());
  }
  const auto listen = srt::parse_listen_url(text);
  if (!listen) CBX_CHECK(fuzz::is_clean(listen.error().message()));
  if (listen && listen->latency_ms) CBX_CHECK(*listen->latency_ms >= 0);
  const auto call = srt::parse_call_url(text);
  if (!call) CBX_CHECK(fuzz::is_clean(call.error().message()));
  if (call) CBX_CHECK(!call->host.empty() && call->stream_id.size() <= srt::kMaxStreamId);
  return 0;
}

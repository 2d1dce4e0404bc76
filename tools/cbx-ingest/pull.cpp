#include "pull.h"

#include <algorithm>
#include <cmath>

#include "base/device_id.h"

namespace cbx::ingest {
namespace {

constexpr int kLongestPauseS = 30;
// A connection that held this long was a good one: the next attempt comes soon.
constexpr auto kGood = std::chrono::seconds(30);

}  // namespace

Monotonic::duration BackOff::next() {
  const double base = std::min<double>(kLongestPauseS, std::ldexp(1.0, std::min(step_, 10)));
  ++step_;
  const double seconds = base * std::uniform_real_distribution<>(0.75, 1.25)(random_);
  return std::chrono::duration_cast<Monotonic::duration>(std::chrono::duration<double>(seconds));
}

Pull::Pull(srt::CallUrl url, std::string device, std::string passphrase, const Logger& log)
    : url_(std::move(url)),
      device_(std::move(device)),
      passphrase_(std::move(passphrase)),
      log_(&log),
      back_off_(std::random_device{}()) {}

Result<Pull> Pull::create(const std::string& url, std::string device, std::string passphrase, const Logger& log) {
  CBX_ASSIGN(srt::CallUrl call, srt::parse_call_url(url));
  return Pull(std::move(call), std::move(device), std::move(passphrase), log);
}

void Pull::failed(Error error, Monotonic now) {
  call_.reset();
  const auto pause = back_off_.next();
  retry_at_ = now + pause;
  log_->warn("{}; next attempt in {:.1f} s", error.message(), std::chrono::duration<double>(pause).count());
  failure_ = std::move(error);
}

std::optional<Arrival> Pull::beat(bool connected, Monotonic now) {
  if (connected) return std::nullopt;
  if (was_connected_) {
    was_connected_ = false;
    if (now - connected_at_ >= kGood) back_off_.reset();
    retry_at_ = now + back_off_.next();
    return std::nullopt;
  }
  if (!call_) {
    if (now < retry_at_) return std::nullopt;
    auto call = srt::Call::start(url_, passphrase_);
    if (!call) {
      failed(std::move(call).error(), now);
      return std::nullopt;
    }
    call_ = *std::move(call);
  }
  auto socket = call_->poll();
  if (!socket) {
    failed(std::move(socket).error(), now);
    return std::nullopt;
  }
  if (!*socket) return std::nullopt;
  Arrival arrival;
  arrival.source = make_srt_source(srt::Connection(**std::move(socket), now));
  arrival.peer = call_->peer().to_string();
  arrival.protocol = "srt";
  arrival.admission = {device_, passphrase_};
  call_.reset();
  failure_.reset();
  was_connected_ = true;
  connected_at_ = now;
  return arrival;
}

}  // namespace cbx::ingest

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

Pull::Pull(Target target, std::string device, const Logger& log)
    : target_(std::move(target)), device_(std::move(device)), log_(&log), back_off_(std::random_device{}()) {}

Result<Pull> Pull::create(const std::string& url, std::string device, std::string passphrase, const Logger& log) {
  CBX_ASSIGN(Target target, check_target(url, std::move(passphrase)));
  return Pull(std::move(target), std::move(device), log);
}

void Pull::failed(Error error, Monotonic now) {
  attempt_.reset();
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
  if (!attempt_) {
    if (now < retry_at_) return std::nullopt;
    auto attempt = start_attempt(target_);
    if (!attempt) {
      failed(std::move(attempt).error(), now);
      return std::nullopt;
    }
    attempt_ = *std::move(attempt);
  }
  auto source = attempt_->poll(now);
  if (!source) {
    failed(std::move(source).error(), now);
    return std::nullopt;
  }
  if (!*source) return std::nullopt;
  Arrival arrival;
  arrival.source = *std::move(source);
  arrival.peer = attempt_->peer();
  arrival.protocol = target_.protocol;
  arrival.admission = {device_, target_.passphrase};
  attempt_.reset();
  failure_.reset();
  was_connected_ = true;
  connected_at_ = now;
  return arrival;
}

}  // namespace cbx::ingest

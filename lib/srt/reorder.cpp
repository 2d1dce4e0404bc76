#include "srt/reorder.h"

namespace cbx::srt {
namespace {

constexpr int64_t kModulus = int64_t{1} << 31;

}  // namespace

Reorder::Reorder(int32_t first, Monotonic::duration wait, size_t at_most)
    : next_(first), wait_(wait), at_most_(at_most) {}

// The number nearest to next_ that the 31 bits can stand for.
int64_t Reorder::unroll(int32_t sequence) const {
  const int64_t forward = (int64_t{sequence} - next_) & (kModulus - 1);
  return next_ + (forward < kModulus / 2 ? forward : forward - kModulus);
}

Reorder::Verdict Reorder::offer(int32_t sequence, ByteSpan packet, Monotonic now) {
  const int64_t at = unroll(sequence);
  if (at < next_) return Verdict::late;
  if (at == next_) {
    ++next_;
    progress_ = now;
    return Verdict::next;
  }
  const bool fills = !held_.empty() && at < held_.rbegin()->first;
  if (!held_.try_emplace(at, packet.begin(), packet.end()).second) return Verdict::late;
  if (fills || held_.size() == 1) progress_ = now;
  return Verdict::held;
}

Bytes Reorder::take() {
  Bytes packet = std::move(held_.begin()->second);
  held_.erase(held_.begin());
  ++next_;
  return packet;
}

bool Reorder::hole_expired(Monotonic now) const {
  return has_hole() && (now - progress_ >= wait_ || held_.size() >= at_most_);
}

int64_t Reorder::skip_hole(Monotonic now) {
  if (!has_hole()) return 0;
  const int64_t missing = held_.begin()->first - next_;
  next_ = held_.begin()->first;
  progress_ = now;
  return missing;
}

}  // namespace cbx::srt

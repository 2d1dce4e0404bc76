// Puts packets back in order.  Without delivery by time stamp libsrt hands packets of a sender that didn't ask for
// order over as they come; their sequence numbers (31 bits, wrapping) tell where they belong.
#pragma once

#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/time.h"

namespace cbx::srt {

// Not thread-safe.  Use: offer() each packet; while has_ready(), take(); skip_hole() when hole_expired().
class Reorder {
 public:
  // `first`: sequence number of the first packet.  `wait`: how long a hole may stay without any missing packet coming
  // in before it counts as given up.  `at_most`: packets held; beyond it the hole is given up at once.
  Reorder(int32_t first, Monotonic::duration wait, size_t at_most);

  enum class Verdict {
    next,  // its turn: the caller has it, nothing was copied
    held,  // copied, to be handed out later
    late,  // was delivered or given up before: drop it
  };
  Verdict offer(int32_t sequence, ByteSpan packet, Monotonic now);

  bool has_ready() const { return !held_.empty() && held_.begin()->first == next_; }
  // The packet whose turn it is (only if has_ready()).
  Bytes take();

  bool has_hole() const { return !held_.empty() && held_.begin()->first != next_; }
  bool hole_expired(Monotonic now) const;
  // Gives the hole in front up; the number of packets that it had.
  int64_t skip_hole(Monotonic now);

  size_t held() const { return held_.size(); }

 private:
  int64_t unroll(int32_t sequence) const;

  int64_t next_;  // unrolled: never wraps
  std::map<int64_t, Bytes> held_;
  Monotonic progress_{};  // when the hole opened, or a missing packet last came in
  Monotonic::duration wait_;
  size_t at_most_;
};

}  // namespace cbx::srt

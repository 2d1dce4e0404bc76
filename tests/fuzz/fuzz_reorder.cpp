// Packets in any order, their numbers wrapping: each is handed out at most once, and in order.
#include <cstring>

#include "fuzz.h"
#include "srt/reorder.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cbx;
  fuzz::Input input({data, size});
  constexpr int64_t kModulus = int64_t{1} << 31;
  constexpr size_t kAtMost = 64;
  const int32_t first = static_cast<int32_t>(input.u32() & 0x7fffffff);
  srt::Reorder reorder(first, std::chrono::milliseconds{100}, kAtMost);
  Monotonic now{std::chrono::hours{1}};
  int64_t next = first;  // unrolled: what may come out at the earliest
  int64_t sent = first;
  int64_t out = 0, given_up = 0, offered = 0;
  const auto came = [&](int64_t number) {
    CBX_CHECK(number == next);
    next++;
    out++;
  };
  while (!input.empty()) {
    const uint8_t op = input.u8();
    if (op < 200) {
      // Near what was sent last, as a network mixes it; or anywhere.
      const int64_t number = op < 190 ? sent + (op < 100 ? 1 : static_cast<int8_t>(input.u8())) : int64_t{input.u32()};
      if (number > sent && op < 190) sent = number;
      const int32_t wire = static_cast<int32_t>(number & (kModulus - 1));
      uint8_t packet[4];
      write_be32(packet, static_cast<uint32_t>(wire));
      offered++;
      if (reorder.offer(wire, packet, now) == srt::Reorder::Verdict::next) {
        CBX_CHECK((next & (kModulus - 1)) == wire);
        came(next);
      }
      while (reorder.has_ready()) {
        const Bytes taken = reorder.take();
        CBX_CHECK(taken.size() == 4 && read_be32(taken.data()) == static_cast<uint32_t>(next & (kModulus - 1)));
        came(next);
      }
    } else {
      now += std::chrono::milliseconds{op - 200};
    }
    while (reorder.hole_expired(now)) {
      const int64_t missing = reorder.skip_hole(now);
      CBX_CHECK(missing > 0);
      given_up += missing;
      next += missing;
      CBX_CHECK(reorder.has_ready());
      while (reorder.has_ready()) {
        const Bytes taken = reorder.take();
        CBX_CHECK(read_be32(taken.data()) == static_cast<uint32_t>(next & (kModulus - 1)));
        came(next);
      }
    }
    CBX_CHECK(reorder.held() < kAtMost);
    CBX_CHECK(out + given_up == next - first && out + static_cast<int64_t>(reorder.held()) <= offered);
  }
  return 0;
}

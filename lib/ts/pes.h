// PES packet headers (ISO/IEC 13818-1, 2.4.3.6).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace cbx::ts {

struct PesHeader {
  size_t payload_length = 0;  // of the elementary stream data; 0 = unbounded
  bool scrambled = false;
  std::optional<uint64_t> pts, dts;  // 33 bits
};

inline constexpr size_t kMaxPesHeader = 9 + 255;

// What the beginning of a PES packet tells.
struct PesParse {
  enum class State {
    need_more,  // the header goes on after `data`
    no_media,   // padding, a map, or not a PES packet at all
    ok,
  };
  State state = State::need_more;
  size_t header_size = 0;
  PesHeader header;
};
PesParse parse_pes_header(ByteSpan data);

// The time stamps of a PES packet and where in the elementary stream it begins.
struct PesStamp {
  std::optional<uint64_t> pts, dts;
  WallTime arrival{};
};

}  // namespace cbx::ts

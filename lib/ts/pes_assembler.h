// Takes PES packets out of transport packets and hands their payload on.
#pragma once

#include <string>

#include "ts/elementary_stream.h"
#include "ts/pes.h"

namespace cbx::ts {

class PesAssembler {
 public:
  // `bounded`: what comes after the length that a PES packet tells is not its own.  Video says false: there are
  // muxers whose length of large pictures is cut to 16 bits.
  PesAssembler(ElementaryStream& es, bool bounded) : es_(es), bounded_(bounded) {}

  void packet(ByteSpan payload, bool unit_start, WallTime arrival);
  void loss(unsigned packets);
  void flush();
  // Set once a scrambled PES packet was seen.
  bool scrambled() const { return scrambled_; }

 private:
  enum class State { idle, header, payload };

  void collect_header(ByteSpan payload);
  void open(const PesHeader& header, ByteSpan rest);
  void pass_on(ByteSpan data);

  ElementaryStream& es_;
  bool bounded_;
  State state_ = State::idle;
  Bytes header_;  // a header that packets cut
  WallTime arrival_{};
  size_t left_ = 0;  // of a bounded payload
  bool has_length_ = false;
  bool scrambled_ = false;
};

}  // namespace cbx::ts

#include "ts/pes_assembler.h"

#include <algorithm>

namespace cbx::ts {

void PesAssembler::packet(ByteSpan payload, bool unit_start, WallTime arrival) {
  if (unit_start) {
    header_.clear();
    arrival_ = arrival;
    state_ = State::header;
  }
  if (state_ == State::payload) {
    pass_on(payload);
  } else if (state_ == State::header) {
    collect_header(payload);
  }
}

void PesAssembler::collect_header(ByteSpan payload) {
  const size_t before = header_.size();
  ByteSpan all = payload;
  if (before > 0) {
    header_.insert(header_.end(), payload.begin(), payload.end());
    all = header_;
  }
  const PesParse parsed = parse_pes_header(all);
  switch (parsed.state) {
    case PesParse::State::need_more:
      if (before == 0) header_.assign(payload.begin(), payload.end());
      if (header_.size() > kMaxPesHeader + 188) state_ = State::idle;
      return;
    case PesParse::State::no_media:
      state_ = State::idle;
      return;
    case PesParse::State::ok:
      open(parsed.header, all.subspan(parsed.header_size));
      header_.clear();
      return;
  }
}

void PesAssembler::open(const PesHeader& header, ByteSpan rest) {
  if (header.scrambled) {
    scrambled_ = true;
    state_ = State::idle;
    return;
  }
  state_ = State::payload;
  has_length_ = bounded_ && header.payload_length > 0;
  left_ = header.payload_length;
  es_.begin_pes({header.pts, header.dts, arrival_});
  pass_on(rest);
}

void PesAssembler::pass_on(ByteSpan data) {
  if (has_length_) {
    data = data.first(std::min(data.size(), left_));
    left_ -= data.size();
  }
  if (!data.empty()) es_.payload(data);
}

void PesAssembler::loss(unsigned packets) {
  if (state_ == State::header) state_ = State::idle;
  es_.loss(packets);
}

void PesAssembler::flush() {
  es_.flush();
  state_ = State::idle;
  header_.clear();
}

}  // namespace cbx::ts

#include "ts/header_framer.h"

#include <algorithm>

namespace cbx::ts {

AudioFramer::Parsed HeaderFramer::parse(ByteSpan data, bool locked, bool final) {
  pieces_.clear();
  if (data.size() < header_size_) return {final ? State::none : State::need_more};
  const auto first = header(data);
  if (!first) return {State::none};
  if (data.size() < first->size) return {final ? State::none : State::need_more};
  const bool fresh = !key_ || *key_ != first->key;
  if (fresh || !locked) {
    // A header in the middle of nowhere, or one that says something new, may be a few bits that look like one: the
    // next must agree.
    const ByteSpan rest = data.subspan(first->size);
    if (rest.size() >= header_size_) {
      const auto second = header(rest);
      if (!second || second->key != first->key) return {State::none};
    } else if (!final) {
      return {State::need_more};
    }
  }
  if (!take(data.first(first->size), fresh)) return {State::none};
  key_ = first->key;
  return {State::ok, first->size};
}

size_t HeaderFramer::skip(ByteSpan data) const {
  const auto next = std::find(data.begin() + 1, data.end(), first_byte_);
  return static_cast<size_t>(next - data.begin());
}

}  // namespace cbx::ts

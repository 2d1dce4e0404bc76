#include "media/nal_rewriter.h"

#include <cstring>

namespace cbx::media {
namespace {

constexpr size_t kNone = SIZE_MAX;

// Offset of the next 00 00 01 at or after `from`.
size_t find_start_code(ByteSpan data, size_t from) {
  while (from + 3 <= data.size()) {
    const void* one = std::memchr(data.data() + from + 2, 1, data.size() - from - 2);
    if (!one) return kNone;
    const auto at = static_cast<size_t>(static_cast<const uint8_t*>(one) - data.data());
    if (data[at - 1] == 0 && data[at - 2] == 0) return at - 2;
    from = at - 1;
  }
  return kNone;
}

size_t read_length(const uint8_t* p, int size) {
  size_t n = 0;
  for (int i = 0; i < size; ++i) n = n << 8 | p[i];
  return n;
}

}  // namespace

void NalRewriter::take(ByteSpan nal, bool copy) {
  if (nal.empty()) return;
  bool parameters = false;
  if (codec_ == codec::Codec::h264) {
    const int type = nal[0] & 0x1f;
    kind_.idr |= type == 5;
    parameters = type == 7 || type == 8;
  } else {
    const int type = nal[0] >> 1 & 0x3f;
    kind_.idr |= type == 19 || type == 20;
    kind_.random_access |= (type >= 16 && type <= 18) || type == 21;
    parameters = type >= 32 && type <= 34;
  }
  if (parameters) {
    const uint8_t start_code[4] = {0, 0, 0, 1};
    parameter_sets_.insert(parameter_sets_.end(), start_code, start_code + 4);
    parameter_sets_.insert(parameter_sets_.end(), nal.begin(), nal.end());
  }
  if (!copy) return;
  const size_t at = buffer_.size();
  buffer_.resize(at + 4);
  write_be32(buffer_.data() + at, static_cast<uint32_t>(nal.size()));
  buffer_.insert(buffer_.end(), nal.begin(), nal.end());
}

// Whether lengths of four bytes fill `data` exactly.
bool NalRewriter::whole(ByteSpan data) {
  while (data.size() > 4) {
    const size_t n = read_length(data.data(), 4);
    if (n == 0 || n > data.size() - 4) return false;
    take(data.subspan(4, n), false);
    data = data.subspan(4 + n);
  }
  return data.empty();
}

ByteSpan NalRewriter::rewrite(ByteSpan data) {
  kind_ = {};
  parameter_sets_.clear();
  if (length_size_ == 4 && whole(data)) return data;
  kind_ = {};
  parameter_sets_.clear();
  buffer_.clear();
  if (length_size_ > 0) {
    const auto step = static_cast<size_t>(length_size_);
    while (data.size() > step) {
      const size_t n = std::min(read_length(data.data(), length_size_), data.size() - step);
      take(data.subspan(step, n), true);
      data = data.subspan(step + n);
    }
    return buffer_;
  }
  size_t at = find_start_code(data, 0);
  while (at != kNone) {
    const size_t begin = at + 3;
    at = find_start_code(data, begin);
    size_t end = at == kNone ? data.size() : at;
    while (end > begin && data[end - 1] == 0) --end;  // trailing zeros and the fourth byte of a start code
    take(data.subspan(begin, end - begin), true);
  }
  return buffer_;
}

}  // namespace cbx::media

#include "codec/decoder_config.h"

#include "codec/h264.h"
#include "codec/h265.h"

namespace cbx::codec {

namespace {

constexpr size_t kAvccHeader = 6;
constexpr size_t kHvccHeader = 23;

Result<int> length_size(unsigned minus_one) {
  if (minus_one == 2) return fail(ErrorCode::data, "NAL unit lengths of 3 bytes");
  return static_cast<int>(minus_one) + 1;
}

}  // namespace

Result<VideoInfo> video_info_from_avcc(ByteSpan d) {
  if (d.size() < kAvccHeader + 2 || d[0] != 1) return fail(ErrorCode::data, "damaged avcC");
  if ((d[5] & 31) == 0) return fail(ErrorCode::data, "avcC without SPS");
  const size_t size = read_be16(&d[kAvccHeader]);
  if (size > d.size() - kAvccHeader - 2) return fail(ErrorCode::data, "damaged avcC");
  CBX_ASSIGN(const auto sps, h264::parse_sps(d.subspan(kAvccHeader + 2, size)));
  return sps.video;
}

Result<VideoInfo> video_info_from_hvcc(ByteSpan d) {
  if (d.size() < kHvccHeader || d[0] != 1) return fail(ErrorCode::data, "damaged hvcC");
  const unsigned arrays = d[22];
  d = d.subspan(kHvccHeader);
  for (unsigned i = 0; i < arrays && d.size() >= 3; ++i) {
    const int type = d[0] & 0x3f;
    unsigned count = read_be16(&d[1]);
    d = d.subspan(3);
    for (; count > 0; --count) {
      if (d.size() < 2 || read_be16(&d[0]) > d.size() - 2) return fail(ErrorCode::data, "damaged hvcC");
      const size_t size = read_be16(&d[0]);
      if (type == h265::kSpsNal) {
        CBX_ASSIGN(const auto sps, h265::parse_sps(d.subspan(2, size)));
        return sps.video;
      }
      d = d.subspan(2 + size);
    }
  }
  return fail(ErrorCode::data, "hvcC without SPS");
}

Result<int> nal_length_size_from_avcc(ByteSpan d) {
  if (d.size() < kAvccHeader) return fail(ErrorCode::data, "damaged avcC");
  return length_size(d[4] & 3);
}

Result<int> nal_length_size_from_hvcc(ByteSpan d) {
  if (d.size() < kHvccHeader) return fail(ErrorCode::data, "damaged hvcC");
  return length_size(d[21] & 3);
}

}  // namespace cbx::codec

#include "codec/aac.h"
#include "ts/framers.h"
#include "ts/header_framer.h"

namespace cbx::ts {

namespace {

namespace aac = codec::aac;

class AdtsFramer final : public HeaderFramer {
 public:
  AdtsFramer() : HeaderFramer(aac::kAdtsHeaderSize, 0xff) {}

 protected:
  std::optional<Header> header(ByteSpan data) const override {
    const auto h = aac::parse_adts(data);
    if (!h) return std::nullopt;
    return Header{h->frame_size, uint64_t{h->object_type} << 16 | uint64_t{h->rate_index} << 8 | h->channel_config};
  }

  bool take(ByteSpan frame, bool fresh) override {
    const auto h = aac::parse_adts(frame);
    if (h->raw_blocks > 1 && h->has_crc) {
      // The blocks are apart by checksums that a decoder of raw AAC knows nothing of.
      refuse("AAC with several checked blocks a frame");
      return false;
    }
    const ByteSpan raw = frame.subspan(h->header_size());
    if (fresh) {
      auto asc = aac::asc_from_adts(*h, raw);
      auto info = asc ? aac::audio_info_from_asc(*asc) : tl::unexpected(asc.error());
      if (!info) {
        refuse("AAC whose channels are not told");
        return false;
      }
      set_config({codec::Codec::aac, std::move(*asc), {}, *info});
    }
    accept();
    pieces_.push_back({raw, int64_t{1024} * h->raw_blocks});
    return true;
  }
};

}  // namespace

std::unique_ptr<AudioFramer> make_adts_framer() {
  return std::make_unique<AdtsFramer>();
}

}  // namespace cbx::ts

#include "codec/mpeg_audio.h"
#include "ts/framers.h"
#include "ts/header_framer.h"

namespace cbx::ts {

namespace {

namespace mpa = codec::mpeg_audio;

class MpegAudioFramer final : public HeaderFramer {
 public:
  MpegAudioFramer() : HeaderFramer(mpa::kHeaderSize, 0xff) {}

 protected:
  std::optional<Header> header(ByteSpan data) const override {
    const auto h = mpa::parse_header(data);
    if (!h) return std::nullopt;
    return Header{h->frame_size, uint64_t(h->sample_rate) << 8 | static_cast<unsigned>(h->layer) << 4 |
                                     static_cast<unsigned>(h->channels)};
  }

  bool take(ByteSpan frame, bool fresh) override {
    const auto h = mpa::parse_header(frame);
    if (fresh) set_config({h->codec(), {}, {}, {h->sample_rate, h->channels, h->samples, h->bit_rate}});
    pieces_.push_back({frame, h->samples});
    return true;
  }
};

}  // namespace

std::unique_ptr<AudioFramer> make_mpeg_audio_framer() {
  return std::make_unique<MpegAudioFramer>();
}

}  // namespace cbx::ts

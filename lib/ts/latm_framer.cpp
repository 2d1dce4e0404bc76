#include "codec/latm.h"
#include "ts/framers.h"
#include "ts/header_framer.h"

namespace cbx::ts {

namespace {

namespace latm = codec::latm;

class LatmFramer final : public HeaderFramer {
 public:
  LatmFramer() : HeaderFramer(latm::kLoasHeaderSize, 0x56) {}

 protected:
  std::optional<Header> header(ByteSpan data) const override {
    const auto size = latm::loas_frame_size(data);
    if (!size) return std::nullopt;
    return Header{*size, 0};
  }

  bool take(ByteSpan frame, bool) override {
    switch (parser_.parse(frame.subspan(latm::kLoasHeaderSize))) {
      case latm::Parser::State::no_config:
        return true;  // joined between two configurations
      case latm::Parser::State::damaged:
        return false;
      case latm::Parser::State::unsupported:
        refuse("LATM of a kind that MP4 cannot hold");
        return true;
      case latm::Parser::State::ok:
        break;
    }
    accept();
    if (!same_config()) return true;
    for (const ByteSpan payload : parser_.payloads()) pieces_.push_back({payload, config()->audio.samples_per_frame});
    return true;
  }

 private:
  // Whether the frame may be handed out: a new configuration counts once it came twice, lest a bit error make one.
  bool same_config() {
    if (config() && config()->decoder_config == parser_.asc()) return true;
    if (config() && candidate_ != parser_.asc()) {
      candidate_ = parser_.asc();
      return false;
    }
    set_config({codec::Codec::aac, parser_.asc(), {}, codec::aac::audio_info(parser_.config())});
    return true;
  }

  latm::Parser parser_;
  Bytes candidate_;
};

}  // namespace

std::unique_ptr<AudioFramer> make_latm_framer() {
  return std::make_unique<LatmFramer>();
}

}  // namespace cbx::ts

#include <algorithm>

#include "codec/opus.h"
#include "ts/framers.h"

namespace cbx::ts {

namespace {

namespace opus = codec::opus;

class OpusFramer final : public AudioFramer {
 public:
  explicit OpusFramer(int channel_config_code) {
    if (auto dops = opus::build_dops(channel_config_code)) {
      set_config(
          {codec::Codec::opus, std::move(*dops), {}, {opus::kSampleRate, opus::channels(channel_config_code), 960, 0}});
    } else {
      refused_ = "Opus with a channel mapping of its own";
    }
  }

  Parsed parse(ByteSpan data, bool, bool final) override {
    pieces_.clear();
    const State cut = final ? State::none : State::need_more;
    const auto control = opus::parse_control_header(data);
    if (!control.valid) return {State::none};
    if (control.need_more) return {cut};
    const size_t size = control.header.header_size + control.header.payload_size;
    if (size > kMaxUnit) return {State::none};
    if (data.size() < size) return {cut};
    const ByteSpan payload = data.subspan(control.header.header_size, control.header.payload_size);
    const int samples = opus::packet_samples(payload);
    if (samples == 0) return {State::none};
    pieces_.push_back({payload, samples});
    return {State::ok, size};
  }

  size_t skip(ByteSpan data) const override {
    return static_cast<size_t>(std::find(data.begin() + 1, data.end(), 0x7f) - data.begin());
  }

 private:
  static constexpr size_t kMaxUnit = 64 << 10;
};

}  // namespace

std::unique_ptr<AudioFramer> make_opus_framer(int channel_config_code) {
  return std::make_unique<OpusFramer>(channel_config_code);
}

}  // namespace cbx::ts

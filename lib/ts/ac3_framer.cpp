#include <algorithm>

#include "codec/ac3.h"
#include "ts/framers.h"

namespace cbx::ts {

namespace {

namespace ac3 = codec::ac3;

constexpr int kUnitSamples = 1536;
constexpr size_t kMaxUnit = 64 << 10;

// AC-3 frames one by one; of E-AC-3 all frames of the same 1536 samples together (dependent and further independent
// substreams, and frames of fewer than six blocks), as MP4 wants them (ETSI TS 102 366, F.6).
class Ac3Framer final : public AudioFramer {
 public:
  Parsed parse(ByteSpan data, bool locked, bool final) override {
    pieces_.clear();
    unit_.clear();
    size_t size = 0;
    int samples = 0;
    const Parsed cut{final ? State::none : State::need_more, 0};
    while (size < kMaxUnit) {
      const ByteSpan rest = data.subspan(size);
      if (rest.size() < ac3::kHeaderSize) {
        if (!final || size == 0) return cut;
        break;
      }
      const auto h = ac3::parse_header(rest);
      if (size > 0) {
        // What follows must be a frame, too, unless the last one ended here already.
        if (!h || h->enhanced != unit_.front().enhanced) {
          if (!locked) return {State::none};
          break;
        }
        if (begins_unit(*h) && (!h->enhanced || samples >= kUnitSamples)) break;
      }
      if (!h) return {State::none};
      if (rest.size() < h->frame_size) {
        if (!final || size == 0) return cut;
        break;
      }
      if (size == 0 && !begins_unit(*h)) return {State::ok, h->frame_size};  // its other half is missing: passed over
      size += h->frame_size;
      // Later blocks of the same substreams say nothing new.
      if (unit_.empty() || (!begins_unit(*h) && samples == unit_.front().samples)) unit_.push_back(*h);
      if (begins_unit(*h)) samples += h->samples;
      if (!h->enhanced && locked && key(unit_) == key_) break;
    }
    return finish(data.first(size), samples);
  }

  size_t skip(ByteSpan data) const override {
    return static_cast<size_t>(std::find(data.begin() + 1, data.end(), 0x0b) - data.begin());
  }

 private:
  using Unit = std::vector<ac3::Header>;

  static bool begins_unit(const ac3::Header& h) { return !h.dependent && h.substream == 0; }

  static Bytes key(const Unit& unit) {
    Bytes k;
    for (const ac3::Header& h : unit) {
      const unsigned flags = (h.enhanced ? 4u : 0u) | (h.lfe ? 2u : 0u) | (h.dependent ? 1u : 0u);
      for (const unsigned v : {flags, h.fscod + 0u, h.bsid + 0u, h.acmod + 0u, h.bit_rate_code + 0u,
                               h.channel_map & 0xffu, h.channel_map >> 8 & 0xffu})
        k.push_back(static_cast<uint8_t>(v));
    }
    return k;
  }

  Parsed finish(ByteSpan frame, int samples) {
    Bytes fresh = key(unit_);
    if (fresh != key_) {
      if (!key_.empty() && fresh != candidate_) {
        candidate_ = std::move(fresh);  // a bit error, perhaps: it counts when it comes again
        return {State::ok, frame.size()};
      }
      key_ = std::move(fresh);
      const ac3::Header& h = unit_.front();
      codec::TrackConfig config;
      config.codec = h.enhanced ? codec::Codec::eac3 : codec::Codec::ac3;
      config.decoder_config = h.enhanced ? ac3::build_dec3(unit_) : ac3::build_dac3(h);
      config.audio = {h.sample_rate, h.enhanced ? ac3::total_channels(unit_) : h.channels(), samples, h.bit_rate};
      set_config(std::move(config));
    }
    pieces_.push_back({frame, samples});
    return {State::ok, frame.size()};
  }

  Unit unit_;
  Bytes key_, candidate_;
};

}  // namespace

std::unique_ptr<AudioFramer> make_ac3_framer() {
  return std::make_unique<Ac3Framer>();
}

}  // namespace cbx::ts

// Transport streams in any pieces: what comes out keeps the contract of codec::Handler, whatever goes in.
#include <map>
#include <optional>
#include <vector>

#include "fuzz.h"
#include "ts/demuxer.h"

namespace {

using namespace cbx;

class Checker final : public ts::Handler {
 public:
  void on_layout(int tracks, bool has_video) override {
    CBX_CHECK(tracks >= 0 && tracks <= 2 && (tracks > 0 || !has_video));
    has_video_ = has_video;
    configs_.assign(static_cast<size_t>(tracks), std::nullopt);
  }
  void on_track(int track, const codec::TrackConfig& config) override {
    auto& mine = configs_.at(static_cast<size_t>(track));
    CBX_CHECK(codec::is_video(config.codec) == (has_video_ && track == 0));
    if (codec::is_video(config.codec)) {
      const codec::VideoInfo& v = config.video;
      CBX_CHECK(v.width > 0 && v.height > 0 && v.width <= 16384 && v.height <= 16384);
      CBX_CHECK(v.par_num > 0 && v.par_den > 0 && v.frame_rate_num >= 0 && v.frame_rate_den > 0);
      CBX_CHECK(v.rotation % 90 == 0 && v.rotation >= 0 && v.rotation < 360);
      CBX_CHECK(!config.decoder_config.empty());
    } else {
      CBX_CHECK(config.audio.sample_rate > 0 && config.audio.channels > 0 && config.audio.samples_per_frame > 0);
    }
    CBX_CHECK(codec::track_timescale(config) > 0);
    mine = config;
  }
  void on_sample(const codec::Sample& s) override {
    const auto& config = configs_.at(static_cast<size_t>(s.track));
    CBX_CHECK(config.has_value());
    CBX_CHECK(s.dts >= 0 && s.pts >= 0 && s.duration >= 0);
    CBX_CHECK(!s.data.empty());
    out_ += s.data.size();
    if (codec::is_video(config->codec)) {
      // NAL units with lengths fill it exactly.
      ByteSpan rest = s.data;
      while (!rest.empty()) {
        CBX_CHECK(rest.size() > 4);
        const uint32_t n = read_be32(rest.data());
        CBX_CHECK(n > 0 && n <= rest.size() - 4);
        rest = rest.subspan(4 + n);
      }
    } else {
      CBX_CHECK(s.duration > 0 && s.key);
    }
  }
  void on_notice(const ts::Notice& notice) override {
    CBX_CHECK(fuzz::is_clean(notice.text));
    // Each cause is said once a stream: no input makes the log grow with it.
    CBX_CHECK(++notices_ < 100000);
  }
  size_t out() const { return out_; }

 private:
  std::vector<std::optional<codec::TrackConfig>> configs_;
  bool has_video_ = false;
  size_t out_ = 0, notices_ = 0;
};

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan input(data, size);
  Checker checker;
  ts::Demuxer demuxer(checker);
  uint64_t at = 0;
  const bool lossy = size > 1 && data[size - 2] & 1;
  fuzz::in_pieces(input, [&](ByteSpan piece) {
    demuxer.push(piece, WallTime(Micros(at += 1000)));
    if (lossy && piece.size() % 17 == 0) demuxer.mark_loss();
  });
  demuxer.flush();
  const ts::Stats& stats = demuxer.stats();
  CBX_CHECK(stats.packets * 188 <= size + 188 && stats.skipped_bytes <= size);
  // Start codes of three bytes become lengths of four.
  CBX_CHECK(checker.out() <= 2 * size + 4096);
  return 0;
}

// Video: an Annex B byte stream in PES packets becomes access units with 4-byte NAL unit lengths.
#pragma once

#include <vector>

#include "ts/elementary_stream.h"
#include "ts/es_buffer.h"
#include "ts/timeline.h"
#include "ts/video_config.h"

namespace cbx::ts {

class VideoStream final : public ElementaryStream {
 public:
  VideoStream(codec::Codec codec, int track, Timeline& timeline, StreamSink& sink);

  void begin_pes(const PesStamp& stamp) override;
  void payload(ByteSpan data) override;
  void loss(unsigned packets) override;
  void flush() override;
  const std::string& refused() const override { return refused_; }
  const std::optional<codec::TrackConfig>& config() const override { return config_.config(); }
  void set_track(int track) override { track_ = track; }

 private:
  static constexpr size_t kMaxAccessUnit = 8 << 20;
  static constexpr size_t kMaxNals = 4096;
  static constexpr size_t kScanBatch = 16 << 10;

  enum class Use : uint8_t { keep, drop, vps, sps, pps };
  // A NAL unit of the access unit that is being assembled, as offsets into es_.
  struct Nal {
    size_t begin = 0, end = 0;
    Use use = Use::keep;
    bool damaged = false;
    bool changed = false;  // a parameter set that a decoder does not have yet
  };
  // What a NAL unit's first bytes tell.
  struct NalClass {
    Use use = Use::keep;
    bool slice = false;
    bool leads = false;  // coming after slices it begins the next access unit
    bool first = false;  // a slice that begins a picture, whatever came before
    bool idr = false, recovery = false, intra = false;
    uint32_t address = 0, pps_id = 0;
  };
  struct Stamp {
    size_t offset;
    PesStamp pes;
  };
  struct AccessUnit {
    bool has_slice = false, idr = false, recovery = false, recovery_sei = false, all_intra = true;
    bool damaged = false;
    uint32_t last_address = 0, pps_id = 0;
    std::optional<codec::Orientation> orientation;
    PesStamp stamp;
    bool stamped = false;
  };

  void scan(bool final);
  bool found(size_t start_code, bool final);
  NalClass classify(ByteSpan nal) const;
  NalClass classify_h264(ByteSpan nal) const;
  NalClass classify_h265(ByteSpan nal) const;
  void open_nal(size_t begin, const NalClass& c);
  void close_nal(size_t end);
  void begin_unit(size_t start_code);
  void finish_unit();
  void forget_unit();
  void drop_front(size_t n);
  void take_parameter_sets(bool random_access);
  bool set_times(codec::Sample& sample);
  codec::Pts90k without_dts(codec::Pts90k pts);
  codec::Pts90k frame_duration() const;
  ByteSpan to_length_prefixed(Bytes& spare);

  int track_;
  Timeline& timeline_;
  StreamSink& sink_;
  codec::Codec codec_;
  VideoConfig config_;
  std::string refused_;

  EsBuffer es_;
  size_t scanned_ = 0;
  bool scan_now_ = false;
  bool wait_for_unit_ = false;  // after an access unit that was too large: its rest is of no use
  std::vector<Nal> nals_;
  std::vector<Stamp> stamps_;
  AccessUnit unit_;

  // Time stamps
  std::optional<codec::Pts90k> last_dts_;
  codec::Pts90k last_offset_ = 0;        // pts - dts of the last stamped access unit
  codec::Pts90k measured_duration_ = 0;  // between stamped neighbours
  bool last_was_stamped_ = false;
  bool saw_dts_ = false;
  std::vector<codec::Pts90k> reorder_;  // latest PTSs, sorted, of a stream with B pictures and no DTS
  size_t reorder_depth_ = 0;
};

}  // namespace cbx::ts

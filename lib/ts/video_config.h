// The parameter sets of a video stream, and the track configuration that they make.
#pragma once

#include <optional>

#include "codec/nal.h"
#include "codec/track.h"

namespace cbx::ts {

class VideoConfig {
 public:
  explicit VideoConfig(codec::Codec codec) : codec_(codec) {}

  enum class Kind { vps, sps, pps };
  enum class Taken {
    known,     // the stream has sent exactly this before: a decoder has it
    changed,   // new, or other than the one it replaces
    rejected,  // not a parameter set that can be used
  };
  Taken take(Kind kind, ByteSpan nal);
  void set_orientation(codec::Orientation orientation);

  // Whether sets were taken that the configuration may not hold.
  bool dirty() const { return dirty_; }
  // Makes the configuration of the sets known now, for pictures that use PPS `pps_id`.  True if that gave a new one.
  bool adopt(uint32_t pps_id);
  const std::optional<codec::TrackConfig>& config() const { return config_; }
  // Pictures that may be decoded before one that is presented earlier; -1 if the headers don't tell.
  int max_reorder() const { return max_reorder_; }

 private:
  static constexpr size_t kMaxSet = 4096;
  static constexpr size_t kMaxTotal = 64 << 10;

  struct Ids {
    uint32_t id = 0, refers_to = 0;
  };
  std::optional<Ids> parse_ids(Kind kind, ByteSpan nal) const;
  const codec::ParameterSet* active_sps(uint32_t pps_id) const;

  codec::Codec codec_;
  codec::ParameterSets vps_, sps_, pps_;
  codec::Orientation orientation_;
  std::optional<codec::TrackConfig> config_;
  size_t total_ = 0;
  int max_reorder_ = -1;
  bool dirty_ = false;
};

}  // namespace cbx::ts

#include "ts/video_config.h"

#include <algorithm>

#include "codec/h264.h"
#include "codec/h265.h"

namespace cbx::ts {

using codec::Codec;

std::optional<VideoConfig::Ids> VideoConfig::parse_ids(Kind kind, ByteSpan nal) const {
  if (codec_ == Codec::h264) {
    if (kind == Kind::sps) {
      if (const auto sps = codec::h264::parse_sps(nal)) return Ids{sps->id, 0};
    } else if (kind == Kind::pps) {
      if (const auto pps = codec::h264::parse_pps(nal)) return Ids{pps->id, pps->sps_id};
    }
    return std::nullopt;
  }
  switch (kind) {
    case Kind::vps:
      if (const auto vps = codec::h265::parse_vps(nal)) return Ids{*vps, 0};
      break;
    case Kind::sps:
      if (const auto sps = codec::h265::parse_sps(nal)) return Ids{sps->id, sps->vps_id};
      break;
    case Kind::pps:
      if (const auto pps = codec::h265::parse_pps(nal)) return Ids{pps->id, pps->sps_id};
      break;
  }
  return std::nullopt;
}

VideoConfig::Taken VideoConfig::take(Kind kind, ByteSpan nal) {
  codec::ParameterSets& sets = kind == Kind::vps ? vps_ : kind == Kind::sps ? sps_ : pps_;
  const auto same = [&](const auto& entry) { return std::ranges::equal(entry.second.nal, nal); };
  if (std::ranges::any_of(sets, same)) return Taken::known;
  const auto ids = parse_ids(kind, nal);
  if (!ids || nal.size() > kMaxSet) return Taken::rejected;
  codec::ParameterSet& set = sets[ids->id];
  if (total_ - set.nal.size() + nal.size() > kMaxTotal) {
    if (set.nal.empty()) sets.erase(ids->id);
    return Taken::rejected;
  }
  if (kind == Kind::sps && !set.nal.empty()) {
    // A new SPS: what was said about the old one (its PPSs, how to hold the picture) holds no longer.
    std::erase_if(pps_, [&](const auto& entry) {
      if (entry.second.refers_to != ids->id) return false;
      total_ -= entry.second.nal.size();
      return true;
    });
    orientation_ = {};
  }
  total_ += nal.size() - set.nal.size();
  set.nal.assign(nal.begin(), nal.end());
  set.refers_to = ids->refers_to;
  dirty_ = true;
  return Taken::changed;
}

void VideoConfig::set_orientation(codec::Orientation orientation) {
  if (orientation == orientation_) return;
  orientation_ = orientation;
  dirty_ = true;
}

const codec::ParameterSet* VideoConfig::active_sps(uint32_t pps_id) const {
  const auto pps = pps_.find(pps_id);
  if (pps == pps_.end()) return nullptr;
  const auto sps = sps_.find(pps->second.refers_to);
  if (sps == sps_.end()) return nullptr;
  if (codec_ == Codec::h265 && !vps_.contains(sps->second.refers_to)) return nullptr;
  return &sps->second;
}

bool VideoConfig::adopt(uint32_t pps_id) {
  const codec::ParameterSet* active = active_sps(pps_id);
  if (active == nullptr) return false;
  codec::TrackConfig fresh;
  fresh.codec = codec_;
  int reorder = -1;
  if (codec_ == Codec::h264) {
    const auto sps = codec::h264::parse_sps(active->nal);
    if (!sps) return false;
    fresh.video = sps->video;
    reorder = sps->max_reorder;
    fresh.decoder_config = codec::h264::build_avcc(sps_, pps_);
  } else {
    const auto sps = codec::h265::parse_sps(active->nal);
    if (!sps) return false;
    fresh.video = sps->video;
    reorder = sps->max_reorder;
    fresh.decoder_config = codec::h265::build_hvcc(vps_, sps_, pps_, *sps);
  }
  fresh.video.rotation = orientation_.rotation;
  fresh.video.hflip = orientation_.hflip;
  dirty_ = false;
  if (config_ == fresh) return false;
  max_reorder_ = reorder;
  config_ = std::move(fresh);
  return true;
}

}  // namespace cbx::ts

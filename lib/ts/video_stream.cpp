#include "ts/video_stream.h"

#include <algorithm>
#include <cstring>

#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/start_code.h"

namespace cbx::ts {

namespace h264 = codec::h264;
namespace h265 = codec::h265;
using codec::Codec;
using codec::Pts90k;

namespace {

constexpr size_t kStartCode = 3;
// Enough of a slice to read its address, its type and its PPS.
constexpr size_t kSliceLook = 24;
constexpr Pts90k kDefaultDuration = codec::kPtsHz / 30;

}  // namespace

VideoStream::VideoStream(Codec codec, int track, Timeline& timeline, StreamSink& sink)
    : track_(track), timeline_(timeline), sink_(sink), codec_(codec), config_(codec) {}

void VideoStream::begin_pes(const PesStamp& stamp) {
  stamps_.push_back({es_.size(), stamp});
  if (stamps_.size() > 64) stamps_.erase(stamps_.begin());  // PES packets without pictures
  scan_now_ = true;
}

void VideoStream::payload(ByteSpan data) {
  es_.append(data);
  if (scan_now_ || es_.size() - scanned_ >= kScanBatch) {
    scan_now_ = false;
    scan(false);
    if (es_.size() > kMaxAccessUnit) {
      forget_unit();
      drop_front(es_.size());
      wait_for_unit_ = true;
    }
  }
}

void VideoStream::loss(unsigned) {
  scan(false);
  unit_.damaged = true;
  if (!nals_.empty()) nals_.back().damaged = true;
}

void VideoStream::flush() {
  scan(true);
  if (!nals_.empty()) {
    close_nal(es_.size());
    finish_unit();
  }
  forget_unit();
  es_.clear();
  scanned_ = 0;
  stamps_.clear();
  wait_for_unit_ = false;
}

void VideoStream::scan(bool final) {
  while (true) {
    const uint8_t* base = es_.data();
    const uint8_t* end = base + es_.size();
    const uint8_t* at = codec::find_start_code(base + scanned_, end);
    if (at == end) {
      // The last two bytes may begin a start code.
      scanned_ = std::max(scanned_, es_.size() - std::min<size_t>(es_.size(), kStartCode - 1));
      break;
    }
    scanned_ = static_cast<size_t>(at - base);
    if (!found(scanned_, final)) break;
  }
  if (nals_.empty() && scanned_ > 0) drop_front(scanned_);
}

// A start code at this offset; false if more bytes are needed to know what it begins.
bool VideoStream::found(size_t start_code, bool final) {
  const size_t begin = start_code + kStartCode;
  const size_t available = es_.size() - begin;
  const ByteSpan look = es_.span().subspan(begin, std::min(available, kSliceLook));
  if (look.size() < 2) {
    if (final) scanned_ = begin;
    return final;
  }
  const NalClass c = classify(look);
  if (c.slice && available < kSliceLook && !final &&
      codec::find_start_code(look.data(), look.data() + look.size()) == look.data() + look.size())
    return false;
  if (!nals_.empty()) close_nal(start_code);
  if (unit_.has_slice && (c.leads || c.first || (c.slice && c.address <= unit_.last_address))) {
    finish_unit();
    drop_front(start_code);
    start_code = 0;
  } else if (nals_.size() >= kMaxNals) {
    forget_unit();
    drop_front(start_code);
    start_code = 0;
    wait_for_unit_ = true;
  }
  scanned_ = start_code + kStartCode;
  if (nals_.empty()) {
    if (wait_for_unit_ && !c.leads && !c.first) return true;
    wait_for_unit_ = false;
    begin_unit(start_code);
  }
  open_nal(start_code + kStartCode, c);
  return true;
}

void VideoStream::begin_unit(size_t start_code) {
  const bool damaged = unit_.damaged;
  unit_ = {};
  unit_.damaged = damaged;  // a loss before the first NAL unit was seen
  // The time stamps of a PES packet are those of the first access unit that begins in it (2.4.3.7).
  auto next = stamps_.begin();
  while (next != stamps_.end() && next->offset <= start_code) ++next;
  if (next == stamps_.begin()) return;
  auto mine = std::prev(next);
  // A four-byte start code may have been cut after its first zero.
  if (!mine->pes.pts && mine->offset == start_code && mine != stamps_.begin()) --mine;
  unit_.stamp = mine->pes;
  unit_.stamped = unit_.stamp.pts.has_value();
  // Later units in the same packet have its arrival, but not its times.
  mine->pes.pts.reset();
  stamps_.erase(stamps_.begin(), std::prev(next));
}

void VideoStream::open_nal(size_t begin, const NalClass& c) {
  nals_.push_back({begin, begin, c.use});
  if (!c.slice) return;
  if (!unit_.has_slice) unit_.pps_id = c.pps_id;
  unit_.has_slice = true;
  unit_.last_address = c.address;
  unit_.idr |= c.idr;
  unit_.recovery |= c.recovery;
  unit_.all_intra &= c.intra;
}

void VideoStream::close_nal(size_t end) {
  Nal& nal = nals_.back();
  const uint8_t* base = es_.data();
  while (end > nal.begin && base[end - 1] == 0) --end;  // trailing_zero_8bits
  nal.end = end;
  const ByteSpan data = es_.span().subspan(nal.begin, end - nal.begin);
  if (data.size() < 2) {
    nal.use = Use::drop;
    return;
  }
  const bool avc = codec_ == Codec::h264;
  if (avc ? h264::nal_type(data[0]) == h264::kSei : h265::nal_type(data[0]) == h265::kPrefixSei) {
    if (nal.damaged) return;
    std::optional<codec::Orientation> orientation;
    if (avc) {
      const auto sei = h264::parse_sei(data);
      unit_.recovery_sei |= sei.recovery_point;
      orientation = sei.orientation;
    } else {
      orientation = h265::parse_sei_orientation(data);
    }
    if (orientation) unit_.orientation = orientation;
  }
}

VideoStream::NalClass VideoStream::classify(ByteSpan nal) const {
  return codec_ == Codec::h264 ? classify_h264(nal) : classify_h265(nal);
}

VideoStream::NalClass VideoStream::classify_h264(ByteSpan nal) const {
  NalClass c;
  const int type = h264::nal_type(nal[0]);
  c.leads = h264::starts_access_unit(type);
  switch (type) {
    case h264::kAud:
    case h264::kFiller:
      c.use = Use::drop;
      break;
    case h264::kSpsNal:
      c.use = Use::sps;
      break;
    case h264::kPpsNal:
      c.use = Use::pps;
      break;
    default:
      break;
  }
  if (!h264::is_slice(type)) return c;
  c.slice = true;
  c.idr = type == h264::kIdrSlice;
  if (const auto header = h264::parse_slice_header(nal)) {
    c.address = header->first_mb;
    c.first = c.address == 0;
    c.intra = header->intra();
    c.pps_id = header->pps_id;
  } else {
    c.address = unit_.last_address + 1;
  }
  return c;
}

VideoStream::NalClass VideoStream::classify_h265(ByteSpan nal) const {
  NalClass c;
  const int type = h265::nal_type(nal[0]);
  if (h265::layer_id(nal) != 0) return c;  // of an enhancement layer: belongs to the picture before
  c.leads = h265::starts_access_unit(type);
  switch (type) {
    case h265::kAud:
    case h265::kFiller:
      c.use = Use::drop;
      break;
    case h265::kVpsNal:
      c.use = Use::vps;
      break;
    case h265::kSpsNal:
      c.use = Use::sps;
      break;
    case h265::kPpsNal:
      c.use = Use::pps;
      break;
    default:
      break;
  }
  if (!h265::is_slice(type)) return c;
  c.slice = true;
  c.idr = h265::is_idr(type);
  c.recovery = h265::is_recovery_point(type);
  const auto header = h265::parse_slice_header(nal);
  c.first = header && header->first_in_picture;
  c.pps_id = header ? header->pps_id : 0;
  // Addresses need the SPS to be read; the flag alone tells pictures apart.
  c.address = c.first ? 0 : unit_.last_address + 1;
  return c;
}

void VideoStream::forget_unit() {
  nals_.clear();
  unit_ = {};
}

void VideoStream::drop_front(size_t n) {
  es_.drop(n);
  scanned_ -= std::min(scanned_, n);
  for (Nal& nal : nals_) {
    nal.begin -= n;
    nal.end -= n;
  }
  for (Stamp& s : stamps_) s.offset -= std::min(s.offset, n);
}

void VideoStream::finish_unit() {
  if (unit_.has_slice) {
    codec::Sample sample;
    sample.track = track_;
    sample.key = unit_.idr;
    sample.recovery_point = !unit_.idr && (unit_.recovery || (unit_.recovery_sei && unit_.all_intra));
    sample.damaged = unit_.damaged;
    sample.arrival = unit_.stamp.arrival;
    take_parameter_sets(sample.key || sample.recovery_point);
    // Without parameter sets nobody could decode it; without any time stamp yet nobody could place it.
    if (set_times(sample) && config_.config()) {
      Bytes spare;
      sample.data = to_length_prefixed(spare);
      if (!sample.data.empty()) sink_.on_sample(sample);
    }
  }
  forget_unit();
}

void VideoStream::take_parameter_sets(bool random_access) {
  if (unit_.orientation) config_.set_orientation(*unit_.orientation);
  for (Nal& nal : nals_) {
    if (nal.use != Use::vps && nal.use != Use::sps && nal.use != Use::pps) continue;
    const auto kind = nal.use == Use::vps   ? VideoConfig::Kind::vps
                      : nal.use == Use::sps ? VideoConfig::Kind::sps
                                            : VideoConfig::Kind::pps;
    const ByteSpan data = es_.span().subspan(nal.begin, nal.end - nal.begin);
    const auto taken = nal.damaged ? VideoConfig::Taken::rejected : config_.take(kind, data);
    if (taken == VideoConfig::Taken::rejected) nal.use = Use::drop;
    nal.changed = taken == VideoConfig::Taken::changed;
  }
  // In the middle of a group changed sets stay in the sample; where decoding can start they become the track's.
  const bool fresh = config_.dirty() && (random_access || !config_.config()) && config_.adopt(unit_.pps_id);
  for (Nal& nal : nals_)
    if (nal.use == Use::vps || nal.use == Use::sps || nal.use == Use::pps)
      nal.use = nal.changed && !fresh ? Use::keep : Use::drop;
  if (fresh) sink_.on_config(track_, *config_.config());
}

Pts90k VideoStream::frame_duration() const {
  const auto& config = config_.config();
  if (config && config->video.frame_rate_num > 0)
    return codec::kPtsHz * config->video.frame_rate_den / config->video.frame_rate_num;
  return measured_duration_ > 0 ? measured_duration_ : kDefaultDuration;
}

// The times of the sample; false if nothing is known yet.
bool VideoStream::set_times(codec::Sample& sample) {
  const std::optional<Pts90k> previous = last_dts_;
  if (unit_.stamped) {
    const uint64_t pts = *unit_.stamp.pts;
    sample.dts = timeline_.dts(unit_.stamp.dts.value_or(pts));
    sample.pts = timeline_.pts(pts, sample.dts);
    if (unit_.stamp.dts) saw_dts_ = true;
    if (!saw_dts_) sample.dts = without_dts(sample.pts);
    last_offset_ = sample.pts - sample.dts;
    if (previous && last_was_stamped_ && sample.dts > *previous && sample.dts - *previous < codec::kPtsHz)
      measured_duration_ = sample.dts - *previous;
  } else {
    if (!previous) return false;
    sample.dts = *previous + frame_duration();
    sample.pts = sample.dts + last_offset_;
  }
  last_was_stamped_ = unit_.stamped;
  last_dts_ = sample.dts;
  return true;
}

// Decoding times of a stream that has none: where presentation times step back pictures are reordered, and the n-th
// picture is decoded when the n-th in the order of presentation, `reorder_depth_` earlier, is shown.
Pts90k VideoStream::without_dts(Pts90k pts) {
  constexpr Pts90k kJump = codec::kPtsHz;
  if (reorder_depth_ == 0) {
    if (!last_dts_ || pts > *last_dts_ || *last_dts_ - pts > kJump) return pts;
    reorder_depth_ = config_.max_reorder() > 0 ? static_cast<size_t>(config_.max_reorder()) : 1;
    reorder_ = {*last_dts_};
  }
  if (!reorder_.empty() && std::abs(pts - reorder_.back()) > kJump) reorder_.clear();
  reorder_.insert(std::ranges::upper_bound(reorder_, pts), pts);
  if (reorder_.size() <= reorder_depth_)
    return last_dts_ && pts - *last_dts_ < kJump ? std::max(*last_dts_ + 1, reorder_.front()) : pts;
  Pts90k dts = reorder_.front();
  reorder_.erase(reorder_.begin());
  if (dts > pts && reorder_depth_ < 16) ++reorder_depth_;
  if (last_dts_ && dts <= *last_dts_ && *last_dts_ - dts < kJump) dts = *last_dts_ + 1;
  return dts;
}

// Turns start codes into lengths, in place: the NAL units that are kept close up around each other, moving a byte or
// so where a start code had three bytes, and usually not at all.
ByteSpan VideoStream::to_length_prefixed(Bytes& spare) {
  constexpr size_t kLength = 4;
  std::erase_if(nals_, [](const Nal& n) { return n.use == Use::drop; });
  if (nals_.empty()) return {};
  uint8_t* base = es_.data();
  size_t total = 0;
  for (const Nal& n : nals_) total += kLength + n.end - n.begin;
  const size_t last = nals_.back().end;
  if (total > last + es_.headroom()) {
    spare.reserve(total);
    for (const Nal& n : nals_) {
      uint8_t length[kLength];
      write_be32(length, static_cast<uint32_t>(n.end - n.begin));
      spare.insert(spare.end(), length, length + kLength);
      spare.insert(spare.end(), base + n.begin, base + n.end);
    }
    return spare;
  }
  // The last one, most often the largest, stays where it is.
  uint8_t* const out = base + last - total;
  uint8_t* target = out;
  // Those that move towards the front go first to last, the others last to first: none then runs over another.
  for (const Nal& n : nals_) {
    target += kLength;
    if (target < base + n.begin) std::memmove(target, base + n.begin, n.end - n.begin);
    target += n.end - n.begin;
  }
  for (auto n = nals_.rbegin(); n != nals_.rend(); ++n) {
    const size_t size = n->end - n->begin;
    target -= size;
    if (target > base + n->begin) std::memmove(target, base + n->begin, size);
    target -= kLength;
  }
  for (const Nal& n : nals_) {
    write_be32(target, static_cast<uint32_t>(n.end - n.begin));
    target += kLength + n.end - n.begin;
  }
  return {out, total};
}

}  // namespace cbx::ts

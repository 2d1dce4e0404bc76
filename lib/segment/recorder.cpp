#include "segment/recorder.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <system_error>

namespace cbx::segment {
namespace {

using codec::kPtsHz;

constexpr Pts90k kJump = 3 * kPtsHz;             // a larger step of the time stamps begins a new file
constexpr Pts90k kWithoutIdr = 10 * kPtsHz;      // then a recovery point is good enough to begin with
constexpr Pts90k kWithoutKey = 600 * kPtsHz;     // then a file is split anywhere
constexpr Pts90k kCutHold = kPtsHz;              // how long a cut waits for audio
constexpr Pts90k kStartHold = kPtsHz / 2;        // a live start waits: the clock settles, audio shows up
constexpr Pts90k kStartHoldAtMost = 2 * kPtsHz;  // … for audio that was announced
constexpr Pts90k kVideoGivenUp = 10 * kPtsHz;    // audio without any video: audio alone is recorded
constexpr Pts90k kOffsetAtMost = 10 * kPtsHz;    // between DTS and PTS; more is rubbish
constexpr size_t kAudioQueueBytes = 4 << 20;
constexpr size_t kHeldBytes = 16 << 20;  // of pictures that wait for a start or for a cut
constexpr Millis kRounding{1000};        // what a start can go back by slewing and rounding
constexpr int kJumpGrace = 500;
constexpr Millis kStallFlush{1500};
constexpr std::chrono::seconds kStallClose{30};
constexpr std::chrono::seconds kDiskRetry{1};
constexpr Pts90k kSuspectFor = 10 * kPtsHz;  // a disk that cannot be synced gets a new file this often
// Files that a live stream may begin at once, and then one per this time: a stream that changes with every frame must
// not take the descriptors and the closers' time from the others.
constexpr double kFilesAtOnce = 30;
constexpr std::chrono::duration<double> kFileEach{1};

Pts90k distance(Pts90k a, Pts90k b) {
  return a < b ? b - a : a - b;
}

// Samples of one configuration share it, so that mostly the pointers tell.
using Config = std::shared_ptr<const codec::TrackConfig>;
bool same(const Config& a, const Config& b) {
  return a == b || (a && b && *a == *b);
}

}  // namespace

Recorder::Recorder(const Shared& shared, Origin origin, std::unique_ptr<TimeMapper> mapper)
    : shared_(shared), origin_(std::move(origin)), mapper_(std::move(mapper)), last_data_(shared.clock.monotonic()) {}

Recorder::~Recorder() = default;

// ---------------------------------------------------------------------------------------------------- arrival

void Recorder::on_layout(int tracks, bool has_video) {
  announced_video_ = has_video;
  announced_audio_ = tracks > (has_video ? 1 : 0);
  if (!has_video && file_ && file_->layout().video) advance(false);
}

void Recorder::on_track(int track, const codec::TrackConfig& config) {
  Track& t = codec::is_video(config.codec) ? video() : audio();
  (void)track;
  if (!t.config || *t.config != config) t.config = std::make_shared<const codec::TrackConfig>(config);
}

void Recorder::on_sample(const codec::Sample& sample) {
  if (unsupported_) return;
  last_data_ = shared_.clock.monotonic();
  const bool is_video = announced_video_ && sample.track == 0;
  Track& track = is_video ? video() : audio();
  if (!track.config) return;
  place_on_time_line(track, is_video ? audio() : video(), sample);
  if (is_video) audio_at_picture_ = audio().last_dts;
  if (is_video || !expects_video()) mapper_->observe(*track.last_dts, track.queue.back().pts, sample.arrival, rtt_);
  if (is_video && sample.key) last_idr_ = track.last_dts;
  advance(false);
}

void Recorder::on_notice(const ts::Notice& notice) {
  switch (notice.kind) {
    case ts::Notice::Kind::left_out:
    case ts::Notice::Kind::changed:
      shared_.log.info("'{}': {}", origin_.device, notice.text);
      break;
    case ts::Notice::Kind::damaged:
      shared_.log.warn("'{}': {}", origin_.device, notice.text);
      break;
    case ts::Notice::Kind::unsupported: {
      if (unsupported_) break;
      end("change");
      unsupported_ = true;
      shared_.log.error("'{}' is not recorded: {}", origin_.device, notice.text);
      GapRecord gap;
      gap.device = origin_.device;
      gap.start = floor_ms(mapper_->live() ? shared_.clock.wall() : mapper_->map(0));
      gap.cause = "unsupported";
      gap.detail = notice.text;
      gap.connection = origin_.connection;
      shared_.closer.journal(std::move(gap));
      break;
    }
  }
}

bool Recorder::expects_video() const {
  if (!announced_video_) return false;
  const Track& v = tracks_[0];
  const Track& a = tracks_[1];
  if (!a.last_dts) return true;
  if (!v.last_dts) return a.queue.span() < kVideoGivenUp && !(file_ && !file_->layout().video);
  return *a.last_dts - audio_at_picture_.value_or(*v.last_dts) < kVideoGivenUp;
}

bool Recorder::audio_flows() const {
  const Track& v = tracks_[0];
  const Track& a = tracks_[1];
  return announced_audio_ && a.config && a.last_dts && (!v.last_dts || *v.last_dts - *a.last_dts < 2 * kPtsHz);
}

void Recorder::place_on_time_line(Track& track, const Track& other, const codec::Sample& sample) {
  Pts90k base = base_;
  if (track.last_dts) {
    const Pts90k expected = *track.last_dts + track.last_step;
    const auto fits = [&](Pts90k dts) {
      // A hole in one track, while the other goes on, is no jump.
      return distance(dts, expected) <= kJump || (other.last_dts && distance(dts, *other.last_dts) <= kJump);
    };
    if (!fits(sample.dts + base_)) {
      if (jump_grace_ > 0 && fits(sample.dts + previous_base_)) {
        base = previous_base_;
      } else {
        jump(expected - (sample.dts + base_));
        base = base_;
      }
    }
  } else if (other.last_dts && distance(sample.dts + base_, *other.last_dts) > kJump && jump_grace_ > 0 &&
             distance(sample.dts + previous_base_, *other.last_dts) <= kJump) {
    base = previous_base_;
  }
  if (jump_grace_ > 0) jump_grace_--;

  QueuedSample& q = track.queue.push(sample.data);
  q.base = base;
  q.dts = sample.dts + base;
  q.pts = sample.pts + base;
  q.config = track.config;
  q.key = sample.key;
  q.recovery_point = sample.recovery_point;
  q.duration = sample.duration;
  if (track.last_dts && q.dts <= *track.last_dts) q.dts = *track.last_dts + 1;
  if (distance(q.pts, q.dts) > kOffsetAtMost) q.pts = q.dts;
  if (sample.duration > 0) {
    track.last_step = sample.duration * kPtsHz / codec::track_timescale(*track.config);
  } else if (track.last_dts) {
    track.last_step = std::min<Pts90k>(q.dts - *track.last_dts, kPtsHz);
  } else {
    track.last_step = kPtsHz / 30;
  }
  track.last_dts = q.dts;
}

void Recorder::jump(Pts90k by) {
  previous_base_ = base_;
  base_ += by;
  jump_grace_ = kJumpGrace;
  mapper_->jumped();
}

// ---------------------------------------------------------------------------------------------------- cutting

void Recorder::advance(bool flushing) {
  if (expects_video()) {
    advance_video(flushing);
    release_audio(flushing ? std::numeric_limits<Pts90k>::max() : written_until_, flushing);
  } else {
    if (!video().queue.empty()) {
      // The picture ended here; the sound behind it begins a file of its own.
      advance_video(true);
      release_audio(written_until_, false);
    }
    if (file_ && file_->layout().video) finish("change", file_->end_pts());
    advance_audio_only(flushing);
  }
  while (audio().queue.bytes() > kAudioQueueBytes) audio().queue.pop();
}

void Recorder::advance_video(bool flushing) {
  SampleQueue& q = video().queue;
  while (!q.empty()) {
    if (q.size() < 2 && !flushing) break;
    QueuedSample& s = q.front();
    if (!file_) {
      if (!startable(s)) {
        if (!waiting_since_) waiting_since_ = s.dts;
        q.pop();
        continue;
      }
      if (!flushing && !ready_to_start()) return;
      open(s);
      if (!file_) {
        q.pop();
        continue;
      }
    } else if (const std::string reason = cut_reason(s); !reason.empty()) {
      if (!flushing && !audio_has_reached(s.pts) && q.span() < kCutHold && q.bytes() < kHeldBytes) return;
      release_audio(s.pts, true);
      // The disk may have failed on the way.
      if (file_) finish(reason, s.pts);
      // There is no key frame to wait for.
      if (reason == "limit") waiting_since_ = s.dts - kWithoutIdr;
      if (mapper_->must_step()) mapper_->step();
      continue;
    }
    const Pts90k next_dts = q.size() > 1 ? q[1].dts : s.dts + video().last_step;
    (void)wrote(file_->write_video(s, next_dts));
    written_until_ = next_dts;
    q.pop();
  }
}

void Recorder::advance_audio_only(bool flushing) {
  SampleQueue& q = audio().queue;
  while (!q.empty()) {
    if (q.size() < 2 && !flushing) return;
    QueuedSample& s = q.front();
    if (!file_) {
      if (mapper_->live() && !opened_before_ && !flushing && q.span() < kStartHold) return;
      open(s);
      if (!file_) {
        q.pop();
        continue;
      }
    } else {
      const bool changed = !same(s.config, file_->layout().audio);
      const bool jumped = s.base != file_->base() || mapper_->must_step();
      const bool distrusted = suspect(s);
      if (changed || jumped || distrusted || past_boundary(s)) {
        finish(changed ? "change" : jumped ? "jump" : distrusted ? "error" : "rotate", s.pts);
        if (mapper_->must_step()) mapper_->step();
        continue;
      }
    }
    (void)wrote(file_->write_audio(s, q.size() > 1 ? &q[1] : nullptr, audio_line_));
    q.pop();
  }
}

bool Recorder::startable(const QueuedSample& s) const {
  if (s.key) return true;
  const bool no_idr_lately = (!last_idr_ || s.dts - *last_idr_ >= kWithoutIdr);
  if (file_) return s.recovery_point && no_idr_lately && s.dts - file_->first_pts() >= kWithoutIdr;
  const bool waited = waiting_since_ && s.dts - *waiting_since_ >= kWithoutIdr;
  return waited && no_idr_lately;
}

bool Recorder::ready_to_start() const {
  const SampleQueue& q = tracks_[0].queue;
  if (q.span() >= kStartHoldAtMost || q.bytes() > kHeldBytes) return true;
  if (announced_audio_ && !tracks_[1].config) return false;
  return opened_before_ || !mapper_->live() || q.span() >= kStartHold;
}

bool Recorder::audio_has_reached(Pts90k pts) const {
  if (!file_->layout().audio && !audio_flows()) return true;
  return tracks_[1].last_dts && *tracks_[1].last_dts >= pts;
}

std::string Recorder::cut_reason(const QueuedSample& s) const {
  if (!same(s.config, file_->layout().video)) return "change";
  if (!startable(s))
    return s.dts - last_idr_.value_or(file_->first_pts()) >= kWithoutKey && s.dts - file_->first_pts() >= kWithoutKey
               ? "limit"
               : "";
  if (s.base != file_->base() || mapper_->must_step()) return "jump";
  if (suspect(s)) return "error";
  if (audio_flows() && !same(tracks_[1].config, file_->layout().audio)) return "change";
  return past_boundary(s) ? "rotate" : "";
}

// The disk could not be synced since the file was begun: what it holds may not be there.  The closer will find out; it
// gets the file now, rather than at the end of the minute.
bool Recorder::suspect(const QueuedSample& s) const {
  return mapper_->live() && shared_.disk.sync_failures() != sync_failures_ && s.pts - file_->first_pts() >= kSuspectFor;
}

bool Recorder::past_boundary(const QueuedSample& s) const {
  return mapper_->map(s.pts) >= boundary_;
}

// ---------------------------------------------------------------------------------------------------- files

bool Recorder::may_begin_file() {
  if (!mapper_->live()) return true;
  const Monotonic now = shared_.clock.monotonic();
  files_left_ = std::min(kFilesAtOnce, files_left_.value_or(kFilesAtOnce) + (now - files_counted_) / kFileEach);
  files_counted_ = now;
  if (*files_left_ < 1) {
    if (!said_restless_)
      shared_.log.warn("'{}' changes its format or its clock all the time: not all of it can be recorded",
                       origin_.device);
    said_restless_ = true;
    return false;
  }
  --*files_left_;
  return true;
}

void Recorder::open(const QueuedSample& first) {
  const WallTime at = mapper_->map(first.pts);
  if (!may_begin_file()) return;
  // An import ends at the first failure: it can be done again.
  const bool may_try = mapper_->live() ? shared_.clock.monotonic() >= disk_retry_ : !disk_error_;
  if (may_try) {
    auto opened = create_file(first);
    // What failed once may be a passing thing; the next chance comes only with the next key frame.
    if (!opened && opened.error().os_error() != EMFILE) opened = create_file(first);
    if (opened) {
      shared_.disk.worked(origin_.device);
      sync_failures_ = shared_.disk.sync_failures();
      file_ = std::move(*opened);
      if (!opened_before_ && announced_audio_ && !audio().config)
        shared_.log.warn("'{}' announces sound, but none that can be read has come: recorded without", origin_.device);
      opened_before_ = true;
      waiting_since_.reset();
      report_disk_gap(at);
      disk_error_.reset();
      // What sounded before the first picture belongs to no file.
      while (file_->layout().video && !audio().queue.empty() && audio().queue.front().pts < first.pts)
        audio().queue.pop();
      return;
    }
    note_disk(opened.error());
    disk_retry_ = shared_.clock.monotonic() + kDiskRetry;
  }
  if (!disk_gap_from_) disk_gap_from_ = at;
}

void Recorder::report_disk_gap(WallTime until) {
  if (disk_gap_from_ && *disk_gap_from_ < until) {
    GapRecord gap;
    gap.device = origin_.device;
    gap.start = floor_ms(*disk_gap_from_);
    gap.duration_ms = (floor_ms(until) - gap.start).count();
    gap.cause = "disk";
    if (disk_error_) gap.detail = std::generic_category().message(disk_error_->os_error());
    gap.connection = origin_.connection;
    shared_.closer.journal(std::move(gap));
  }
  disk_gap_from_.reset();
}

Result<std::unique_ptr<SegmentFile>> Recorder::create_file(const QueuedSample& first) {
  SegmentFile::Layout layout;
  if (codec::is_video(first.config->codec)) {
    layout.video = first.config;
    if (audio_flows()) layout.audio = audio().config;
  } else {
    layout.audio = first.config;
  }
  const WallTime at = mapper_->map(first.pts);
  WallMs start = floor_ms(at);
  // Further back than this, the clock was set: then it is right now.
  if (start <= last_start_ && start > last_start_ - kRounding) start = last_start_ + Millis{1};
  // A clock that stands at the beginning of its time, less the way of the packets.
  start = std::max(start, WallMs{});
  const uint64_t known = moov_bytes_->load(std::memory_order_relaxed);
  const uint64_t minutes = std::max<uint64_t>(1, static_cast<uint64_t>(shared_.length.count()) / 60);
  const uint64_t reserve = known > 0 ? known + known / 2 : mp4::kFirstReserve * minutes;
  const SegmentFile::Beginning beginning{start, mapper_->live() && !opened_before_, reserve,
                                         // Half is for the files that follow while those before are finished.
                                         opened_before_ ? shared_.descriptors : shared_.descriptors / 2};
  CBX_ASSIGN(auto file, SegmentFile::create(shared_, origin_, std::move(layout), first, beginning));
  last_start_ = file->start();
  boundary_ = next_boundary(at, shared_.length, shared_.store.utc_offset());
  return file;
}

void Recorder::release_audio(Pts90k before, bool all) {
  SampleQueue& q = audio().queue;
  if (!file_) return;
  while (!q.empty() && q.front().pts < before) {
    QueuedSample& s = q.front();
    if (!file_->layout().audio) {
      if (!file_->layout().video) return;
      q.pop();
      continue;
    }
    if (!same(s.config, file_->layout().audio)) {
      if (!all) return;  // waits for the cut that its new configuration brings
      q.pop();
      continue;
    }
    if (q.size() < 2 && !all) return;
    if (!wrote(file_->write_audio(s, q.size() > 1 ? &q[1] : nullptr, audio_line_))) return;
    q.pop();
  }
}

bool Recorder::wrote(const Status& status) {
  if (status) return true;
  note_disk(status.error());
  disk_gap_from_ = mapper_->map(file_->flushed_pts());
  file_->drop_pending();
  finish("error", file_->flushed_pts());
  return false;
}

void Recorder::note_disk(const Error& error) {
  disk_error_ = error;
  if (mapper_->live()) shared_.disk.failed(origin_.device, error);
}

void Recorder::finish(const std::string& how, Pts90k end_pts) {
  if (!wrote(file_->flush())) return;
  const bool rotated = how == "rotate";
  // A short file's moov says nothing about the next one's.
  const bool full_length = rotated && end_pts - file_->first_pts() >= shared_.length.count() * kPtsHz * 9 / 10;
  WallMs until{};
  if (SegmentFile::finish(std::move(file_), shared_, how, end_pts, lost_total_ - lost_recorded_,
                          full_length ? moov_bytes_ : nullptr, rotated && mapper_->live(), until)) {
    lost_recorded_ = lost_total_;
    recorded_until_ = until;
  }
}

// ---------------------------------------------------------------------------------------------------- ends

void Recorder::tick() {
  if (!file_) return;
  const auto idle = shared_.clock.monotonic() - last_data_;
  if (idle >= kStallClose) {
    end("stall");
  } else if (idle >= kStallFlush) {
    (void)wrote(file_->flush());
  }
}

void Recorder::end(const std::string& how) {
  if (!unsupported_) advance(true);
  if (file_) finish(how, file_->end_pts());
  // The stream ends before the disk had room again.
  const Track& last = tracks_[0].last_dts ? tracks_[0] : tracks_[1];
  if (disk_gap_from_ && last.last_dts) report_disk_gap(mapper_->map(*last.last_dts + last.last_step));
}

std::string_view Recorder::state() const {
  if (unsupported_) return "not recordable";
  if (file_) return shared_.clock.monotonic() - last_data_ >= kStallFlush ? "stalled" : "recording";
  if (disk_gap_from_) return "waiting for the disk";
  if (!tracks_[0].last_dts && !tracks_[1].last_dts) return "waiting for data";
  return "waiting for a key frame";
}

}  // namespace cbx::segment

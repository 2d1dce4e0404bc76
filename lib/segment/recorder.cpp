#include "segment/recorder.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace cbx::segment {
namespace {

using codec::kPtsHz;

constexpr Pts90k kJump = 3 * kPtsHz;             // a larger step of the time stamps begins a new file
constexpr Pts90k kFragment = kPtsHz;             // at most this much is lost when the process is killed
constexpr Pts90k kWithoutIdr = 10 * kPtsHz;      // then a recovery point is good enough to begin with
constexpr Pts90k kWithoutKey = 600 * kPtsHz;     // then a file is split anywhere
constexpr Pts90k kCutHold = kPtsHz;              // how long a cut waits for audio
constexpr Pts90k kStartHold = kPtsHz / 2;        // a live start waits: the clock settles, audio shows up
constexpr Pts90k kStartHoldAtMost = 2 * kPtsHz;  // … for audio that was announced
constexpr Pts90k kVideoGivenUp = 10 * kPtsHz;    // audio without any video: audio alone is recorded
constexpr Pts90k kOffsetAtMost = 10 * kPtsHz;    // between DTS and PTS; more is rubbish
constexpr size_t kAudioQueueBytes = 4 << 20;
constexpr size_t kStartQueueBytes = 16 << 20;
constexpr int kJumpGrace = 500;
constexpr Millis kStallFlush{1500};
constexpr std::chrono::seconds kStallClose{30};
constexpr std::chrono::seconds kDiskRetry{1};
constexpr int kNameTries = 100;

Pts90k distance(Pts90k a, Pts90k b) {
  return a < b ? b - a : a - b;
}

// 90 kHz to ticks of `rate`, rounded.
int64_t to_ticks(Pts90k t, int rate) {
  return (t * rate + (t < 0 ? -kPtsHz / 2 : kPtsHz / 2)) / kPtsHz;
}

double frame_rate(const codec::VideoInfo& info, int64_t frames, Pts90k duration) {
  if (duration <= 0) return 0;
  const double measured = static_cast<double>(frames) * static_cast<double>(kPtsHz) / static_cast<double>(duration);
  if (info.frame_rate_num > 0 && info.frame_rate_den > 0) {
    const double told = static_cast<double>(info.frame_rate_num) / info.frame_rate_den;
    if (std::abs(told - measured) < 0.02 * told) return std::round(told * 1000) / 1000;
  }
  return std::round(measured * 100) / 100;
}

}  // namespace

struct Recorder::OpenFile {
  std::unique_ptr<File> file;
  std::unique_ptr<mp4::HybridWriter> writer;
  SegmentRecord record;
  std::shared_ptr<const codec::TrackConfig> video, audio;  // null without that track
  int audio_track = 0;
  Pts90k base = 0;      // of its first sample: times in the file are on the stream's own clock at that point
  WallTime boundary{};  // where it is to be cut
  Pts90k first_pts = 0;
  Pts90k fragment_from = 0;
  Pts90k end_pts = 0;      // of what was added
  Pts90k flushed_pts = 0;  // of what is in the file
  bool flushed = false;
  int64_t frames = 0;
};

Recorder::Recorder(const Shared& shared, Origin origin, std::unique_ptr<TimeMapper> mapper)
    : shared_(shared), origin_(std::move(origin)), mapper_(std::move(mapper)), last_data_(shared.clock.monotonic()) {}

Recorder::~Recorder() = default;

// ---------------------------------------------------------------------------------------------------- arrival

void Recorder::on_layout(int tracks, bool has_video) {
  announced_video_ = has_video;
  announced_audio_ = tracks > (has_video ? 1 : 0);
  if (!has_video && file_ && file_->video) {
    advance(true);
    if (file_) finish("change", file_->end_pts);
    video().queue.clear();
  }
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
  if (!v.queue.empty() || !a.last_dts) return true;
  if (!v.last_dts) return a.queue.span() < kVideoGivenUp && !(file_ && !file_->video);
  return *a.last_dts - *v.last_dts < kVideoGivenUp;
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
  if (expects_video() || !video().queue.empty()) {
    advance_video(flushing);
  } else {
    if (file_ && file_->video) finish("change", file_->end_pts);
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
      if (!flushing && !audio_has_reached(s.pts) && q.span() < kCutHold) return;
      release_audio(s.pts, true);
      // The disk may have failed on the way.
      if (file_) finish(reason, s.pts);
      if (mapper_->must_step()) mapper_->step();
      continue;
    }
    const Pts90k next_dts = q.size() > 1 ? q[1].dts : s.dts + video().last_step;
    write_video(s, next_dts);
    written_until_ = next_dts;
    q.pop();
  }
  release_audio(flushing ? std::numeric_limits<Pts90k>::max() : written_until_, flushing);
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
      const bool changed = *s.config != *file_->audio;
      const bool jumped = s.base != file_->base || mapper_->must_step();
      if (changed || jumped || past_boundary(s)) {
        finish(changed ? "change" : jumped ? "jump" : "rotate", s.pts);
        if (mapper_->must_step()) mapper_->step();
        continue;
      }
    }
    if (s.dts - file_->fragment_from >= kFragment) flush_fragment();
    if (file_) {
      if (file_->writer->pending_bytes() == 0) file_->fragment_from = s.dts;
      write_audio(s, q.size() > 1 ? &q[1] : nullptr);
    }
    q.pop();
  }
}

bool Recorder::startable(const QueuedSample& s) const {
  if (s.key) return true;
  const bool no_idr_lately = (!last_idr_ || s.dts - *last_idr_ >= kWithoutIdr);
  if (file_) return s.recovery_point && no_idr_lately && s.dts - file_->first_pts >= kWithoutIdr;
  const bool waited = waiting_since_ && s.dts - *waiting_since_ >= kWithoutIdr;
  return waited && no_idr_lately;
}

bool Recorder::ready_to_start() const {
  const SampleQueue& q = tracks_[0].queue;
  if (q.span() >= kStartHoldAtMost || q.bytes() > kStartQueueBytes) return true;
  if (announced_audio_ && !tracks_[1].config) return false;
  return opened_before_ || !mapper_->live() || q.span() >= kStartHold;
}

bool Recorder::audio_has_reached(Pts90k pts) const {
  if (!file_->audio && !audio_flows()) return true;
  return tracks_[1].last_dts && *tracks_[1].last_dts >= pts;
}

std::string Recorder::cut_reason(const QueuedSample& s) const {
  if (!file_->video || *s.config != *file_->video) return "change";
  if (!startable(s))
    return s.dts - last_idr_.value_or(file_->first_pts) >= kWithoutKey && s.dts - file_->first_pts >= kWithoutKey
               ? "limit"
               : "";
  if (s.base != file_->base || mapper_->must_step()) return "jump";
  if (audio_flows() && (!file_->audio || *tracks_[1].config != *file_->audio)) return "change";
  return past_boundary(s) ? "rotate" : "";
}

bool Recorder::past_boundary(const QueuedSample& s) const {
  return mapper_->map(s.pts) >= file_->boundary;
}

// ---------------------------------------------------------------------------------------------------- files

void Recorder::open(const QueuedSample& first) {
  const WallTime at = mapper_->map(first.pts);
  if (!disk_gap_from_ || shared_.clock.monotonic() >= disk_retry_) {
    auto opened = create_file(first);
    if (opened) {
      shared_.disk.worked();
      disk_error_.reset();
      file_ = std::move(*opened);
      if (!opened_before_ && announced_audio_ && !audio().config)
        shared_.log.warn("'{}' announces sound, but none that can be read has come: recorded without", origin_.device);
      opened_before_ = true;
      waiting_since_.reset();
      if (disk_gap_from_ && *disk_gap_from_ < at) {
        GapRecord gap;
        gap.device = origin_.device;
        gap.start = floor_ms(*disk_gap_from_);
        gap.duration_ms = (floor_ms(at) - gap.start).count();
        gap.cause = "disk";
        gap.connection = origin_.connection;
        shared_.closer.journal(std::move(gap));
      }
      disk_gap_from_.reset();
      // What sounded before the first picture belongs to no file.
      while (file_->video && !audio().queue.empty() && audio().queue.front().pts < first.pts) audio().queue.pop();
      return;
    }
    note_disk(opened.error());
  }
  if (!disk_gap_from_) disk_gap_from_ = at;
}

Result<std::unique_ptr<Recorder::OpenFile>> Recorder::create_file(const QueuedSample& first) {
  auto f = std::make_unique<OpenFile>();
  std::vector<codec::TrackConfig> configs;
  if (codec::is_video(first.config->codec)) {
    f->video = first.config;
    configs.push_back(*f->video);
    if (audio_flows()) f->audio = audio().config;
  } else {
    f->audio = first.config;
  }
  if (f->audio) {
    f->audio_track = static_cast<int>(configs.size());
    configs.push_back(*f->audio);
  }
  const WallTime at = mapper_->map(first.pts);
  WallMs start = std::max(floor_ms(at), last_start_ + Millis{1});
  const std::string media = shared_.store.media_path() + "/";
  for (int tries = 0;; tries++) {
    const std::string part = media + shared_.store.part_path(origin_.device, start);
    auto file = shared_.fs.open(part, OpenMode::create_new);
    if (!file && file.error().os_error() == ENOENT) {
      CBX_TRY(shared_.fs.make_dirs(media + shared_.store.day_folder(origin_.device, start)));
      file = shared_.fs.open(part, OpenMode::create_new);
    }
    if (file) {
      f->file = std::move(*file);
      break;
    }
    if (file.error().os_error() != EEXIST || tries >= kNameTries) return fail(std::move(file).error());
    start += Millis{1};
  }
  const auto undo = [&](Error e) {
    (void)shared_.fs.unlink(f->file->path());
    return fail(std::move(e));
  };
  // Waits only if recovery is looking at the new name this very moment.
  if (Status locked = f->file->lock(); !locked) return undo(std::move(locked).error());

  const uint64_t per_minute = std::max<uint64_t>(1, static_cast<uint64_t>(shared_.length.count()) / 60);
  const uint64_t known = moov_bytes_->load(std::memory_order_relaxed);
  const uint64_t reserve = known > 0 ? known + known / 2 : mp4::kFirstReserve * per_minute;
  const mp4::FileInfo info{origin_.device,         start,       origin_.source, origin_.connection,
                           first.pts - first.base, std::nullopt};
  auto writer = mp4::HybridWriter::create(*f->file, configs, info, reserve);
  if (!writer) return undo(std::move(writer).error());
  f->writer = std::make_unique<mp4::HybridWriter>(std::move(*writer));

  SegmentRecord& r = f->record;
  r.device = origin_.device;
  r.start = last_start_ = start;
  r.source = origin_.source;
  r.connection = origin_.connection;
  r.pts = info.pts;
  if (f->video) {
    r.video = codec::codec_name(f->video->codec);
    r.width = f->video->video.width;
    r.height = f->video->video.height;
    r.rotation = f->video->video.rotation;
  }
  if (f->audio) r.audio = codec::codec_name(f->audio->codec);
  f->base = first.base;
  f->boundary = next_boundary(at, shared_.length, shared_.store.utc_offset());
  f->first_pts = f->end_pts = f->flushed_pts = first.pts;
  f->fragment_from = first.dts;
  return f;
}

void Recorder::write_video(const QueuedSample& s, Pts90k next_dts) {
  OpenFile& f = *file_;
  if (f.writer->pending_bytes() > 0 && (s.key || next_dts - f.fragment_from > kFragment)) {
    flush_fragment();
    if (!file_) return;
  }
  if (f.writer->pending_bytes() == 0) f.fragment_from = s.dts;
  mp4::WriterSample w;
  w.track = 0;
  w.dts = s.dts - f.base;
  w.composition_offset = static_cast<int32_t>(s.pts - s.dts);
  w.duration = static_cast<uint32_t>(std::max<Pts90k>(1, next_dts - s.dts));
  w.key = s.key || s.recovery_point;
  w.data = s.data;
  f.writer->add(w);
  f.frames++;
  f.end_pts = std::max(f.end_pts, s.pts + w.duration);
}

void Recorder::release_audio(Pts90k before, bool all) {
  SampleQueue& q = audio().queue;
  if (!file_) return;
  while (!q.empty() && q.front().pts < before) {
    QueuedSample& s = q.front();
    if (!file_->audio) {
      if (!file_->video) return;
      q.pop();
      continue;
    }
    if (*s.config != *file_->audio) {
      if (!all) return;  // waits for the cut that its new configuration brings
      q.pop();
      continue;
    }
    if (q.size() < 2 && !all) return;
    // Sound that goes on behind the last picture.
    if (s.dts - file_->fragment_from >= kFragment) {
      flush_fragment();
      if (!file_) return;
      file_->fragment_from = s.dts;
    }
    write_audio(s, q.size() > 1 ? &q[1] : nullptr);
    q.pop();
  }
}

void Recorder::write_audio(const QueuedSample& s, const QueuedSample* next) {
  OpenFile& f = *file_;
  const int rate = f.audio->audio.sample_rate;
  // 90 kHz can't express most audio frame lengths: within a millisecond the frames follow each other seamlessly.
  const int64_t tolerance = rate / 1000;
  if (audio_base_ != f.base) {
    audio_next_.reset();
    audio_base_ = f.base;
  }
  int64_t at = to_ticks(s.dts - f.base, rate);
  if (audio_next_) {
    if (std::abs(at - *audio_next_) <= tolerance) at = *audio_next_;
    if (at < *audio_next_) return;  // overlaps what is written: a repeated or backward frame
  }
  const int64_t nominal = s.duration > 0 ? s.duration : std::max(1, f.audio->audio.samples_per_frame);
  int64_t duration = nominal;
  if (next && next->base == s.base && *next->config == *s.config) {
    const int64_t next_at = to_ticks(next->dts - f.base, rate);
    if (std::abs(next_at - (at + nominal)) > tolerance && next_at > at) duration = next_at - at;
  }
  mp4::WriterSample w;
  w.track = f.audio_track;
  w.dts = at;
  w.duration = static_cast<uint32_t>(std::min<int64_t>(duration, UINT32_MAX));
  w.key = true;
  w.data = s.data;
  f.writer->add(w);
  audio_next_ = at + duration;
  if (!f.video) f.end_pts = std::max(f.end_pts, s.pts + duration * kPtsHz / rate);
}

void Recorder::flush_fragment() {
  if (!file_ || file_->writer->pending_bytes() == 0) return;
  if (Status flushed = file_->writer->flush(); !flushed) {
    disk_failed(flushed.error());
    return;
  }
  file_->flushed = true;
  file_->flushed_pts = file_->end_pts;
}

void Recorder::disk_failed(const Error& error) {
  note_disk(error);
  disk_gap_from_ = mapper_->map(file_->flushed_pts);
  file_->writer->drop_pending();
  finish("error", file_->flushed_pts);
}

void Recorder::note_disk(const Error& error) {
  disk_error_ = error;
  disk_retry_ = shared_.clock.monotonic() + kDiskRetry;
  if (mapper_->live()) shared_.disk.failed(error);
}

void Recorder::finish(const std::string& how, Pts90k end_pts) {
  if (how != "error") {
    flush_fragment();
    if (!file_) return;
  }
  OpenFile& f = *file_;
  if (!f.flushed) {
    // Nothing of it reached the disk: there is nothing to keep.
    (void)shared_.fs.unlink(f.file->path());
    file_.reset();
    return;
  }
  FinishJob job;
  job.record = std::move(f.record);
  job.record.end = how;
  job.record.duration_ms = std::max<Pts90k>(0, end_pts - f.first_pts + 45) / 90;
  if (f.video) job.record.fps = frame_rate(f.video->video, f.frames, end_pts - f.first_pts);
  recorded_until_ = job.record.start + Millis{job.record.duration_ms};
  job.record.lost = lost_total_ - lost_recorded_;
  lost_recorded_ = lost_total_;
  job.file = std::move(f.file);
  job.writer = std::move(f.writer);
  // A short file's moov says nothing about the next one's.
  if (how == "rotate" && end_pts - f.first_pts >= shared_.length.count() * kPtsHz * 9 / 10)
    job.moov_bytes = moov_bytes_;
  file_.reset();
  shared_.closer.finish(std::move(job), how == "rotate" && mapper_->live());
}

// ---------------------------------------------------------------------------------------------------- ends

void Recorder::tick() {
  if (!file_) return;
  const auto idle = shared_.clock.monotonic() - last_data_;
  if (idle >= kStallClose) {
    end("stall");
  } else if (idle >= kStallFlush) {
    flush_fragment();
  }
}

void Recorder::end(const std::string& how) {
  if (!unsupported_) advance(true);
  if (file_) finish(how, file_->end_pts);
}

std::string_view Recorder::state() const {
  if (unsupported_) return "not recordable";
  if (file_) return shared_.clock.monotonic() - last_data_ >= kStallFlush ? "stalled" : "recording";
  if (disk_gap_from_) return "waiting for the disk";
  if (!tracks_[0].last_dts && !tracks_[1].last_dts) return "waiting for data";
  return "waiting for a key frame";
}

}  // namespace cbx::segment

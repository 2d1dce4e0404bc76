#include "segment/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "base/crash_point.h"

namespace cbx::segment {
namespace {

using codec::kPtsHz;

// A killed process loses the open fragment and what is on its way there: the picture that waits for its successor, the
// pipe, the network's buffers.  Together that must stay below a second.
constexpr Pts90k kFragment = kPtsHz * 3 / 5;
constexpr uint64_t kFragmentBytes = 8 << 20;  // whatever the time stamps say; 50 Mbit/s are 6 MB a second
constexpr int kNameTries = 100;

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

// The kernel hands out the lowest free descriptor: its number tells how many are in use.
bool descriptor_below(int most) {
  const UniqueFd next{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)};
  return next ? next.get() < most : errno != EMFILE && errno != ENFILE;
}

// Creates the .part of the first free name from `start` on.
Result<std::unique_ptr<File>> create_part(const Shared& shared, const std::string& device, WallMs& start,
                                          int descriptors) {
  const std::string media = shared.store.media_path() + "/";
  if (!descriptor_below(descriptors))
    return fail(os_error(EMFILE, "no file for another recording", ErrorCode::cannot_create));
  for (int tries = 0;; tries++) {
    const std::string part = media + shared.store.part_path(device, start);
    crash_point("part.open");
    auto file = shared.fs.open(part, OpenMode::create_new);
    if (!file && file.error().os_error() == ENOENT) {
      CBX_TRY(shared.fs.make_dirs(media + shared.store.day_folder(device, start)));
      file = shared.fs.open(part, OpenMode::create_new);
    }
    if (file || file.error().os_error() != EEXIST || tries >= kNameTries) return file;
    start += Millis{1};
  }
}

// The same, locked.  Recovery removes files that hold no picture: one that it took between the two is made again.
Result<std::unique_ptr<File>> create_locked_part(const Shared& shared, const std::string& device, WallMs& start,
                                                 int descriptors) {
  while (true) {
    CBX_ASSIGN(auto file, create_part(shared, device, start, descriptors));
    crash_point("part.lock");
    // Waits only while recovery is looking at the new name this very moment.
    if (Status locked = file->lock(); !locked) {
      (void)shared.fs.unlink(file->path());
      return fail(std::move(locked).error());
    }
    struct stat st {};
    if (::fstat(file->fd(), &st) != 0 || st.st_nlink > 0) return file;
  }
}

}  // namespace

std::optional<int64_t> AudioLine::place(int64_t at, Pts90k base, int64_t tolerance) {
  if (base_ != base) {
    next_.reset();
    base_ = base;
  }
  if (!next_) return at;
  if (std::abs(at - *next_) <= tolerance) return *next_;
  if (at < *next_) return std::nullopt;
  return at;
}

Result<std::unique_ptr<SegmentFile>> SegmentFile::create(const Shared& shared, const Origin& origin, Layout layout,
                                                         const QueuedSample& first, const Beginning& beginning) {
  std::unique_ptr<SegmentFile> f(new SegmentFile);
  f->layout_ = std::move(layout);
  std::vector<codec::TrackConfig> configs;
  if (f->layout_.video) configs.push_back(*f->layout_.video);
  f->audio_track_ = static_cast<int>(configs.size());
  if (f->layout_.audio) configs.push_back(*f->layout_.audio);

  WallMs start = beginning.start;
  CBX_ASSIGN(f->file_, create_locked_part(shared, origin.device, start, beginning.descriptors));
  const auto undo = [&](Error e) {
    (void)shared.fs.unlink(f->file_->path());
    return fail(std::move(e));
  };
  const mp4::FileInfo info{origin.device,          start,        origin.source,  origin.connection,
                           first.pts - first.base, std::nullopt, beginning.opens};
  crash_point("part.head");
  auto writer = mp4::HybridWriter::create(*f->file_, configs, info, beginning.reserve);
  if (!writer) return undo(std::move(writer).error());
  f->writer_ = std::make_unique<mp4::HybridWriter>(std::move(*writer));

  SegmentRecord& r = f->record_;
  r.device = origin.device;
  r.start = start;
  r.source = origin.source;
  r.connection = origin.connection;
  r.pts = info.pts;
  if (f->layout_.video) {
    const codec::TrackConfig& v = *f->layout_.video;
    r.video = codec::codec_name(v.codec);
    r.width = v.video.width;
    r.height = v.video.height;
    r.rotation = v.video.rotation;
  }
  if (f->layout_.audio) r.audio = codec::codec_name(f->layout_.audio->codec);
  f->base_ = first.base;
  f->first_pts_ = f->end_pts_ = f->flushed_pts_ = first.pts;
  f->fragment_from_ = first.dts;
  return f;
}

Status SegmentFile::write_video(const QueuedSample& s, Pts90k next_dts) {
  if (writer_->pending_bytes() > 0 && (s.key || next_dts - fragment_from_ > kFragment || fragment_is_full()))
    CBX_TRY(flush());
  if (writer_->pending_bytes() == 0) fragment_from_ = s.dts;
  mp4::WriterSample w;
  w.track = 0;
  w.dts = s.dts - base_;
  w.composition_offset = static_cast<int32_t>(s.pts - s.dts);
  w.duration = static_cast<uint32_t>(std::clamp<Pts90k>(next_dts - s.dts, 1, UINT32_MAX));
  w.key = s.key || s.recovery_point;
  w.data = s.data;
  writer_->add(w);
  pending_frames_++;
  end_pts_ = std::max(end_pts_, s.pts + w.duration);
  return {};
}

Status SegmentFile::write_audio(const QueuedSample& s, const QueuedSample* next, AudioLine& line) {
  const int rate = layout_.audio->audio.sample_rate;
  const int64_t tolerance = rate / 1000;
  const auto at = line.place(to_ticks(s.dts - base_, rate), base_, tolerance);
  if (!at) return {};
  const int64_t nominal = s.duration > 0 ? s.duration : std::max(1, layout_.audio->audio.samples_per_frame);
  int64_t duration = nominal;
  if (next && next->base == s.base && *next->config == *s.config) {
    const int64_t next_at = to_ticks(next->dts - base_, rate);
    if (std::abs(next_at - (*at + nominal)) > tolerance && next_at > *at) duration = next_at - *at;
  }
  // Sound that comes late, or goes on after the last picture, is cut by its own time.
  // (It reaches a little beyond the picture that it belongs to.)
  const int64_t most = to_ticks(kFragment, rate) + rate / 10;
  if (sound_from_ && (*at + duration - *sound_from_ > most || fragment_is_full())) CBX_TRY(flush());
  if (!sound_from_) sound_from_ = *at;
  mp4::WriterSample w;
  w.track = audio_track_;
  w.dts = *at;
  w.duration = static_cast<uint32_t>(std::min<int64_t>(duration, UINT32_MAX));
  w.key = true;
  w.data = s.data;
  writer_->add(w);
  line.wrote_until(*at + duration);
  if (!layout_.video) end_pts_ = std::max(end_pts_, s.pts + duration * kPtsHz / rate);
  return {};
}

Status SegmentFile::flush() {
  if (writer_->pending_bytes() == 0) return {};
  // A write that failed left nothing behind and may be done again (unlike a sync); a passing fault then costs nothing.
  if (!writer_->flush()) CBX_TRY(writer_->flush());
  flushed_ = true;
  flushed_pts_ = end_pts_;
  frames_ += pending_frames_;
  pending_frames_ = 0;
  sound_from_.reset();
  return {};
}

bool SegmentFile::fragment_is_full() const {
  return writer_->pending_bytes() >= kFragmentBytes;
}

void SegmentFile::drop_pending() {
  sound_from_.reset();
  writer_->drop_pending();
  pending_frames_ = 0;
}

bool SegmentFile::finish(std::unique_ptr<SegmentFile> f, const Shared& shared, const std::string& how, Pts90k end_pts,
                         int64_t lost, std::shared_ptr<std::atomic<uint64_t>> moov_bytes, bool staggered,
                         WallMs& recorded_until) {
  if (!f->flushed_) {
    (void)shared.fs.unlink(f->file_->path());
    return false;
  }
  FinishJob job;
  job.record = std::move(f->record_);
  SegmentRecord& r = job.record;
  r.end = how;
  r.duration_ms = std::max<Pts90k>(0, end_pts - f->first_pts_ + 45) / 90;
  if (f->layout_.video) r.fps = frame_rate(f->layout_.video->video, f->frames_, end_pts - f->first_pts_);
  r.lost = lost;
  recorded_until = r.start + Millis{r.duration_ms};
  job.file = std::move(f->file_);
  job.writer = std::move(f->writer_);
  job.moov_bytes = std::move(moov_bytes);
  // When descriptors are short, the next files of others wait for this one.
  const bool short_of_descriptors = job.file->fd() >= shared.descriptors / 2;
  shared.closer.finish(std::move(job), staggered && !short_of_descriptors);
  return true;
}

}  // namespace cbx::segment

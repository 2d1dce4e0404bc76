#include "playback/live_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "mp4/box.h"
#include "mp4/codecs.h"
#include "mp4/sample_table.h"

namespace cbx::playback {
namespace {

using codec::kPtsHz;

constexpr int kHz = static_cast<int>(kPtsHz);
// How long a file may look like none: its head is written in steps, and a network shows zeros for a moment.
constexpr std::chrono::seconds kPatience{3};
// How long a flush that isn't whole holds back its first fragments: it is one write.
constexpr Millis kFlushTime{1000};
// More than any flush has.
constexpr uint64_t kMostUnread = 64 << 20;
// No file is longer.
constexpr codec::Pts90k kMostTime = 48 * 3600 * kPtsHz;
constexpr size_t kGroupsWithParts = 4;

WallMs wall_of(const timespec& t) {
  return WallMs{Millis{int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000}};
}

Group group_of(const mp4::FileGroup& g) {
  return {g.offset, g.bytes, g.at_ms, g.duration_ms};
}

int timescale_of(const mp4::Layout& layout, int track) {
  return std::max(1, codec::track_timescale(layout.tracks[static_cast<size_t>(track)]));
}

}  // namespace

std::optional<FileId> file_id(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  return FileId{st.st_dev, st.st_ino};
}

Result<std::unique_ptr<LiveFile>> LiveFile::open(const std::string& path, WallMs start) {
  PosixFilesystem disk;
  std::unique_ptr<LiveFile> f(new LiveFile);
  CBX_ASSIGN(f->file_, disk.open(path, OpenMode::read_regular));
  struct stat st {};
  if (::fstat(f->file_->fd(), &st) != 0) return fail(os_error(errno, "cannot look at '" + path + "'"));
  f->id_ = {st.st_dev, st.st_ino};
  f->piece_.start = start;
  return f;
}

Result<bool> LiveFile::look(Monotonic now) {
  if (!file_) return false;
  struct stat st {};
  if (::fstat(file_->fd(), &st) != 0) return fail(os_error(errno, "cannot look at '" + file_->path() + "'"));
  unlinked_ = st.st_nlink == 0;
  modified_ = wall_of(st.st_mtim);
  const auto size = static_cast<uint64_t>(std::max<off_t>(0, st.st_size));
  if (size == size_ && layout_ && !odd_since_) return false;
  size_ = size;
  if (!layout_) {
    CBX_ASSIGN(const bool there, locate(now));
    if (!there) return false;
  }
  // A write failed and was taken back: what is listed of it must go, too.
  const bool shorter = size < at_;
  if (shorter) restart();
  CBX_ASSIGN(const bool changed, walk(now));
  return changed || shorter;
}

Result<bool> LiveFile::locate(Monotonic now) {
  auto layout = mp4::locate(*file_);
  if (!layout && layout.error().code() != ErrorCode::data) return fail(std::move(layout).error());
  if (!layout) {
    if (!odd_since_) odd_since_ = now;
    if (now - *odd_since_ >= kPatience) return fail(std::move(layout).error());
    return false;
  }
  odd_since_.reset();
  Bytes init(static_cast<size_t>(layout->init_size));
  CBX_ASSIGN(const size_t n, file_->read_at(layout->init_offset, init));
  if (n < init.size()) return false;
  piece_.init = mp4::init_id(init);
  piece_.codecs = mp4::codecs_string(layout->tracks);
  layout_ = std::move(*layout);
  const auto video = std::find_if(layout_->tracks.begin(), layout_->tracks.end(),
                                  [](const codec::TrackConfig& t) { return codec::is_video(t.codec); });
  cut_track_ = video == layout_->tracks.end() ? 0 : static_cast<int>(video - layout_->tracks.begin());
  if (video != layout_->tracks.end()) {
    piece_.width = video->video.width;
    piece_.height = video->video.height;
    piece_.rotation = video->video.rotation;
  }
  restart();
  return true;
}

// From the first fragment on.
void LiveFile::restart() {
  at_ = layout_->fragments_offset;
  cutter_.emplace(layout_->tracks, layout_->info);
  piece_.pts = end_pts_ = layout_->info.pts;
  piece_.duration_ms = 0;
  piece_.bytes = 0;
  groups_.clear();
  flush_.clear();
  part_.reset();
  group_dts_.reset();
  part_end_ms_ = 0;
  pictures_ = 0;
  picture_ticks_ = 0;
  odd_since_.reset();
}

Result<bool> LiveFile::walk(Monotonic now) {
  const uint64_t end = layout_->finished ? std::min(size_, layout_->end) : size_;
  const int tracks = static_cast<int>(layout_->tracks.size());
  bool changed = false;
  while (true) {
    CBX_ASSIGN(const auto fragment, mp4::read_fragment(*file_, at_, end, tracks));
    if (!fragment) break;
    const codec::Pts90k at = mp4::rescale(fragment->tfdt, timescale_of(*layout_, fragment->track), kHz);
    if (std::abs(at - layout_->info.pts) > kMostTime)
      return fail(ErrorCode::data, fmt::format("'{}' has impossible times", file_->path()));
    // A flush writes each track once, in their order.
    if (!flush_.empty() && fragment->track <= flush_.back().track) changed |= commit_flush(false);
    measure(*fragment);
    flush_.push_back(mp4::brief_of(*fragment));
    at_ += fragment->size;
    odd_since_.reset();
    if (fragment->track == tracks - 1) changed |= commit_flush(false);
  }
  if (at_ >= end) {
    odd_since_.reset();
    return commit_flush(false) || changed;
  }
  CBX_TRY(check_rest(now));
  if (now - *odd_since_ >= kFlushTime) changed |= commit_flush(false);
  return changed;
}

// What is behind the last whole fragment: the beginning of the next, or the moov of a file that is being finished.
Status LiveFile::check_rest(Monotonic now) {
  if (!odd_since_) odd_since_ = now;
  uint8_t header[mp4::kBoxHeader] = {};
  CBX_ASSIGN(const size_t n, file_->read_at(at_, header));
  const bool whole = n == sizeof(header);
  const uint32_t type = read_be32(header + 4);
  if (whole && type == mp4::fourcc("moov")) return {};
  const bool foreign = whole && type != mp4::fourcc("moof") && now - *odd_since_ >= kPatience;
  if (!foreign && size_ - at_ <= kMostUnread) return {};
  return fail(ErrorCode::data, fmt::format("'{}' holds something else behind its fragments", file_->path()));
}

bool LiveFile::commit_flush(bool last) {
  const bool changed = !flush_.empty() || (last && part_);
  for (const mp4::Fragment& fragment : flush_) add_to_group(fragment);
  flush_.clear();
  if (part_ && (part_has_picture_ || last)) close_part();
  if (changed && !groups_.empty()) groups_.back().group = group_of(*cutter_->open());
  return changed;
}

void LiveFile::add_to_group(const mp4::Fragment& fragment) {
  const auto done = cutter_->add(fragment);
  if (done) {
    if (part_) close_part();
    close_group(*done);
  }
  if (done || groups_.empty()) {
    groups_.emplace_back();
    groups_.back().group = group_of(*cutter_->open());
    part_end_ms_ = groups_.back().group.at_ms;
    group_dts_.reset();
    if (groups_.size() > kGroupsWithParts) groups_[groups_.size() - kGroupsWithParts - 1].parts.clear();
  }
  if (!part_) {
    part_ = Part{fragment.offset, 0, part_end_ms_, 0, false};
    part_has_picture_ = false;
  }
  part_->bytes = fragment.offset + fragment.size - part_->offset;
  piece_.bytes = static_cast<int64_t>(at_);
  if (fragment.track != cut_track_) return;
  const int timescale = timescale_of(*layout_, cut_track_);
  if (!group_dts_) group_dts_ = fragment.tfdt;
  // Along the decoding times, which have no holes: rounded from the group's begin, so that parts add up.
  const int64_t end =
      groups_.back().group.at_ms + mp4::rescale(fragment.tfdt + fragment.duration - *group_dts_, timescale, 1000);
  if (!part_has_picture_) part_->independent = fragment.key && part_->offset == fragment.offset;
  part_has_picture_ = true;
  part_->duration_ms = std::max<int64_t>(0, end - part_->at_ms);
  end_pts_ = std::max(end_pts_, mp4::rescale(fragment.end_pts, timescale, kHz));
  if (groups_.size() == 1 && groups_.back().parts.empty()) {
    // As the cutter: a file whose info says something else than its fragments.
    const codec::Pts90k first = mp4::rescale(fragment.first_pts, timescale, kHz);
    if (std::abs(first - *piece_.pts) > kPtsHz) {
      piece_.pts = first;
      end_pts_ = mp4::rescale(fragment.end_pts, timescale, kHz);
    }
  }
  piece_.duration_ms = std::max<int64_t>(0, mp4::rescale(end_pts_ - *piece_.pts, kHz, 1000));
}

void LiveFile::close_part() {
  part_->duration_ms = std::max<int64_t>(1, part_->duration_ms);
  part_end_ms_ = part_->at_ms + part_->duration_ms;
  groups_.back().parts.push_back(*part_);
  part_.reset();
}

void LiveFile::close_group(const mp4::FileGroup& group) {
  groups_.back().group = group_of(group);
}

// Pictures a second, as far as it is known.
void LiveFile::measure(const mp4::FragmentHead& fragment) {
  if (fragment.track != cut_track_ || piece_.width == 0) return;
  pictures_ += fragment.samples.size();
  picture_ticks_ += fragment.duration;
  if (picture_ticks_ > 0)
    piece_.fps = std::round(static_cast<double>(pictures_) * static_cast<double>(kPtsHz) * 100 /
                            static_cast<double>(picture_ticks_)) /
                 100;
}

bool LiveFile::finish() {
  if (!file_) return false;
  const bool changed = layout_ && commit_flush(true);
  (void)file_->close();
  file_.reset();
  return changed;
}

void LiveFile::end_at(codec::Pts90k pts) {
  if (groups_.empty()) return;
  Group& last = groups_.back().group;
  const int64_t duration = mp4::rescale(pts - *piece_.pts, kHz, 1000) - last.at_ms;
  if (duration > 0) last.duration_ms = duration;
  piece_.duration_ms = last.at_ms + last.duration_ms;
  end_pts_ = pts;
}

}  // namespace cbx::playback

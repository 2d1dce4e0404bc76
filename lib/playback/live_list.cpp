#include "playback/live_list.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace cbx::playback {
namespace {

// What the usual GOPs make (lib/mp4/groups.h), so that it need not change in the middle of a stream, and the longest
// part that a recorder makes of usual frames.
constexpr int64_t kUsualTarget = 8000, kUsualPart = 600;
// x264 without other orders makes a key frame every 250 pictures: at 10 a second that is 25 s.
constexpr int64_t kLongestLearnt = 30'000;
// A run is known by its first file, which should still be there: now and then another file stands for it.
constexpr std::chrono::hours kRun{6};

// To the nearest second (RFC 8216bis, 4.4.3.1).
int64_t rounded(int64_t ms) {
  return (ms + 500) / 1000 * 1000;
}

// Four numbers a second since 2020: groups come slower than that, so a later start of the server begins behind what it
// numbered before.  Below 2^31 until 2037, for players that count so far.
uint64_t number_at(WallMs now) {
  constexpr WallMs k2020{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};
  return static_cast<uint64_t>(std::max<int64_t>(0, (now - k2020).count()) / 250);
}

// One an hour since 2026.  These must stay small: hls.js has an array that is as long, and walks through all of it for
// every playlist and every part.  Where a camera came back more often than that before the server was started again,
// it is the jump of the media sequence that tells players to begin anew.
uint64_t discontinuity_at(WallMs now) {
  constexpr WallMs k2026{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
  return static_cast<uint64_t>(std::max<int64_t>(0, (now - k2026).count()) / 3'600'000);
}

}  // namespace

bool LiveList::continues(const LiveFile& before, const LiveFile& after) {
  return !after.info().connection.empty() && before.info().connection == after.info().connection &&
         goes_on(before.piece(), after.piece());
}

size_t LiveList::groups() const {
  size_t n = 0;
  for (const Entry& e : files_) n += e.groups();
  return n;
}

int64_t LiveList::span_ms() const {
  int64_t ms = 0;
  for (const Entry& e : files_) {
    for (size_t i = e.from; i < e.file->groups().size(); ++i) ms += e.file->groups()[i].group.duration_ms;
  }
  return ms;
}

bool LiveList::full() const {
  return span_ms() >= window_.count();
}

void LiveList::link(Entry& entry, const Entry* before) {
  Piece& piece = entry.file->piece();
  piece.continues = before && continues(*before->file, *entry.file);
  const bool same_run = piece.continues && piece.start - before->run < kRun;
  entry.run = same_run ? before->run : piece.start;
  entry.run_begin = same_run ? before->run_begin : track_time(piece, {});
  if (piece.continues) before->file->end_at(*piece.pts);
}

void LiveList::append(std::unique_ptr<LiveFile> file, WallMs now) {
  if (!files_.empty()) (void)files_.back().file->finish();
  // What is left of one whose only bytes were taken back.
  if (!files_.empty() && files_.back().file->groups().empty()) files_.pop_back();
  if (files_.empty()) {
    first_ = next_ = std::max(next_, number_at(now));
    first_discontinuity_ = next_discontinuity_ = std::max(next_discontinuity_, discontinuity_at(now));
  }
  Entry entry{std::move(file), 0, {}};
  link(entry, files_.empty() ? nullptr : &files_.back());
  if (!files_.empty() && !entry.file->piece().continues) next_discontinuity_++;
  files_.push_back(std::move(entry));
}

void LiveList::prepend(std::unique_ptr<LiveFile> file) {
  (void)file->finish();
  files_.push_front({std::move(file), 0, {}});
  for (size_t i = 0; i < files_.size(); ++i) link(files_[i], i > 0 ? &files_[i - 1] : nullptr);
}

void LiveList::learn_from(const LiveFile& file) {
  for (const LiveGroup& g : file.groups()) {
    // One that was longer was a fault, which need not come again.
    if (g.group.duration_ms <= kLongestLearnt) target_ms_ = std::max(target_ms_, rounded(g.group.duration_ms));
  }
}

bool LiveList::renamed(FileId id, WallMs start) {
  for (Entry& e : files_) {
    if (e.file->id() != id || e.file->piece().start == start) continue;
    const WallMs before = std::exchange(e.file->piece().start, start);
    for (Entry& other : files_) {
      if (other.run == before) other.run = start;
    }
    return true;
  }
  return false;
}

bool LiveList::has(WallMs start) const {
  return std::any_of(files_.begin(), files_.end(), [start](const Entry& e) { return e.file->piece().start == start; });
}

bool LiveList::has(FileId id) const {
  return std::any_of(files_.begin(), files_.end(), [id](const Entry& e) { return e.file->id() == id; });
}

void LiveList::pop_file() {
  if (files_.size() > 1 && !files_[1].file->piece().continues) first_discontinuity_++;
  files_.pop_front();
}

void LiveList::pop_group() {
  while (files_.size() > 1 && files_.front().groups() == 0) pop_file();
  if (files_.front().groups() == 0) return;
  files_.front().from++;
  first_++;
  while (files_.size() > 1 && files_.front().groups() == 0) pop_file();
}

bool LiveList::removed(WallMs start) {
  const auto at =
      std::find_if(files_.begin(), files_.end(), [&](const Entry& e) { return e.file->piece().start == start; });
  if (at == files_.end()) return false;
  for (auto n = at - files_.begin() + 1; n > 0; --n) {
    first_ += files_.front().groups();
    next_ = std::max(next_, first_);
    pop_file();
  }
  if (files_.empty()) clear();
  return true;
}

void LiveList::begin_anew() {
  while (groups() > 1) pop_group();
  // Even the open group gets another number: under its own it was told as a whole one.
  first_ = next_;
  first_discontinuity_ = ++next_discontinuity_;
}

void LiveList::clear() {
  files_.clear();
  next_++;
  next_discontinuity_++;
}

LiveView LiveList::view(bool ended) {
  int64_t span = span_ms();
  while (groups() > 1) {
    while (files_.front().groups() == 0) pop_file();
    const Entry& front = files_.front();
    const int64_t oldest = front.file->groups()[front.from].group.duration_ms;
    if (span - oldest < window_.count()) break;
    span -= oldest;
    pop_group();
  }

  LiveView v;
  v.device = device_;
  v.first = first_;
  v.first_discontinuity = first_discontinuity_;
  v.ended = ended;
  for (const Entry& e : files_) {
    if (e.groups() == 0) continue;
    v.pieces.push_back(e.file->piece());
    v.runs.push_back(e.run);
    v.run_begins.push_back(e.run_begin);
    for (size_t i = e.from; i < e.file->groups().size(); ++i) {
      v.groups.push_back(e.file->groups()[i]);
      v.groups.back().piece = v.pieces.size() - 1;
    }
  }
  if (!v.pieces.empty()) v.until = v.pieces.back().start + Millis{v.pieces.back().duration_ms};
  next_ = std::max(next_, first_ + v.groups.size());

  target_ms_ = std::max(target_ms_, kUsualTarget);
  part_target_ms_ = std::max(part_target_ms_, kUsualPart);
  for (const LiveGroup& g : v.groups) {
    // The open one is judged when it is whole.
    if (ended || &g != &v.groups.back()) target_ms_ = std::max(target_ms_, rounded(g.group.duration_ms));
    for (const Part& p : g.parts) part_target_ms_ = std::max(part_target_ms_, p.duration_ms);
  }
  v.target_ms = target_ms_;
  v.part_target_ms = part_target_ms_;
  // Parts are for those who play the newest (RFC 8216bis, 6.2.2).
  int64_t behind = 0;
  for (size_t i = v.groups.size(); i-- > 0;) {
    if (behind > 3 * target_ms_) v.groups[i].parts.clear();
    behind += v.groups[i].group.duration_ms;
  }
  return v;
}

}  // namespace cbx::playback

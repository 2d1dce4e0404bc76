// One file of a live window, read while it grows: every box once, whole flushes of the recorder only.
#pragma once

#include <sys/types.h>

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "mp4/groups.h"
#include "mp4/hybrid_file.h"
#include "playback/live.h"

namespace cbx::playback {

// A file whatever its name is.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const FileId&) const = default;
};
// Of the file of that name; nullopt if there is none, or it is no regular file.
std::optional<FileId> file_id(const std::string& path);

// Not thread-safe.
class LiveFile {
 public:
  // `start`: as its name says.
  static Result<std::unique_ptr<LiveFile>> open(const std::string& path, WallMs start);

  // Reads what was added, or notices that something was taken away again; true if there is another view to show.
  // Error `data`: the file is none of cbx's, or something else was written into it; that is found out only when it has
  // had the time to become one.
  Result<bool> look(Monotonic now);
  // Nothing more will come: what was held back counts, and the file is closed.  True if that changed something.
  bool finish();
  bool growing() const { return file_ != nullptr; }

  FileId id() const { return id_; }
  const Piece& piece() const { return piece_; }
  Piece& piece() { return piece_; }
  const mp4::FileInfo& info() const { return layout_->info; }
  bool located() const { return layout_.has_value(); }
  // Its name is gone, and its bytes with it as soon as nobody has it open.
  bool unlinked() const { return unlinked_; }
  WallMs modified() const { return modified_; }

  // There is something to show.
  bool begun() const { return groups_.size() > 1 || (!groups_.empty() && !groups_.front().parts.empty()); }
  // While the file grows the last one is open.
  const std::vector<LiveGroup>& groups() const { return groups_; }
  // What the file after it says about where the last group ends.
  void end_at(codec::Pts90k pts);
  // Presentation: where the last picture (or sound) ends, as pts of the tfdt time line and on the wall clock.
  codec::Pts90k end_pts() const { return end_pts_; }
  WallMs until() const { return piece_.start + Millis{piece_.duration_ms}; }

 private:
  LiveFile() = default;
  Result<bool> locate(Monotonic now);
  void restart();
  Result<bool> walk(Monotonic now);
  Status check_rest(Monotonic now);
  void take(const mp4::FragmentHead& fragment);
  bool commit_flush(bool last);
  void add_to_group(const mp4::Fragment& fragment);
  void close_part();
  void close_group(const mp4::FileGroup& group);
  void measure(const mp4::FragmentHead& fragment);

  std::unique_ptr<File> file_;
  FileId id_;
  bool unlinked_ = false;
  WallMs modified_{};
  uint64_t size_ = 0;  // when it was looked at last
  std::optional<Monotonic> odd_since_;
  std::optional<mp4::Layout> layout_;

  Piece piece_;
  uint64_t at_ = 0;  // behind the last whole fragment
  int cut_track_ = 0;
  std::optional<mp4::GroupCutter> cutter_;
  std::vector<LiveGroup> groups_;
  std::vector<mp4::Fragment> flush_;  // whole fragments of a flush whose end isn't there yet
  // The part that is being put together: sound alone waits for the picture that it belongs to.
  std::optional<Part> part_;
  bool part_has_picture_ = false;
  int64_t part_end_ms_ = 0;           // of the last one in the open group
  std::optional<int64_t> group_dts_;  // of the open group's first fragment of the cutting track
  codec::Pts90k end_pts_ = 0;
  uint64_t pictures_ = 0;
  int64_t picture_ticks_ = 0;
};

}  // namespace cbx::playback

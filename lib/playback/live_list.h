// What a live playlist of one device spans: files one after the other, of the first perhaps only the last groups, of
// the last one what there is of it.  Numbers its groups, so that a number never comes to mean another group.
#pragma once

#include <deque>
#include <memory>

#include "playback/live_file.h"

namespace cbx::playback {

// Not thread-safe.
class LiveList {
 public:
  LiveList(std::string device, Millis window) : device_(std::move(device)), window_(window) {}

  bool empty() const { return files_.empty(); }
  // The one that grows; null if there is none.
  LiveFile* newest() { return files_.empty() ? nullptr : files_.back().file.get(); }
  // As much as the window spans, or more.
  bool full() const;

  // The file behind the newest, which is finished first.  `now` numbers the first group of all.
  void append(std::unique_ptr<LiveFile> file, WallMs now);
  // A file that the oldest one continues; only as long as view() was never called since the list was empty.
  void prepend(std::unique_ptr<LiveFile> file);
  // Whether the time line of `before` goes on in `after`.
  static bool continues(const LiveFile& before, const LiveFile& after);

  // What the camera recorded before tells how long its groups get.  Players are told at the beginning, as it should not
  // change later (RFC 8216, 4.3.3.1 and 6.2.1): it grows only where a camera's key frames become rarer than they were.
  void learn_from(const LiveFile& file);

  LiveFile* oldest() { return files_.empty() ? nullptr : files_.front().file.get(); }
  // Where a finished file's name was taken already, it has become a later one: true if it is one of these.
  bool renamed(FileId id, WallMs start);
  // A file was deleted: neither it nor what is before it is shown any more.  True if it was one of these.
  bool removed(WallMs start);
  // Nothing but the group that is open: those who saw the end have left, others begin here.
  void begin_anew();
  void clear();
  // Whether `start` is that of one of the files.
  bool has(WallMs start) const;
  bool has(FileId id) const;

  // Lets go what the window doesn't span any more, and shows the rest.  Not while empty.
  LiveView view(bool ended);

 private:
  struct Entry {
    std::unique_ptr<LiveFile> file;
    size_t from = 0;  // the first of its groups that is in the list
    WallMs run{};
    int64_t run_begin = 0;
    size_t groups() const { return file->groups().size() - std::min(from, file->groups().size()); }
  };
  void link(Entry& entry, const Entry* before);
  void pop_file();
  void pop_group();
  size_t groups() const;
  int64_t span_ms() const;

  const std::string device_;
  const Millis window_;
  std::deque<Entry> files_;
  uint64_t first_ = 0, first_discontinuity_ = 0;  // numbers of the front
  uint64_t next_ = 0, next_discontinuity_ = 0;    // that were never given away
  int64_t target_ms_ = 0, part_target_ms_ = 0;
};

}  // namespace cbx::playback

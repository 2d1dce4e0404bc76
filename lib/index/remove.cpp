#include "index/remove.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "base/crash_point.h"
#include "store/derived.h"
#include "store/journal.h"

namespace cbx::index {
namespace {

// A full disk gets its first room soon, a large tree few syncs.
constexpr size_t kFirstGroup = 32;
constexpr size_t kLargestGroup = 16384;
constexpr size_t kMostDays = 512;
// Rows a transaction: a writer beside it waits some milliseconds at most.
constexpr size_t kRows = 500;
// Up to so many folders are synced one by one; beyond, their file system is.
constexpr size_t kFewFolders = 4;
constexpr int kTries = 6;

bool has_entries(const std::string& folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  return error ? error != std::errc::no_such_file_or_directory : entries != std::filesystem::directory_iterator{};
}

bool no_space(const Error& error) {
  return error.os_error() == ENOSPC || error.os_error() == EDQUOT;
}

}  // namespace

// Unlinks beside the thread that writes rows.  Its queue is short, so that rows never run far ahead of files, and the
// index's lock is free while they are unlinked.
class Remover::Unlinker {
 public:
  Unlinker(Filesystem& fs, const store::Store& store)
      : fs_(fs), store_(store), base_(store.media_path()), thread_([this] { run(); }) {}
  ~Unlinker() { (void)finish(); }

  void add(const Day& day) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return queue_.size() < kQueue; });
    queue_.push_back(&day);
    work_.notify_one();
  }
  // Waits for all of it; what went wrong, by path.
  std::vector<std::pair<std::string, Error>> finish() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      work_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    return std::move(failures_);
  }
  // Of what was made of the recordings.  After finish().
  const std::vector<std::pair<std::string, Error>>& derived_failures() const { return derived_failures_; }

 private:
  static constexpr size_t kQueue = 4;

  void run() {
    for (;;) {
      const Day* day = nullptr;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [&] { return ended_ || !queue_.empty(); });
        if (queue_.empty()) return;
        day = queue_.front();
        queue_.pop_front();
        room_.notify_one();
      }
      // First, while the recording still is what tells whose they are.
      if (const Status removed = store::remove_derived(fs_, store_, day->folder, day->names); !removed)
        derived_failures_.emplace_back(store::derived_path(store_) + "/" + day->folder, removed.error());
      crash_point("delete.unlink");
      const Status opened = fs_.unlink_in(base_, day->folder, day->names, [&](size_t i, const Error& error) {
        failures_.emplace_back(day->folder + "/" + day->names[i], error);
      });
      if (!opened) failures_.emplace_back(day->folder, opened.error());
    }
  }

  Filesystem& fs_;
  const store::Store& store_;
  const std::string base_;
  std::mutex mutex_;
  std::condition_variable work_, room_;
  std::deque<const Day*> queue_;
  bool ended_ = false;
  std::vector<std::pair<std::string, Error>> failures_, derived_failures_;  // the thread's until it is joined
  std::thread thread_;
};

Remover::Remover(Filesystem& fs, Index& index, Removal removal)
    : fs_(fs), index_(index), removal_(std::move(removal)), group_limit_(kFirstGroup) {}
Remover::~Remover() = default;

DeleteRecord Remover::record(const Day& day, const StoredFile& file) const {
  DeleteRecord r;
  r.device = day.device;
  r.time = removal_.now;
  r.start = file.start;
  r.path = index_.store().segment_path(day.device, file.start);
  r.reason = day.reason;
  r.bytes = file.bytes;
  r.dry_run = removal_.dry_run;
  r.who = removal_.who;
  return r;
}

void Remover::fail_on(const std::string& what, const Error& error) {
  failures_++;
  if (removal_.failed) removal_.failed(what, error);
}

Status Remover::add(const std::string& device, const StoredFile& file, const std::string& reason) {
  const store::Store& store = index_.store();
  std::string folder = store.day_folder(device, file.start);
  if (removal_.dry_run) {
    files_++;
    bytes_ += file.bytes;
    if (removal_.done) removal_.done(record(Day{device, std::move(folder), reason, {}, {}, {}}, file));
    return {};
  }
  if (bad_devices_.contains(device)) return {};
  Day& day = group_[{folder, reason}];
  if (day.files.empty()) {
    day.device = device;
    day.folder = std::move(folder);
    day.reason = reason;
  }
  day.files.push_back(file);
  day.names.push_back(store.segment_name(file.start));
  if (++grouped_ < group_limit_ && group_.size() < kMostDays) return {};
  return run_group();
}

Status Remover::flush() {
  CBX_TRY(run_group());
  sync_folders(unsynced_);
  tell(unsynced_);
  return {};
}

Status Remover::with_room(const std::function<Status()>& step) {
  for (int tries = 1;; tries++) {
    Status done = step();
    if (done || !no_space(done.error()) || tries == kTries || !removal_.make_room || !removal_.make_room()) return done;
  }
}

Status Remover::run_group() {
  if (grouped_ == 0) return {};
  std::vector<Day> days;
  for (auto& [key, day] : group_) days.push_back(std::move(day));
  group_.clear();
  grouped_ = 0;
  group_limit_ = std::min(group_limit_ * 4, kLargestGroup);

  crash_point("delete.journal");
  CBX_TRY(write_tombstones(days));
  // The same sync made the files of the group before durably gone.
  tell(unsynced_);

  Unlinker unlinker(fs_, index_.store());
  Status rows;
  for (const Day& day : days) {
    crash_point("delete.row");
    rows = bury(day);
    if (!rows) break;
    unlinker.add(day);
  }
  for (const auto& [path, error] : unlinker.finish()) {
    fail_on(path, error);
    // What could not be unlinked is not told as deleted.
    for (Day& day : days) {
      if (!path.starts_with(day.folder)) continue;
      for (size_t i = 0; i < day.names.size(); i++) {
        if (path != day.folder && path != day.folder + "/" + day.names[i]) continue;
        day.names.erase(day.names.begin() + static_cast<ptrdiff_t>(i));
        day.files.erase(day.files.begin() + static_cast<ptrdiff_t>(i--));
      }
    }
  }
  for (const auto& [path, error] : unlinker.derived_failures()) fail_on(path, error);
  CBX_TRY(rows);
  unsynced_ = std::move(days);
  return {};
}

// The index has files there.  Without the disk, tombstones would be written into journals of their own below the mount
// point; behind a symbolic link, which deletions don't follow, files would stay.  Either way the index would forget
// files that nobody deleted.
Status Remover::folder_is_there(const Day& day) const {
  const std::string device = index_.store().media_path() + "/" + day.device;
  for (const std::string& folder : {device, index_.store().media_path() + "/" + day.folder}) {
    std::error_code ignored;
    if (std::filesystem::is_symlink(folder, ignored))
      return fail(ErrorCode::io,
                  fmt::format("'{}' is a symbolic link, which is not followed (a bind mount is)", folder));
  }
  if (has_entries(device)) return {};
  return fail(ErrorCode::io, fmt::format("'{}' is not there or empty: is the disk mounted? If its files are gone for "
                                         "good, 'cbx-verify --repair' tells the index",
                                         device));
}

// Leaves out the days whose journal cannot be written.
Status Remover::write_tombstones(std::vector<Day>& days) {
  const bool one_by_one = days.size() <= kFewFolders;
  std::string lines;
  std::erase_if(days, [&](Day& day) {
    lines.clear();
    for (const StoredFile& file : day.files) lines += to_line(record(day, file)) + "\n";
    const Status written = with_room([&]() -> Status {
      CBX_TRY(folder_is_there(day));
      CBX_ASSIGN(day.tombstones,
                 store::append_lines(fs_, index_.store(), day.device, day.files[0].start, lines, one_by_one));
      return {};
    });
    if (written) return false;
    if (bad_devices_.insert(day.device).second) fail_on(day.device, written.error());
    return true;
  });
  if (one_by_one) {
    sync_folders(unsynced_);
    return {};
  }
  // A device's folder may be a mount of its own.
  std::map<dev_t, const Day*> disks;
  const std::string base = index_.store().media_path() + "/";
  for (const auto* group : {&days, &unsynced_})
    for (const Day& day : *group) {
      struct stat st {};
      if (::stat((base + day.folder).c_str(), &st) == 0) disks.emplace(st.st_dev, &day);
    }
  for (const auto& [disk, day] : disks) {
    const Status synced = fs_.sync_all(base + day->folder);
    if (synced) continue;
    // Tombstones that may not be on the disk allow nothing to be deleted there.
    fail_on(day->folder, synced.error());
    std::erase_if(days, [&, disk = disk](const Day& other) {
      struct stat st {};
      if (::stat((base + other.folder).c_str(), &st) == 0 && st.st_dev != disk) return false;
      bad_devices_.insert(other.device);
      return true;
    });
  }
  return {};
}

void Remover::sync_folders(std::span<const Day> days) {
  crash_point("delete.sync");
  const std::string base = index_.store().media_path() + "/";
  std::set<dev_t> disks;
  for (const Day& day : days) {
    struct stat st {};
    if (::stat((base + day.folder).c_str(), &st) != 0) continue;
    const bool whole = days.size() > kFewFolders;
    if (whole && !disks.insert(st.st_dev).second) continue;
    const Status synced = whole ? fs_.sync_all(base + day.folder) : fs_.sync_dir(base + day.folder);
    if (!synced) fail_on(day.folder, synced.error());
  }
}

void Remover::tell(std::vector<Day>& days) {
  for (const Day& day : days)
    for (const StoredFile& file : day.files) {
      files_++;
      bytes_ += file.bytes;
      if (removal_.done) removal_.done(record(day, file));
    }
  days.clear();
}

Status Remover::bury(const Day& day) {
  const std::span<const StoredFile> files(day.files);
  for (size_t i = 0; i < files.size(); i += kRows)
    CBX_TRY(bury_run(day, files.subspan(i, std::min(kRows, files.size() - i))));
  // Nobody has to read these tombstones again, if all before them was read.
  return with_room(
      [&] { return index_.move_cursor(day.folder + "/records.jsonl", day.tombstones.from, day.tombstones.to); });
}

// Files that are neighbours in the index go by one statement; where others are between them, by halves.
Status Remover::bury_run(const Day& day, std::span<const StoredFile> files) {
  constexpr size_t kSingly = 8;
  if (files.empty()) return {};
  if (files.size() <= kSingly) {
    std::vector<Record> records;
    for (const StoredFile& file : files) records.emplace_back(record(day, file));
    return with_room([&]() -> Status {
      CBX_TRY(index_.apply(records));
      return {};
    });
  }
  bool buried = false;
  CBX_TRY(with_room([&]() -> Status {
    CBX_ASSIGN(buried, index_.bury(day.device, files.front().start, files.back().start, files.size(), removal_.now,
                                   day.reason));
    return {};
  }));
  if (buried) return {};
  CBX_TRY(bury_run(day, files.first(files.size() / 2)));
  return bury_run(day, files.subspan(files.size() / 2));
}

Status remove_segments(Filesystem& fs, Index& index, std::span<const SegmentRecord> segments, const Removal& removal) {
  std::optional<Error> first;
  Removal noting = removal;
  noting.failed = [&](const std::string& what, const Error& error) {
    if (!first) first = error;
    if (removal.failed) removal.failed(what, error);
  };
  Remover remover(fs, index, std::move(noting));
  for (const auto& s : segments) CBX_TRY(remover.add(s.device, {s.start, s.duration_ms, s.bytes}, removal.reason));
  CBX_TRY(remover.flush());
  if (first) return fail(std::move(*first));
  return {};
}

}  // namespace cbx::index

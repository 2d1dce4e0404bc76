// index.db: a cache of the journals that can be asked quickly.  See cbx-store(5).
//
// Every write is idempotent and independent of the order of arrival: the same record twice changes nothing, a segment
// whose tombstone is known stays away.  Reading never sees half a batch.  Errors: no_input (no index.db), try_again
// (locked for longer than the busy timeout), data (damaged; the message says how to make it again), io, config.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/records.h"
#include "base/time_range.h"
#include "store/store.h"

namespace cbx::index {

// The link of one device over one minute, of all its connections together: sums, and the largest RTT and buffer.
struct LinkMinute {
  WallMs minute{};
  int64_t duration_ms = 0, bytes = 0, packets = 0, missing = 0, retransmitted = 0, lost = 0;
  int rtt_ms = 0, buffer_ms = 0;
  int connections = 1;
  bool operator==(const LinkMinute&) const = default;
};

struct Connection {
  std::string id;
  std::optional<WallMs> open, close;
  std::string peer, protocol;
  int encryption = 0, latency_ms = 0;
  std::string cause, detail;
  int64_t duration_ms = 0, bytes = 0, packets = 0, lost = 0;
  // From open to close, or to when the device's next connection opened, or to `now`.
  TimeRange span;
};

struct Pin {
  TimeRange range;
  std::string reason;
  std::optional<WallMs> until;
  WallMs said{};
  std::string who{};
};

// What a playlist must know of a file.  Texts and groups hold as long as the visit lasts.
struct PlayableFile {
  WallMs start{};
  int64_t duration_ms = 0, bytes = 0;
  std::string_view codecs, init;
  int width = 0, height = 0, rotation = 0;
  double fps = 0;
  int64_t connection = 0;  // equal for files of one connection, 0 without
  std::optional<int64_t> pts;
  int64_t media_offset = 0;
  std::span<const SegmentGroup> groups;
};

// The least that is to be known of a finished file in order to delete it.
struct StoredFile {
  WallMs start{};
  int64_t duration_ms = 0, bytes = 0;
  WallMs end() const { return start + Millis{duration_ms}; }
  bool operator==(const StoredFile&) const = default;
};

struct StoredTotal {
  int64_t files = 0, bytes = 0;
  std::optional<WallMs> first, last;  // starts
};

// The rows of one device and day as they stand.
struct DayRows {
  std::vector<SegmentRecord> segments;  // by start, with all details
  std::set<WallMs> tombstones;
  std::map<WallMs, bool> missing;  // false: found again
};

struct Applied {
  int64_t segments = 0;              // new rows
  bool lagged = false;               // a `lagged` record was among them: the journals know more
  std::vector<std::string> refused;  // why records were left out
};

enum class Access { read, write };

// Move-only; one per thread, any number of processes.
class Index {
 public:
  // Access::write makes the file when there is none.  `busy` is how long a call waits for another writer.
  static Result<Index> open(const store::Store& store, Access access, Millis busy = Millis{10000});
  // A new one in a file of its own, to be copied into the real one or put in its place.
  static Result<Index> create_at(const store::Store& store, const std::string& path);
  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;
  ~Index();

  const store::Store& store() const;

  // Writes the records in one transaction.  `from_journal`: where they differ from what is there, they are right.
  Result<Applied> apply(std::span<const Record> records, bool from_journal = false);
  // The same, moving the journal's cursor to `offset` in the same transaction.
  Result<Applied> apply_journal(std::span<const Record> records, const std::string& journal, uint64_t offset);
  // How far each journal has been read.
  Result<std::map<std::string, uint64_t>> cursors();
  Result<uint64_t> cursor(const std::string& journal);
  Status forget_cursor(const std::string& journal);
  // From one place to another, if that is where it is.
  Status move_cursor(const std::string& journal, uint64_t from, uint64_t to);

  // Ids of all devices that any record spoke of, sorted.
  Result<std::vector<std::string>> devices();
  // The device's segments that overlap `range`, by start; `visit` returns false to stop.  Read in pages, so that
  // neither memory nor a read lock is held for a slow visitor.  `details`: sha256, connection, pts, clock offset and
  // lost are filled in, too.
  Status segments(std::string_view device, TimeRange range, bool details,
                  const std::function<bool(const SegmentRecord&)>& visit);
  // When the same files were recorded, and nothing else of them: a day in a fraction of the time.  One read lock is
  // held throughout; `visit` must not use this index.
  Status spans(std::string_view device, TimeRange range, const std::function<void(TimeRange)>& visit);
  Result<std::optional<SegmentRecord>> segment(std::string_view device, WallMs start);
  // The same files as segments(), as playlists see them, and as fast as can be: one read lock is held throughout.
  // `visit` must not use this index; it returns false to stop.
  Status playable(std::string_view device, TimeRange range, const std::function<bool(const PlayableFile&)>& visit);
  // Starts of files that have this init segment (SegmentRecord::init), the newest first, `limit` at most.
  Result<std::vector<WallMs>> files_with_init(std::string_view device, std::string_view init, size_t limit);
  Result<std::optional<DeleteRecord>> tombstone(std::string_view device, WallMs start);
  // Where deleted segments of `range` were.  A tombstone knows no end: it is taken to reach to the next one's start, at
  // most a minute.
  Result<std::vector<TimeRange>> deleted(std::string_view device, TimeRange range);
  // Segments whose file is missing (and was not deleted), as last said.
  Result<std::vector<MissingRecord>> missing(std::string_view device, TimeRange range);
  // What overlaps `range`, by time.
  Result<std::vector<LinkMinute>> links(std::string_view device, TimeRange range);
  Result<std::vector<Connection>> connections(std::string_view device, TimeRange range, WallMs now);
  Result<bool> has_connections(std::string_view device);
  // The connection that was opened last, and the last minute that a link is on record for.  Cheap however many there
  // are.
  Result<std::optional<Connection>> last_connection(std::string_view device, WallMs now);
  Result<std::optional<LinkMinute>> last_link(std::string_view device);
  Result<std::vector<EventRecord>> events(std::string_view device, TimeRange range);
  Result<std::vector<GapRecord>> gap_records(std::string_view device, TimeRange range);
  // Pins in force at `now`, what later unpins took off them already cut away; without `now` those that have run out,
  // too.
  Result<std::vector<Pin>> pins(std::string_view device, TimeRange range, std::optional<WallMs> now);

  // For pruning: the next `most` files of the device that start at `from` or later, by start.  A missing one is among
  // them, without bytes.
  Result<std::vector<StoredFile>> files(std::string_view device, WallMs from, size_t most);
  // Of the files that start in `range` and are there.
  Result<StoredTotal> total(std::string_view device, TimeRange range);
  // The last start before `before`.
  Result<std::optional<WallMs>> last_start(std::string_view device, WallMs before);
  // The targets that a segment has a `pushed` record for.
  Result<std::vector<std::string>> pushed_to(std::string_view device, WallMs start);
  // Buries the device's segments that start from `first` to `last`, if they are exactly `count`: tombstones in, rows
  // out, as applying as many `delete` records would, in one transaction that takes a fraction of the time.  False
  // (nothing happened) when they are not.
  Result<bool> bury(std::string_view device, WallMs first, WallMs last, size_t count, WallMs time,
                    std::string_view reason);
  // Starts of tombstones that were made at `since` or later.
  Result<std::vector<WallMs>> buried_since(std::string_view device, WallMs since);
  // Whether the journal of this day (its range) may go without changing what pins mean: none of its pins is in force,
  // none of its unpins cuts a pin of another day.
  Result<bool> day_is_forgettable(std::string_view device, TimeRange day, WallMs now);
  // Forgets what the journal of this day said, as if it had never been read; its segments must be gone.
  Status forget_day(std::string_view device, TimeRange day);

  // For those who look after the index itself (cbx-verify):
  // The rows of one device and day, missing files' too.
  Result<DayRows> day_rows(std::string_view device, TimeRange day);
  // The days (by the first instant of each, in the store's offset) that the device has rows of.
  Result<std::vector<WallMs>> days(std::string_view device);
  // Replaces what is there of a device and day by what its journal says, up to `offset`, in one transaction.
  Result<Applied> replace_day(const std::string& device, TimeRange day, std::span<const Record> records,
                              const std::string& journal, uint64_t offset);
  // What is wrong inside, each in a few words: damaged pages (found by reading all), rows that hang in the air.
  Result<std::vector<std::string>> check();
  // Takes away the rows that hang in the air.
  Status sweep();
  // Makes `target`'s contents those of this index, in one transaction of `target`.
  Status copy_into(Index& target);
  // Whether the file that is open is still the one that its path names.
  bool still_there() const;

  struct Impl;

 private:
  explicit Index(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::index

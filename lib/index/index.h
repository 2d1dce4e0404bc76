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

  // Ids of all devices that any record spoke of, sorted.
  Result<std::vector<std::string>> devices();
  // The device's segments that overlap `range`, by start; `visit` returns false to stop.  Read in pages, so that
  // neither memory nor a read lock is held for a slow visitor.  `details`: sha256, connection, pts, clock offset and
  // lost are filled in, too.
  Status segments(std::string_view device, TimeRange range, bool details,
                  const std::function<bool(const SegmentRecord&)>& visit);
  Result<std::optional<SegmentRecord>> segment(std::string_view device, WallMs start);
  Result<std::optional<DeleteRecord>> tombstone(std::string_view device, WallMs start);
  // Where deleted segments of `range` were.  A tombstone knows no end: it is taken to reach to the next one's start, at
  // most a minute.
  Result<std::vector<TimeRange>> deleted(std::string_view device, TimeRange range);
  // What overlaps `range`, by time.
  Result<std::vector<LinkMinute>> links(std::string_view device, TimeRange range);
  Result<std::vector<Connection>> connections(std::string_view device, TimeRange range, WallMs now);
  Result<bool> has_connections(std::string_view device);
  Result<std::vector<EventRecord>> events(std::string_view device, TimeRange range);
  Result<std::vector<GapRecord>> gap_records(std::string_view device, TimeRange range);
  // Pins in force at `now`, what later unpins took off them already cut away.
  Result<std::vector<Pin>> pins(std::string_view device, TimeRange range, WallMs now);

  struct Impl;

 private:
  explicit Index(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::index

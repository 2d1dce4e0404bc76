// What the parts of Index share (private to lib/index).
#pragma once

#include <unordered_map>

#include "db/database.h"
#include "index/index.h"

namespace cbx::index {

struct Format {
  std::string video;
  int width = 0, height = 0;
  double fps = 0;
  int rotation = 0;
  std::string audio, source, end;
};

// A list of groups in few bytes, for a column: per group the differences of its bytes and its duration to those of the
// group before, zigzag and base 128.  Unpacking appends; false (what was appended is then of no use) when it is none.
Bytes pack_groups(std::span<const SegmentGroup> groups);
bool unpack_groups(ByteSpan packed, std::vector<SegmentGroup>& groups);

// What is interned in `playback`.
struct Playback {
  std::string codecs, init;
};

struct Index::Impl {
  store::Store store;
  db::Database db;
  // Interned ids seen so far.  Emptied when a transaction is rolled back: it may have made some of them.
  std::unordered_map<std::string, int64_t> devices, connections, formats, playbacks;
  std::unordered_map<int64_t, Format> formats_by_id;
  std::unordered_map<int64_t, Playback> playbacks_by_id;
  int64_t data_version = 0;

  Impl(store::Store s, db::Database d) : store(std::move(s)), db(std::move(d)) {}

  // With `day`, what is there of it goes first, in the same transaction.
  struct Day {
    std::string device;
    TimeRange range;
  };
  Result<Applied> write(std::span<const Record> records, bool from_journal, const std::string* journal, uint64_t offset,
                        const Day* day = nullptr);
  Status clear_day(int64_t device, TimeRange day);

  // apply.cpp
  Result<int64_t> device_id(const std::string& name);
  Result<int64_t> connection_id(int64_t device, const std::string& name);
  Result<int64_t> format_id(const SegmentRecord& r);
  Result<int64_t> playback_id(const SegmentRecord& r);
  Status put(const SegmentRecord& r, bool from_journal, Applied& applied);
  Status put(const ConnectionOpenRecord& r);
  Status put(const ConnectionCloseRecord& r);
  Status put(const LinkRecord& r);
  Status put(const EventRecord& r);
  Status put(const PinRecord& r);
  Status put(const GapRecord& r);
  Status put(const DeleteRecord& r);
  Status put(const MissingRecord& r);
  Status put(const PushedRecord& r, Applied& applied);

  // query.cpp
  // nullopt when no record spoke of the device yet.
  Result<std::optional<int64_t>> find_device(std::string_view name);
  // The pointers hold until the next call that may forget what is interned.
  Result<const Format*> format(int64_t id);
  Result<const Playback*> playback(int64_t id);
  void forget_interned();
  // Forgets them when another process has written: it may have deleted some of them.
  Status check_interned();
};

}  // namespace cbx::index

#include "index/remove.h"

#include <cerrno>

#include "store/journal.h"

namespace cbx::index {
namespace {

DeleteRecord tombstone(const SegmentRecord& segment, const Removal& removal) {
  DeleteRecord r;
  r.device = segment.device;
  r.time = removal.now;
  r.start = segment.start;
  r.path = segment.path;
  r.reason = removal.reason;
  r.dry_run = removal.dry_run;
  return r;
}

// Of one device and day.
Status remove_day(Filesystem& fs, Index& index, std::span<const SegmentRecord> segments, const Removal& removal) {
  const store::Store& store = index.store();
  std::vector<Record> records;
  for (const auto& segment : segments) records.emplace_back(tombstone(segment, removal));
  if (!removal.dry_run) {
    CBX_TRY(store::append_journal(fs, store, records));
    CBX_TRY(index.apply(records));
    for (const auto& segment : segments) {
      const Status gone = fs.unlink(store.media_path() + "/" + segment.path);
      if (!gone && gone.error().os_error() != ENOENT) return gone;
    }
    CBX_TRY(fs.sync_dir(store.media_path() + "/" + store.day_folder(segments[0].device, segments[0].start)));
  }
  if (removal.done)
    for (const auto& record : records) removal.done(std::get<DeleteRecord>(record));
  return {};
}

}  // namespace

Status remove_segments(Filesystem& fs, Index& index, std::span<const SegmentRecord> segments, const Removal& removal) {
  const store::Store& store = index.store();
  while (!segments.empty()) {
    const std::string day = store.day_folder(segments[0].device, segments[0].start);
    size_t n = 1;
    while (n < segments.size() && store.day_folder(segments[n].device, segments[n].start) == day) n++;
    CBX_TRY(remove_day(fs, index, segments.first(n), removal));
    segments = segments.subspan(n);
  }
  return {};
}

}  // namespace cbx::index

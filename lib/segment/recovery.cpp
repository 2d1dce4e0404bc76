#include "segment/recovery.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <vector>

#include "store/journal.h"

namespace cbx::segment {
namespace {

namespace stdfs = std::filesystem;

// A writer locks its new file at once; an empty one that is this old has none.
constexpr std::chrono::minutes kAbandoned{2};
// A file without its journal line comes from the moments before the last run was killed.
constexpr size_t kDaysOfNamed = 3;

SegmentRecord record_of(const mp4::Salvaged& s) {
  SegmentRecord r;
  r.device = s.info.device;
  r.start = s.info.start;
  if (s.finished.duration_ms > 0)
    r.fps =
        std::round(static_cast<double>(s.finished.video_samples) * 1e5 / static_cast<double>(s.finished.duration_ms)) /
        100;
  r.duration_ms = s.finished.duration_ms;
  r.bytes = static_cast<int64_t>(s.finished.bytes);
  for (const codec::Codec c : s.codecs) (codec::is_video(c) ? r.video : r.audio) = codec::codec_name(c);
  r.width = s.video.width;
  r.height = s.video.height;
  r.rotation = s.video.rotation;
  r.source = s.info.source;
  r.connection = s.info.connection;
  r.pts = s.info.pts;
  r.clock_offset_ms = s.info.clock_offset_ms;
  r.end = "salvage";
  return r;
}

void recover_file(const Shared& shared, const std::string& device, const std::string& relative) {
  const auto parsed = shared.store.parse_path(relative);
  if (!parsed || !parsed->part || parsed->device != device) return;
  const std::string path = shared.store.media_path() + "/" + relative;
  auto file = shared.fs.open(path, OpenMode::read_write);
  if (!file) return;  // finished in this moment
  const auto locked = (*file)->try_lock();
  if (!locked || !*locked) return;
  auto salvaged = mp4::salvage(**file);
  if (!salvaged) {
    std::error_code ec;
    const auto age = stdfs::file_time_type::clock::now() - stdfs::last_write_time(path, ec);
    if (salvaged.error().code() == ErrorCode::data && !ec && age > kAbandoned) {
      shared.log.warn("'{}' was cut before its first second was on the disk: removed", relative);
      (void)shared.fs.unlink(path);
    } else if (salvaged.error().code() != ErrorCode::data) {
      shared.log.error("cannot recover '{}': {}", relative, salvaged.error().message());
    }
    return;
  }
  if (salvaged->info.device != device || salvaged->info.start != parsed->start) {
    shared.log.error("'{}' says it is of device '{}' and starts at {}: left alone", relative, salvaged->info.device,
                     format_rfc3339(salvaged->info.start));
    return;
  }
  shared.log.warn("'{}' was left half-written: recovered {:.1f} s", relative,
                  static_cast<double>(salvaged->finished.duration_ms) / 1000);
  FinishJob job;
  job.record = record_of(*salvaged);
  job.file = std::move(*file);
  shared.closer.finish(std::move(job), false);
}

// A finished file has its name, but its writer was killed before the journal knew of it.
void recover_named(const Shared& shared, const std::string& device, const std::string& relative) {
  const auto parsed = shared.store.parse_path(relative);
  if (!parsed || parsed->part || parsed->device != device) return;
  auto file = shared.fs.open(shared.store.media_path() + "/" + relative, OpenMode::read_write);
  if (!file) return;  // deleted in this moment
  const auto locked = (*file)->try_lock();
  if (!locked || !*locked) return;
  // Its writer may have come to the journal meanwhile; it held the lock until then.
  std::set<std::string> missing{relative};
  const Status looked = store::drop_journalled(shared.store, shared.store.journal_path(device, parsed->start), missing);
  if (!looked || missing.empty()) return;
  auto map = mp4::read_file_map(**file);
  if (!map || !map->finished || map->info.device != device) {
    shared.log.error("'{}' is in no journal and is no finished segment of '{}': left alone", relative, device);
    return;
  }
  auto told = mp4::salvage(**file);
  if (!told) {
    shared.log.error("cannot read '{}', which is in no journal: {}", relative, told.error().message());
    return;
  }
  shared.log.warn("'{}' was in no journal: recovered {:.1f} s", relative,
                  static_cast<double>(told->finished.duration_ms) / 1000);
  FinishJob job;
  job.record = record_of(*told);
  job.record.start = parsed->start;  // a file that met another of its name moved by a millisecond
  job.record.path = relative;
  job.file = std::move(*file);
  shared.closer.finish(std::move(job), false);
}

// The files of one day folder: those in writing, and, if asked, those with a name that the journal lacks.
void recover_day(const Shared& shared, const std::string& device, const std::string& day, bool named_too) {
  const std::string relative = device + "/" + day + "/";
  std::set<std::string> named;
  std::error_code ec;
  const stdfs::path folder = shared.store.media_path() + "/" + relative;
  for (stdfs::directory_iterator file(folder, ec), none; !ec && file != none; file.increment(ec)) {
    const std::string name = file->path().filename().string();
    if (name.starts_with('.') && name.ends_with(".part"))
      recover_file(shared, device, relative + name);
    else if (named_too && !name.starts_with('.') && name.ends_with(".mp4"))
      named.insert(relative + name);
  }
  if (named.empty()) return;
  if (Status looked = store::drop_journalled(shared.store, relative + "records.jsonl", named); !looked) {
    shared.log.error("{}", looked.error().message());
    return;
  }
  for (const std::string& path : named) recover_named(shared, device, path);
}

}  // namespace

void recover_device(const Shared& shared, const std::string& device) {
  std::error_code ec;
  const stdfs::path folder = shared.store.media_path() + "/" + device;
  std::vector<std::string> days;
  for (stdfs::directory_iterator day(folder, ec), none; !ec && day != none; day.increment(ec))
    if (day->is_directory(ec)) days.push_back(day->path().filename().string());
  std::sort(days.rbegin(), days.rend());
  for (size_t i = 0; i < days.size(); i++) recover_day(shared, device, days[i], i < kDaysOfNamed);
}

}  // namespace cbx::segment

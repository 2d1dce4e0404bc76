#include "segment/recovery.h"

#include <filesystem>

namespace cbx::segment {
namespace {

namespace stdfs = std::filesystem;

// A writer locks its new file at once; an empty one that is this old has none.
constexpr std::chrono::minutes kAbandoned{2};

SegmentRecord record_of(const mp4::Salvaged& s) {
  SegmentRecord r;
  r.device = s.info.device;
  r.start = s.info.start;
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

}  // namespace

void recover_device(const Shared& shared, const std::string& device) {
  std::error_code ec;
  const stdfs::path folder = shared.store.media_path() + "/" + device;
  for (stdfs::directory_iterator day(folder, ec), none; !ec && day != none; day.increment(ec)) {
    if (!day->is_directory(ec)) continue;
    std::error_code inner;
    for (stdfs::directory_iterator file(day->path(), inner); !inner && file != none; file.increment(inner)) {
      const std::string name = file->path().filename().string();
      if (name.starts_with('.') && name.ends_with(".part"))
        recover_file(shared, device, device + "/" + day->path().filename().string() + "/" + name);
    }
  }
}

}  // namespace cbx::segment

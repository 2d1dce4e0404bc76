#include "segment/recovery.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <set>
#include <vector>

#include "base/crash_point.h"
#include "store/journal.h"

namespace cbx::segment {
namespace {

namespace stdfs = std::filesystem;

// What a killed run left lies where it wrote last.  Looking through a month of a thousand cameras would take minutes
// that the first commits wait for; whatever else there is, is cbx-verify's to find.
constexpr size_t kDays = 3;
constexpr std::string_view kCopy = ".copy";

// Far from now in either direction: a clock that jumped must not keep a file from being looked at for ever.
bool is_young(const File& file, const FileRecovery& r) {
  struct stat st {};
  if (::fstat(file.fd(), &st) != 0) return true;
  const Micros changed{int64_t{st.st_mtim.tv_sec} * 1'000'000 + st.st_mtim.tv_nsec / 1000};
  const auto age = r.clock.wall().time_since_epoch() - changed;
  return (age < Micros{0} ? -age : age) < r.settle;
}

// Whether the file still has the name that it was opened by: its writer may have finished it meanwhile.
bool is_still_named(const File& file) {
  struct stat open {
  }, named{};
  return ::fstat(file.fd(), &open) == 0 && ::lstat(file.path().c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

struct Opened {
  std::unique_ptr<File> file;      // locked; null: nobody's business, or
  std::optional<FileFault> fault;  // why it could not be opened
};

Opened open_unused(const FileRecovery& r, const std::string& path, bool repair) {
  Opened out;
  auto file = r.fs.open(path, repair ? OpenMode::read_write_regular : OpenMode::read_regular);
  if (!file) {
    const Error& e = file.error();
    if (e.os_error() == ENOENT) return out;  // finished or deleted in this moment
    const bool foreign = e.code() == ErrorCode::data || e.os_error() == ELOOP || e.os_error() == ENXIO;
    out.fault = FileFault{foreign ? "foreign" : "unreadable", foreign ? "is no regular file" : e.message(), false, {}};
    return out;
  }
  const auto locked = (*file)->try_lock();
  if (!locked) out.fault = FileFault{"unreadable", locked.error().message(), false, {}};
  if (locked && *locked && is_still_named(**file)) out.file = std::move(*file);
  return out;
}

FileFault fault_of(const Error& error) {
  return {error.code() == ErrorCode::data ? "foreign" : "unreadable", error.message(), false, {}};
}

// How many fragments seem to begin in the file, whole or not; stops counting at `most`.
Result<int> count_moofs(File& file, int most) {
  constexpr size_t kChunk = 1 << 20;
  static constexpr std::string_view kTag = "moof";
  Bytes buffer(kChunk + kTag.size() - 1);
  int count = 0;
  for (uint64_t at = 0; count < most; at += kChunk) {
    CBX_ASSIGN(const size_t n, file.read_at(at, buffer));
    const std::string_view text = as_string(ByteSpan(buffer).first(n));
    for (size_t hit = text.find(kTag); hit != text.npos && count < most; hit = text.find(kTag, hit + 1)) count++;
    if (n < buffer.size()) break;
  }
  return count;
}

// A moved clock or a name that was taken shifts a file by a few milliseconds; more than this is another file.
constexpr Millis kNameSlack{60'000};

std::string says_of(const mp4::FileInfo& info) {
  return fmt::format("says that it is of device '{}' and starts at {}", info.device, format_rfc3339(info.start));
}

std::optional<std::string> contradiction(const mp4::FileInfo& info, const store::Store::ParsedPath& name) {
  const Millis shift = info.start > name.start ? info.start - name.start : name.start - info.start;
  if (info.device == name.device && shift <= kNameSlack) return std::nullopt;
  return says_of(info);
}

// Nothing of it can be kept, and it is no living writer's: the first second never reached the disk.
std::optional<FileFault> empty_part(const FileRecovery& r, File& file, const std::string& why, int expected_moofs,
                                    bool repair) {
  if (is_young(file, r)) return std::nullopt;
  const auto moofs = count_moofs(file, expected_moofs + 1);
  if (!moofs) return fault_of(moofs.error());
  // Picture that is there but can't be reached yet is never thrown away.
  if (*moofs > expected_moofs)
    return FileFault{
        "part", fmt::format("its beginning is damaged, but there is picture behind it: {}", why), false, {}};
  FileFault fault{"part_empty", "was cut before its first second was on the disk", false, {}};
  if (!repair) return fault;
  crash_point("recover.remove_empty");
  Status gone = r.fs.unlink(file.path());
  if (gone) gone = r.fs.sync_dir(file.path().substr(0, file.path().find_last_of('/')));
  fault.repaired = gone.has_value();
  if (!gone) fault.detail += ": " + gone.error().message();
  return fault;
}

}  // namespace

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

std::optional<FileFault> FileRecovery::part(const std::string& relative, bool repair) const {
  const auto name = store.parse_path(relative);
  if (!name || !name->part) return std::nullopt;
  auto [file, trouble] = open_unused(*this, store.media_path() + "/" + relative, repair);
  if (!file) return std::move(trouble);
  const auto map = mp4::read_file_map(*file);
  if (!map && map.error().code() != ErrorCode::data) return fault_of(map.error());
  if (!map) return empty_part(*this, *file, map.error().message(), 0, repair);
  // The first second: a fragment of picture and one of sound.
  if (map->fragments.empty()) return empty_part(*this, *file, "no whole fragment in front", 2, repair);
  if (map->info.device != name->device || map->info.start != name->start)
    return FileFault{"foreign", says_of(map->info), false, {}};
  FileFault fault{"part", fmt::format("left half-written, with {} whole fragments", map->fragments.size()), false, {}};
  if (!repair) return fault;
  crash_point("recover.salvage");
  auto salvaged = mp4::salvage(*file);
  if (!salvaged && salvaged.error().code() == ErrorCode::data)
    return empty_part(*this, *file, salvaged.error().message(), 2, repair);
  if (!salvaged) {
    fault.detail += ": " + salvaged.error().message();
    return fault;
  }
  fault.detail = fmt::format("left half-written; {:.1f} s", static_cast<double>(salvaged->finished.duration_ms) / 1000);
  fault.job.emplace();
  fault.job->record = record_of(*salvaged);
  fault.job->file = std::move(file);
  return fault;
}

std::optional<FileFault> FileRecovery::unrecorded(const std::string& relative, bool repair) const {
  const auto name = store.parse_path(relative);
  if (!name || name->part) return std::nullopt;
  auto [file, trouble] = open_unused(*this, store.media_path() + "/" + relative, repair);
  if (!file) return std::move(trouble);
  // Its writer may have come to the journal meanwhile; it held the lock until then.
  std::set<std::string> missing{relative};
  const Status looked = store::drop_journalled(store, store.journal_path(name->device, name->start), missing);
  if (!looked) return FileFault{"unreadable", looked.error().message(), false, {}};
  if (missing.empty()) return std::nullopt;
  const auto map = mp4::read_file_map(*file);
  if (!map) return fault_of(map.error());
  if (auto other = contradiction(map->info, *name)) return FileFault{"foreign", std::move(*other), false, {}};
  FileFault fault{
      "unrecorded", map->finished ? "finished, but in no journal" : "in no journal, and not finished", false, {}};
  if (!repair) return fault;
  crash_point("recover.adopt");
  auto told = mp4::salvage(*file);
  Status done;
  if (!told) done = fail(told.error());
  if (told && !told->was_finished) done = file->sync_data();
  if (!done) {
    fault.detail += ": " + done.error().message();
    return fault;
  }
  fault.job.emplace();
  fault.job->record = record_of(*told);
  fault.job->record.start = name->start;  // a file that met another of its name moved by a millisecond
  fault.job->record.path = relative;
  fault.job->file = std::move(file);
  return fault;
}

std::optional<FileFault> FileRecovery::undeleted(const std::string& relative, bool repair) const {
  const std::string path = store.media_path() + "/" + relative;
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return std::nullopt;
  if (!S_ISREG(st.st_mode)) return FileFault{"foreign", "is no regular file", false, {}};
  FileFault fault{"undeleted", "was deleted, but its file is still there", false, {}};
  if (!repair) return fault;
  crash_point("recover.delete");
  Status gone = fs.unlink(path);
  if (!gone && gone.error().os_error() == ENOENT) gone = {};
  if (gone) gone = fs.sync_dir(path.substr(0, path.find_last_of('/')));
  fault.repaired = gone.has_value();
  if (!gone) fault.detail += ": " + gone.error().message();
  return fault;
}

std::optional<FileFault> FileRecovery::copy(const std::string& relative, bool repair) const {
  const std::string path = store.media_path() + "/" + relative;
  auto [file, trouble] = open_unused(*this, path, repair);
  if (!file) return std::move(trouble);
  FileFault fault{"leftover", "is a copy that was not finished", false, {}};
  struct stat original {};
  if (::lstat(path.substr(0, path.size() - kCopy.size()).c_str(), &original) != 0) {
    fault.detail += ", and its original is gone";
    return fault;
  }
  if (!repair) return fault;
  const Status gone = fs.unlink(path);
  fault.repaired = gone.has_value();
  if (!gone) fault.detail += ": " + gone.error().message();
  return fault;
}

namespace {

void report(const Shared& shared, const std::string& relative, std::optional<FileFault> fault) {
  if (!fault) return;
  if (fault->job) {
    shared.log.warn("'{}': {}: recovered", relative, fault->detail);
    shared.closer.finish(std::move(*fault->job), false);
  } else if (fault->repaired) {
    shared.log.warn("'{}': {}: removed", relative, fault->detail);
  } else {
    shared.log.error("'{}': {}: left alone", relative, fault->detail);
  }
}

// The files of one day folder: those in writing, and those with a name that the journal lacks or buried.
void recover_day(const Shared& shared, const FileRecovery& recovery, const std::string& folder) {
  std::set<std::string> parts, named, copies;
  std::error_code ec;
  const stdfs::path path = shared.store.media_path() + "/" + folder;
  for (stdfs::directory_iterator file(path, ec), none; !ec && file != none; file.increment(ec)) {
    const std::string name = folder + "/" + file->path().filename().string();
    const auto parsed = shared.store.parse_path(name);
    if (parsed) (parsed->part ? parts : named).insert(name);
    if (name.ends_with(".part.copy")) copies.insert(name);
  }
  if (!named.empty()) {
    std::set<std::string> buried;
    if (Status looked = store::drop_journalled(shared.store, folder + "/records.jsonl", named, &buried); !looked) {
      shared.log.error("{}", looked.error().message());
      named.clear();
    }
    for (const std::string& name : buried) report(shared, name, recovery.undeleted(name, true));
  }
  for (const std::string& name : copies) report(shared, name, recovery.copy(name, true));
  for (const std::string& name : parts) report(shared, name, recovery.part(name, true));
  for (const std::string& name : named) report(shared, name, recovery.unrecorded(name, true));
}

}  // namespace

void recover_device(const Shared& shared, const std::string& device) {
  std::error_code ec;
  const stdfs::path folder = shared.store.media_path() + "/" + device;
  std::vector<std::pair<stdfs::file_time_type, std::string>> changed;
  std::vector<std::string> days;
  for (stdfs::directory_iterator day(folder, ec), none; !ec && day != none; day.increment(ec)) {
    if (!day->is_directory(ec)) continue;
    days.push_back(day->path().filename().string());
    changed.emplace_back(day->last_write_time(ec), days.back());
  }
  // The newest by name, and, as clocks jump, those that changed last.
  std::sort(days.rbegin(), days.rend());
  std::sort(changed.rbegin(), changed.rend());
  std::set<std::string> looked_at;
  for (size_t i = 0; i < days.size() && i < kDays; i++) looked_at.insert({days[i], changed[i].second});
  // A writer sees when its new file is taken away before it has locked it: nothing needs to settle here.
  const FileRecovery recovery{shared.fs, shared.store, shared.clock, Millis{0}};
  for (const std::string& day : looked_at) recover_day(shared, recovery, device + "/" + day);
}

}  // namespace cbx::segment

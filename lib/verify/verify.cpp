#include "verify/verify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/crash_point.h"
#include "base/device_id.h"
#include "index/catch_up.h"
#include "store/journal.h"
#include "verify/rebuild.h"
#include "verify/tree.h"

namespace cbx::verify {
namespace {

constexpr const char* kIndexName = "index.db";

// What both looks saw.
std::vector<Found> seen_twice(std::vector<Found> first, const std::vector<Found>& second) {
  const auto key = [](const Found& f) { return std::tuple(f.finding.path, f.finding.kind, f.finding.line); };
  std::set<std::tuple<std::string, std::string, int64_t>> seen;
  for (const Found& f : second) seen.insert(key(f));
  std::erase_if(first, [&](const Found& f) { return !seen.contains(key(f)); });
  return first;
}

}  // namespace

Verifier::Verifier(Filesystem& fs, const store::Store& store, const Clock& clock, const Logger& log, Options options)
    : fs_(fs),
      store_(store),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      recovery_{fs, store_, clock, options_.settle},
      random_(std::random_device{}()) {}

Verifier::~Verifier() = default;

void Verifier::conclude(Finding finding) {
  summary_.found++;
  if (finding.repaired) summary_.repaired++;
  if (report_) report_(finding);
}

// Every day that has a folder on the disk, or rows in the index.
Result<std::vector<Day>> Verifier::days() {
  const auto wanted = [&](const std::string& device) {
    return options_.devices.empty() ||
           std::find(options_.devices.begin(), options_.devices.end(), device) != options_.devices.end();
  };
  std::map<std::string, std::map<std::string, TimeRange>> found;
  CBX_ASSIGN(const auto devices, list_folder(store_.media_path(), true));
  for (const auto& [device, entry] : devices) {
    if (!is_device_id(device) || !wanted(device)) continue;
    if (S_ISREG(entry.mode)) continue;
    const auto days = list_folder(store_.media_path() + "/" + device);
    if (!days && days.error().os_error() == ENOENT) continue;
    if (!days) {
      const bool odd = days.error().os_error() == ENOTDIR || days.error().os_error() == ELOOP;
      if (!adopt_only_)
        conclude({odd ? "foreign" : "unreadable", device, device, odd ? "is no folder" : days.error().message(), false,
                  std::nullopt, 0});
      continue;
    }
    found[device];
    for (const auto& [name, about] : *days)
      if (const auto range = day_of_name(store_, name); range && !S_ISREG(about.mode))
        found[device].emplace(name, *range);
  }
  if (index_) {
    auto names = index_->devices();
    for (const auto& device : names.value_or(std::vector<std::string>{})) {
      if (!wanted(device)) continue;
      auto starts = index_->days(device);
      if (!starts) {
        lost_index(starts.error());
        break;
      }
      for (const WallMs start : *starts)
        found[device].emplace(format_day(start, store_.utc_offset()), TimeRange{start, start + std::chrono::hours{24}});
    }
    if (!names) lost_index(names.error());
  }
  std::vector<Day> out;
  for (const auto& [device, days] : found) {
    summary_.devices++;
    for (const auto& [name, range] : days)
      if (!options_.range || options_.range->overlaps(range)) out.push_back({device, name, range});
  }
  return out;
}

// Files that a crash left half-made beside the media.
void Verifier::look_at_root() {
  const auto files = list_folder(store_.root(), true);
  if (!files) return conclude({"unreadable", "", ".", files.error().message(), false, std::nullopt, 0});
  for (const auto& [name, entry] : *files) {
    const bool ours = S_ISREG(entry.mode) && (name.starts_with("store.json.new.") || is_rebuild_file(name));
    const Millis age = floor_ms(clock_.wall()) - entry.changed;
    if (!ours || (age < Millis{0} ? -age : age) < options_.settle) continue;
    Finding f{"leftover", "", name, "was left behind by a crash", false, std::nullopt, 0};
    if (options_.repair) f.repaired = fs_.unlink(store_.root() + "/" + name).has_value();
    conclude(std::move(f));
  }
}

void Verifier::lost_index(const Error& error) {
  index_.reset();
  // Nothing is wrong with an index that others hold, or that is not ours to open.
  if (error.code() == ErrorCode::try_again || error.code() == ErrorCode::permission) {
    index_status_ = fail(error);
    return;
  }
  if (index_damaged_) return;
  index_damaged_ = true;
  Finding f{"index", "", kIndexName, error.message(), false, std::nullopt, 0};
  const bool ours_to_make = error.code() == ErrorCode::data || error.code() == ErrorCode::no_input;
  if (options_.repair && ours_to_make) {
    if (const Status made = rebuild_index(fs_, store_, clock_, log_); made) {
      auto index = index::Index::open(store_, index::Access::write);
      if (index) index_ = std::move(*index);
      f.repaired = index.has_value();
    } else {
      f.detail += "; cannot make it again: " + made.error().message();
    }
  }
  conclude(std::move(f));
}

void Verifier::open_index() {
  auto opened = index::Index::open(store_, options_.repair && ::access(store_.index_path().c_str(), F_OK) == 0
                                               ? index::Access::write
                                               : index::Access::read);
  if (!opened) return lost_index(opened.error());
  index_ = std::move(*opened);
  if (!options_.repair) return;
  const auto caught_up = index::catch_up(*index_, [&](const std::string& m) { log_.debug("{}", m); });
  if (!caught_up) lost_index(caught_up.error());
}

void Verifier::check_index() {
  if (!index_) return;
  const auto wrong = index_->check();
  if (!wrong) return lost_index(wrong.error());
  if (wrong->empty()) return;
  bool swept = false;
  if (options_.repair) swept = index_->sweep().has_value();
  for (const std::string& what : *wrong) conclude({"orphan", "", kIndexName, what, swept, std::nullopt, 0});
}

bool Verifier::append(const Record& record, Finding& finding) {
  const Status done = store::append_journal(fs_, store_, {&record, 1});
  if (!done) finding.detail += "; " + done.error().message();
  return done.has_value();
}

// Into the journal: that the file is missing, or that it is there again.
void Verifier::mark(const Day&, const DayState& state, Found& found, bool is_found) {
  const Said& said = state.journal.segments.at(*found.finding.start);
  MissingRecord r;
  r.device = said.segment->device;
  r.time = floor_ms(clock_.wall());
  // The latest holds, also where the clock went back since the last one.
  if (said.missing) r.time = std::max(r.time, said.missing->time + Millis{1});
  r.start = said.segment->start;
  r.path = said.segment->path;
  r.duration_ms = said.segment->duration_ms;
  r.found = is_found;
  if (is_found) {
    r.cause = said.missing->cause;
  } else {
    r.cause = found.fix == Fix::resize ? "damaged" : state.files > 0 ? "file" : "day";
    r.detail = found.fix == Fix::resize ? "its file was damaged: " + found.finding.detail : found.finding.detail;
  }
  crash_point("recover.mark");
  found.finding.repaired = append(r, found.finding);
}

// A file that is not as long as its record says.  What can be played of it gets a record of its own; nothing that plays
// is cut off.
void Verifier::resize(const Day& day, const DayState& state, Found& found) {
  const SegmentRecord& was = *state.journal.segments.at(*found.finding.start).segment;
  auto file = fs_.open(store_.media_path() + "/" + was.path, OpenMode::read_write_regular);
  if (!file) {
    found.finding.detail += "; " + file.error().message();
    return;
  }
  if (const auto locked = (*file)->try_lock(); !locked || !*locked) return;
  const auto size = (*file)->size();
  const auto recorded = static_cast<uint64_t>(was.bytes);
  if (size && *size > recorded && !was.sha256.empty()) {
    // Whole, and something was put behind it.
    const auto hash = segment::sha256_of(**file, recorded);
    if (!hash || *hash != was.sha256) return;
    crash_point("recover.truncate");
    Status cut = (*file)->truncate(recorded);
    if (cut) cut = (*file)->sync_data();
    found.finding.repaired = cut.has_value();
    found.finding.detail += cut ? "; what was put behind its end is cut off" : "; " + cut.error().message();
    return;
  }
  const auto map = mp4::read_file_map(**file);
  if (!map && map.error().code() != ErrorCode::data) {
    found.finding.detail += "; " + map.error().message();
    return;
  }
  if (!map || map->fragments.empty()) {
    found.finding.detail += "; nothing in it can be played";
    return mark(day, state, found, false);
  }
  if (map->info.device != was.device || (size && *size > recorded)) return;
  crash_point("recover.salvage");
  auto told = mp4::salvage(**file);
  Status synced = told ? (*file)->sync_data() : fail(told.error());
  if (!synced) {
    found.finding.detail += "; " + synced.error().message();
    return;
  }
  segment::FinishJob job;
  job.record = segment::record_of(*told);
  job.record.start = was.start;
  job.record.path = was.path;
  job.record.lost = was.lost;
  job.file = std::move(*file);
  found.finding.detail +=
      fmt::format("; {:.1f} s of it are kept", static_cast<double>(told->finished.duration_ms) / 1000);
  found.finding.repaired = closer_->finish_now(std::move(job));
}

void Verifier::put_right(const Day& day, const DayState& state, Found& found) {
  const auto take = [&](std::optional<segment::FileFault> fault) {
    if (!fault) {
      found.finding.repaired = true;  // somebody else came before
      return;
    }
    found.finding.detail = fault->detail;
    found.finding.repaired = fault->job ? closer_->finish_now(std::move(*fault->job)) : fault->repaired;
  };
  switch (found.fix) {
    case Fix::none:
    case Fix::reread:
      return;
    case Fix::close_line: {
      crash_point("recover.close_line");
      const Status closed = store::close_journal(fs_, store_, day.journal());
      found.finding.repaired = closed.has_value();
      if (!closed) found.finding.detail += "; " + closed.error().message();
      return;
    }
    case Fix::copy:
      return take(recovery_.copy(found.finding.path, true));
    case Fix::part:
      return take(recovery_.part(found.finding.path, true));
    case Fix::unrecorded:
      return take(recovery_.unrecorded(found.finding.path, true));
    case Fix::undeleted:
      return take(recovery_.undeleted(found.finding.path, true));
    case Fix::mark_missing:
      return mark(day, state, found, false);
    case Fix::found_again:
      return mark(day, state, found, true);
    case Fix::resize:
      return resize(day, state, found);
  }
}

bool Verifier::reread(const Day& day) {
  std::vector<Record> records;
  auto end = store::read_journal(store_, day.journal(), 0, [&](uint64_t, Result<std::optional<Record>> r) {
    if (r && *r) records.push_back(std::move(**r));
  });
  if (!end && end.error().os_error() != ENOENT) return false;
  crash_point("recover.reread");
  const auto done = index_->replace_day(day.device, day.range, records, day.journal(), end.value_or(0));
  if (!done) {
    log_.error("{}", done.error().message());
    return false;
  }
  return end.has_value() || index_->forget_cursor(day.journal()).has_value();
}

void Verifier::compare_rows(const Day& day, const Journal& journal, bool changed) {
  const auto look = [&](const Journal& said) -> Result<std::vector<Found>> {
    return said.status ? look_at_rows(*index_, day, said) : Result<std::vector<Found>>{};
  };
  const auto work = [&]() -> Status {
    std::optional<Journal> fresh;
    if (changed) {
      fresh = read_journal(store_, day);
      CBX_ASSIGN(const uint64_t cursor, index_->cursor(day.journal()));
      if (fresh->exists && fresh->status)
        CBX_TRY(index::catch_up_journal(*index_, day.journal(), fresh->end, cursor,
                                        [&](const std::string& m) { log_.debug("{}", m); }));
    }
    CBX_ASSIGN(auto found, look(fresh ? *fresh : journal));
    if (found.empty()) return {};
    CBX_ASSIGN(const auto again, look(read_journal(store_, day)));
    found = seen_twice(std::move(found), again);
    const bool reread_done = !found.empty() && options_.repair && reread(day);
    for (Found& f : found) {
      f.finding.repaired = reread_done;
      conclude(std::move(f.finding));
    }
    return {};
  };
  if (const Status done = work(); !done) lost_index(done.error());
}

void Verifier::look_at(const Day& day) {
  DayState state = look_at_files(recovery_, day);
  if (!state.found.empty()) {
    DayState again = look_at_files(recovery_, day);
    again.found = seen_twice(std::move(again.found), state.found);
    state = std::move(again);
  }
  if (adopt_only_) std::erase_if(state.found, [](const Found& f) { return f.fix != Fix::unrecorded; });
  summary_.days++;
  summary_.segments += static_cast<int64_t>(state.journal.segments.size());
  bool changed = false;
  for (Found& found : state.found) {
    if (options_.repair || adopt_only_) put_right(day, state, found);
    changed |= found.finding.repaired;
    conclude(std::move(found.finding));
  }
  if (adopt_only_) return;
  if (index_) compare_rows(day, state.journal, changed);
  if (options_.hash_percent) hash(day, state.sound);
}

void Verifier::hash(const Day& day, const std::vector<SegmentRecord>& segments) {
  std::uniform_real_distribution<double> percent(0, 100);
  for (const SegmentRecord& segment : segments) {
    if (percent(random_) >= *options_.hash_percent) continue;
    if (progress_ && !progress_(now_)) return;
    hash_one(day, segment);
  }
}

void Verifier::hash_one(const Day& day, const SegmentRecord& segment) {
  Finding f{"hash", day.device, segment.path, "", false, segment.start, 0};
  auto file = fs_.open(store_.media_path() + "/" + segment.path, OpenMode::read_regular);
  if (!file && file.error().os_error() == ENOENT) return;  // deleted since
  Result<std::string> hash =
      file ? segment::sha256_of(**file, static_cast<uint64_t>(segment.bytes)) : Result<std::string>(fail(file.error()));
  if (!hash) {
    f.kind = "unreadable";
    f.detail = hash.error().message();
    return conclude(std::move(f));
  }
  summary_.hashed++;
  summary_.hashed_bytes += segment.bytes;
  now_.hashed_bytes += segment.bytes;
  std::string recorded = segment.sha256;
  for (char& c : recorded)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  if (*hash == recorded) return;
  if (!recorded.empty()) {
    const auto map = mp4::read_file_map(**file);
    f.detail = fmt::format("its content is not what was recorded{}", !map             ? "; it is no segment of cbx now"
                                                                     : !map->finished ? "; it is not finished"
                                                                                      : "");
    return conclude(std::move(f));
  }
  f.kind = "unhashed";
  f.detail = "its record has no hash";
  if (options_.repair) {
    SegmentRecord known = segment;
    known.sha256 = *hash;
    f.repaired = append(known, f);
  }
  conclude(std::move(f));
}

Result<Summary> Verifier::run() {
  const auto repairing = [&]() -> Status {
    if (!options_.repair && !adopt_only_) return {};
    nowhere_ = UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    announcer_ = std::make_unique<segment::Announcer>(nowhere_.get(), clock_, log_);
    closer_ = std::make_unique<segment::Closer>(fs_, store_, *announcer_, clock_, log_);
    return {};
  };
  CBX_TRY(repairing());
  const bool whole = options_.devices.empty() && !options_.range;
  if (!adopt_only_) {
    open_index();
    if (whole) {
      look_at_root();
      check_index();
    }
  }
  CBX_ASSIGN(const auto all, days());
  now_.of_days = all.size();
  for (const Day& day : all) {
    if (progress_ && !progress_(now_)) break;
    look_at(day);
    now_.days++;
  }
  closer_.reset();
  if (options_.repair && index_ && options_.hash_percent)
    (void)index::catch_up(*index_, [&](const std::string& m) { log_.debug("{}", m); });
  if (!index_status_) return fail(index_status_.error());
  return summary_;
}

Result<Summary> Verifier::adopt() {
  adopt_only_ = true;
  return run();
}

}  // namespace cbx::verify

#include "verify/day.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>

#include "base/log.h"
#include "store/journal.h"
#include "verify/tree.h"

namespace cbx::verify {
namespace {

// What is wrong with so many lines is told by fewer.
constexpr size_t kMostBadLines = 1000;
constexpr std::string_view kJournalName = "records.jsonl";

// A record that lies in this journal by right.  What is wrong with it otherwise; "" if nothing is.
template <typename R>
std::string misplaced(const store::Store& store, const Day& day, const R& r) {
  if (r.device != day.device || store.day_folder(r.device, r.start) != day.folder())
    return fmt::format("a '{}' record of '{}' and {} lies in the wrong journal", record_type(Record{r}), r.device,
                       format_rfc3339(r.start));
  if (r.path != store.segment_path(r.device, r.start))
    return fmt::format("path '{}' is not where this store keeps a segment of {} (another UTC offset?)", r.path,
                       format_rfc3339(r.start));
  return {};
}

std::string take(const store::Store& store, const Day& day, Record record, uint64_t end, Journal& journal) {
  std::string trouble;
  const auto put = [&](auto& r, auto& slot, uint64_t& slot_end) {
    trouble = misplaced(store, day, r);
    if (!trouble.empty()) return;
    slot = std::move(r);
    slot_end = end;
  };
  if (auto* s = std::get_if<SegmentRecord>(&record)) {
    if (!s->sha256.empty() &&
        (s->sha256.size() != 64 || s->sha256.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos))
      return "its sha256 is none";
    Said& said = journal.segments[s->start];
    put(*s, said.segment, said.segment_end);
  } else if (auto* d = std::get_if<DeleteRecord>(&record)) {
    if (d->dry_run) return {};
    Said& said = journal.segments[d->start];
    put(*d, said.deleted, said.deleted_end);
  } else if (auto* m = std::get_if<MissingRecord>(&record)) {
    Said& said = journal.segments[m->start];
    const auto order = [](const MissingRecord& x) {
      return std::tie(x.time, x.found, x.duration_ms, x.cause, x.detail);
    };
    if (!said.missing || order(*said.missing) < order(*m)) put(*m, said.missing, said.missing_end);
  }
  return trouble;
}

// Whether the last line lacks its end, and nobody is just writing it.
bool is_torn(const store::Store& store, const Day& day, uint64_t end) {
  PosixFilesystem fs;
  auto file = fs.open(store.media_path() + "/" + day.journal(), OpenMode::read_regular);
  if (!file) return false;
  const auto locked = (*file)->try_lock();
  if (!locked || !*locked) return false;
  const auto size = (*file)->size();
  uint8_t last = '\n';
  return size && *size > end && (*file)->read_at(*size - 1, std::span<uint8_t>(&last, 1)) && last != '\n';
}

bool settled(const segment::FileRecovery& recovery, WallMs changed) {
  const Millis age = floor_ms(recovery.clock.wall()) - changed;
  return (age < Millis{0} ? -age : age) >= recovery.settle;
}

Found found(const Day& day, std::string kind, std::string path, std::string detail, Fix fix,
            std::optional<WallMs> start = std::nullopt) {
  return {{std::move(kind), day.device, std::move(path), std::move(detail), false, start, 0}, fix};
}

// What one look at a day needs.
struct Look {
  const segment::FileRecovery& recovery;
  const Day& day;
  DayState& state;

  const store::Store& store() const { return recovery.store; }
  void add(std::string kind, const std::string& path, std::string detail, Fix fix,
           std::optional<WallMs> start = std::nullopt) {
    state.found.push_back(found(day, std::move(kind), path, std::move(detail), fix, start));
  }
  void add(const std::string& path, std::optional<segment::FileFault> fault, Fix fix, WallMs start) {
    if (!fault) return;
    const bool hands_off = fault->kind == "foreign" || fault->kind == "unreadable";
    add(fault->kind, path, fault->detail, hands_off ? Fix::none : fix, start);
  }

  void segment_file(const std::string& path, const Entry& entry, WallMs start);
  void part_file(const std::string& path, WallMs start);
  void other_file(const std::string& path, const Entry& entry);
};

void Look::segment_file(const std::string& path, const Entry& entry, WallMs start) {
  if (!S_ISREG(entry.mode)) return add("foreign", path, "is no regular file", Fix::none, start);
  const auto known = state.journal.segments.find(start);
  const Said* said = known == state.journal.segments.end() ? nullptr : &known->second;
  if (said && said->deleted) {
    if (settled(recovery, said->deleted->time)) add(path, recovery.undeleted(path, false), Fix::undeleted, start);
    return;
  }
  if (!said || !said->segment) {
    if (settled(recovery, entry.changed)) add(path, recovery.unrecorded(path, false), Fix::unrecorded, start);
    return;
  }
  const auto bytes = static_cast<uint64_t>(said->segment->bytes);
  if (said->is_missing()) {
    // What was found to hold nothing is no news as long as it is what it was.
    if (said->missing->cause == "damaged" && entry.bytes != bytes) return;
    return add("back", path, "is on record as missing, and is there again", Fix::found_again, start);
  }
  if (entry.bytes != bytes)
    return add("size", path, fmt::format("is {} bytes, its record says {}", entry.bytes, bytes), Fix::resize, start);
  state.sound.push_back(*said->segment);
}

void Look::part_file(const std::string& path, WallMs start) {
  const auto said = state.journal.segments.find(start);
  if (said != state.journal.segments.end() && said->second.deleted) {
    // Whoever writes it again now is left alone by its lock.
    auto fault = recovery.part(path, false);
    if (fault && fault->kind.starts_with("part") && settled(recovery, said->second.deleted->time))
      add(path, recovery.undeleted(path, false), Fix::undeleted, start);
    return;
  }
  add(path, recovery.part(path, false), Fix::part, start);
}

// Files of the owner's own are none of our business; a segment that was moved here is.
void Look::other_file(const std::string& path, const Entry& entry) {
  if (path.ends_with(".mp4.part.copy") && S_ISREG(entry.mode)) {
    auto fault = recovery.copy(path, false);
    if (fault) add(fault->kind, path, fault->detail, fault->kind == "leftover" ? Fix::copy : Fix::none);
    return;
  }
  if (!S_ISREG(entry.mode) || !(path.ends_with(".mp4") || path.ends_with(".part"))) return;
  auto file = recovery.fs.open(store().media_path() + "/" + path, OpenMode::read_regular);
  if (!file) return;
  const auto info = mp4::read_file_info(**file);
  if (!info) return;
  add("foreign", path,
      fmt::format("is a segment that belongs at '{}'", store().segment_path(info->device, info->start)), Fix::none);
}

}  // namespace

Journal read_journal(const store::Store& store, const Day& day) {
  Journal journal;
  int64_t number = 0;
  const auto bad = [&](std::string detail) {
    if (journal.bad_lines.size() > kMostBadLines) return;
    if (journal.bad_lines.size() == kMostBadLines) detail = "from here on bad lines are not named: " + detail;
    journal.bad_lines.push_back(
        {"bad_line", day.device, day.journal(), std::move(detail), false, std::nullopt, number});
  };
  auto end = store::read_journal_lines(store, day.journal(), 0, [&](uint64_t at, std::optional<std::string_view> text) {
    number++;
    if (!text) return bad("line of over 1 MiB");
    std::string_view line = *text;
    line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
    if (line.empty()) return;
    auto record = parse_record(line);
    // Never announced, never promised: what it was to say is found in the files.
    if (!record && store::is_torn_line(line)) return;
    if (!record) return bad(record.error().message());
    if (!*record) return;
    if (auto trouble = take(store, day, std::move(**record), at, journal); !trouble.empty()) bad(std::move(trouble));
  });
  journal.exists = end.has_value() || end.error().os_error() != ENOENT;
  if (end) journal.end = *end;
  if (!end && journal.exists) journal.status = fail(end.error());
  std::erase_if(journal.segments,
                [](const auto& s) { return !s.second.segment && !s.second.deleted && !s.second.missing; });
  journal.torn = journal.exists && journal.status && is_torn(store, day, journal.end);
  return journal;
}

DayState look_at_files(const segment::FileRecovery& recovery, const Day& day) {
  DayState state;
  Look look{recovery, day, state};
  // The folder first: a file that gets its name and its journal line in between is then known, not unrecorded.
  const auto files = list_folder(recovery.store.media_path() + "/" + day.folder());
  if (!files && files.error().os_error() != ENOENT) {
    const bool odd = files.error().os_error() == ENOTDIR || files.error().os_error() == ELOOP;
    look.add(odd ? "foreign" : "unreadable", day.folder(), odd ? "is no folder" : files.error().message(), Fix::none);
    state.journal.status = fail(files.error());
    return state;
  }
  state.journal = read_journal(recovery.store, day);
  for (const Finding& line : state.journal.bad_lines) state.found.push_back({line, Fix::none});
  if (!state.journal.status) {
    const bool odd = state.journal.status.error().code() == ErrorCode::data;
    look.add(odd ? "foreign" : "unreadable", day.journal(), state.journal.status.error().message(), Fix::none);
    return state;
  }
  if (state.journal.torn) look.add("torn_line", day.journal(), "its last line has no end", Fix::close_line);
  std::map<WallMs, bool> named;
  if (files) {
    for (const auto& [name, entry] : *files) {
      if (name == kJournalName) continue;
      const std::string path = day.folder() + "/" + name;
      const auto parsed = recovery.store.parse_path(path);
      if (!parsed) {
        look.other_file(path, entry);
      } else if (parsed->part) {
        S_ISREG(entry.mode) ? look.part_file(path, parsed->start)
                            : look.add("foreign", path, "is no regular file", Fix::none, parsed->start);
      } else {
        named[parsed->start] = true;
        state.files++;
        look.segment_file(path, entry, parsed->start);
      }
    }
  }
  for (const auto& [start, said] : state.journal.segments)
    if (said.segment && !said.deleted && !said.is_missing() && !named.contains(start))
      look.add("missing", said.segment->path,
               state.files > 0 ? "its file is not there" : "its file is not there, nor any other of that day",
               Fix::mark_missing, start);
  return state;
}

namespace {

// What the index would make of the record.
SegmentRecord as_indexed(SegmentRecord r) {
  r.fps = std::round(r.fps * 100) / 100;
  for (char& c : r.sha256)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  return r;
}

}  // namespace

Result<std::vector<Found>> look_at_rows(index::Index& index, const Day& day, const Journal& journal) {
  std::vector<Found> out;
  // The cursor first: the rows are then at least as new.
  CBX_ASSIGN(uint64_t read, index.cursor(day.journal()));
  if (read > journal.end) read = 0;  // another journal than the one that was read
  CBX_ASSIGN(const index::DayRows rows, index.day_rows(day.device, day.range));
  const store::Store& store = index.store();
  const auto add = [&](const char* kind, WallMs start, std::string detail) {
    out.push_back(found(day, kind, store.segment_path(day.device, start), std::move(detail), Fix::reread, start));
  };
  std::map<WallMs, const SegmentRecord*> segments;
  for (const SegmentRecord& r : rows.segments) segments.emplace(r.start, &r);
  for (const auto& [start, said] : journal.segments) {
    const auto row = segments.find(start);
    const bool has_row = row != segments.end();
    if (said.deleted && said.deleted_end <= read) {
      if (has_row) add("stale_row", start, "is deleted, but the index has it");
      if (!rows.tombstones.contains(start)) add("not_indexed", start, "the index does not know that it is deleted");
    } else if (said.segment && !said.deleted && said.segment_end <= read) {
      if (!has_row)
        add("not_indexed", start, "the index does not have it");
      else if (as_indexed(*said.segment) != *row->second)
        add("wrong_row", start, "the index says something else than its record");
    }
    const auto gone = rows.missing.find(start);
    if (said.missing && said.missing_end <= read && (gone == rows.missing.end() || gone->second == said.missing->found))
      add("not_indexed", start,
          said.missing->found ? "the index does not know that its file is there again"
                              : "the index does not know that its file is missing");
    if (has_row) segments.erase(row);
  }
  for (const auto& [start, row] : segments) add("stale_row", start, "the index has it, but no journal speaks of it");
  for (const WallMs start : rows.tombstones) {
    const auto said = journal.segments.find(start);
    if (said == journal.segments.end() || !said->second.deleted)
      add("stale_row", start, "the index calls it deleted, but no journal does");
  }
  for (const auto& [start, gone] : rows.missing) {
    const auto said = journal.segments.find(start);
    if (said == journal.segments.end() || !said->second.missing)
      add("stale_row", start, "the index calls it missing, but no journal does");
  }
  return out;
}

}  // namespace cbx::verify

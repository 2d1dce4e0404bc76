#include "cut/candidates.h"

#include <dirent.h>

#include <algorithm>
#include <set>

#include "mp4/sample_table.h"

namespace cbx::cut {
namespace {

// Hashes are made up to half a minute after a file is finished, and a file may last some minutes without key frames.
constexpr Millis kInProgress{15 * 60'000};
// Less is rounding and slew: cutting there would cost a picture.
constexpr Millis kSlack{100};
// Of a file that is cut short by another no less is kept: it begins with a key frame that the other has, too.
constexpr Millis kLeastRest{500};

// When the last sample of all tracks ends, after the file's start.
Millis length_of(const SourceTables& tables) {
  int64_t end = tables.info.pts;
  for (const SourceTrack& t : tables.tracks) {
    int64_t dts = t.first_dts, pts_end = t.first_dts;
    for (const mp4::FragmentSample& s : t.samples) {
      pts_end = std::max(pts_end, dts + s.composition_offset + s.duration);
      dts += s.duration;
    }
    end = std::max(end, mp4::rescale(pts_end, t.timescale(), static_cast<int>(codec::kPtsHz)));
  }
  return Millis{(end - tables.info.pts) / 90};
}

// A file of the day folder that the index does not list; nullopt when it holds nothing yet or is none of ours.
std::optional<Candidate> look_at(const MediaDir& media, const std::string& path, WallMs start) {
  auto file = media.open_file(path);
  if (!file) return std::nullopt;
  auto tables = read_tables(**file);
  if (!tables || tables->tracks.empty()) return std::nullopt;
  Candidate c;
  c.source.path = path;
  c.source.clock_offset_ms = tables->info.clock_offset_ms;
  c.source.file = {start, length_of(*tables).count(), static_cast<int64_t>(tables->bytes)};
  c.file = std::move(*file);
  c.tables = std::move(*tables);
  return c;
}

void add_unlisted(const store::Store& store, const MediaDir& media, std::string_view device, const std::string& folder,
                  TimeRange range, WallMs now, std::set<WallMs>& known, std::vector<Candidate>& out) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir((media.path() + "/" + folder).c_str()), &::closedir);
  if (!dir) return;
  // What was finished while the folder was read can be seen under both names, or under none.
  for (const bool parts : {true, false}) {
    ::rewinddir(dir.get());
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string path = folder + "/" + entry->d_name;
      const auto parsed = store.parse_path(path);
      if (!parsed || parsed->part != parts || parsed->device != device || parsed->start < now - kInProgress ||
          parsed->start >= range.to || known.contains(parsed->start))
        continue;
      auto found = look_at(media, path, parsed->start);
      if (!found || found->source.file.end() <= range.from) continue;
      known.insert(parsed->start);
      out.push_back(std::move(*found));
    }
  }
}

}  // namespace

std::vector<Candidate> without_overlaps(std::vector<Candidate> all, TimeRange range) {
  std::vector<Candidate> out;
  for (Candidate& c : all) {
    Source& s = c.source;
    s.used = TimeRange{s.file.start, s.file.end()}.clipped_to(range);
    if (s.used.empty()) continue;
    c.ends_range = s.used.to == range.to;
    bool covered = false;
    while (!out.empty() && out.back().source.used.to > s.used.from + kSlack) {
      Source& before = out.back().source;
      covered = before.used.to >= s.used.to;
      if (covered) break;
      before.used.to = s.used.from;
      out.back().clean_end = true;
      if (before.used.length() >= kLeastRest) break;
      out.pop_back();
    }
    if (!covered) out.push_back(std::move(c));
  }
  return out;
}

Result<std::vector<Candidate>> find_candidates(index::Index& index, const MediaDir& media, std::string_view device,
                                               TimeRange range, WallMs now) {
  std::vector<Candidate> out;
  std::set<WallMs> known;
  CBX_TRY(index.segments(device, range, true, [&](const SegmentRecord& r) {
    Candidate c;
    c.source.file = {r.start, r.duration_ms, r.bytes};
    c.source.path = r.path;
    c.source.sha256 = r.sha256;
    c.source.clock_offset_ms = r.clock_offset_ms;
    out.push_back(std::move(c));
    if (r.start >= now - kInProgress) known.insert(r.start);
    return true;
  }));
  if (range.to > now - kInProgress) {
    const store::Store& store = index.store();
    const std::string today = store.day_folder(device, now), before = store.day_folder(device, now - kInProgress);
    add_unlisted(store, media, device, today, range, now, known, out);
    if (before != today) add_unlisted(store, media, device, before, range, now, known, out);
    std::stable_sort(out.begin(), out.end(),
                     [](const Candidate& a, const Candidate& b) { return a.source.file.start < b.source.file.start; });
  }
  return without_overlaps(std::move(out), range);
}

}  // namespace cbx::cut

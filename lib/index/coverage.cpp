#include "index/coverage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "base/file.h"

namespace cbx::index {
namespace {

// Hashes are made up to half a minute after a file is finished, and a file may last some minutes without key frames.
constexpr Millis kInProgress{15 * 60'000};
// A recorder at work writes a fragment a second; the newest one is not on disk yet.
constexpr Millis kFreshWrite{5'000};

// Whether another process holds the file's lock, as the writer of a .part does.
bool is_locked(const std::string& path) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return false;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) return true;
  ::flock(fd.get(), LOCK_UN);
  return false;
}

// Names sort as times do: `oldest` is that of the oldest file that counts, "" where all do.
void add_folder(const store::Store& store, const std::string& folder, const std::string& oldest, WallMs now,
                std::vector<TimeRange>& out) {
  const std::string base = store.media_path() + "/" + folder;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(base.c_str()), &::closedir);
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir.get())) {
    // Most of a day's files are older, and are not worth a closer look.
    if (std::string_view(entry->d_name + (*entry->d_name == '.' ? 1 : 0)) < oldest) continue;
    const auto parsed = store.parse_path(folder + "/" + entry->d_name);
    if (!parsed || parsed->start < now - kInProgress) continue;
    const std::string path = base + "/" + entry->d_name;
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) continue;
    WallMs end{Millis{int64_t{st.st_mtim.tv_sec} * 1000 + st.st_mtim.tv_nsec / 1'000'000}};
    if (parsed->part && end + kFreshWrite > now && is_locked(path)) end = now;
    if (parsed->start < end) out.push_back({parsed->start, std::min(end, now)});
  }
}

}  // namespace

std::vector<TimeRange> merge_spans(std::vector<TimeRange> spans, TimeRange range) {
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  std::vector<TimeRange> out;
  for (const TimeRange& whole : spans) {
    const TimeRange span = whole.clipped_to(range);
    if (span.empty()) continue;
    if (!out.empty() && span.from <= out.back().to + kSmallestGap)
      out.back().to = std::max(out.back().to, span.to);
    else
      out.push_back(span);
  }
  return out;
}

std::vector<TimeRange> holes(const std::vector<TimeRange>& covered, TimeRange range) {
  std::vector<TimeRange> out;
  WallMs at = range.from;
  const auto hole = [&](WallMs to) {
    if (to - at > kSmallestGap) out.push_back({at, to});
  };
  for (const TimeRange& span : covered) {
    hole(span.from);
    at = std::max(at, span.to);
  }
  hole(range.to);
  return out;
}

std::vector<TimeRange> recordings_in_progress(const store::Store& store, std::string_view device, TimeRange range,
                                              WallMs now) {
  std::vector<TimeRange> out;
  if (range.to < now - kInProgress) return out;
  const std::string today = store.day_folder(device, now);
  const std::string before = store.day_folder(device, now - kInProgress);
  const std::string oldest = store.segment_path(device, now - kInProgress).substr(before.size() + 1);
  add_folder(store, before, oldest, now, out);
  if (before != today) add_folder(store, today, "", now, out);
  return out;
}

Result<std::vector<TimeRange>> finished_spans(Index& index, std::string_view device, TimeRange range) {
  std::vector<TimeRange> spans;
  CBX_TRY(index.spans(device, range, [&](TimeRange span) {
    // Merged as they come: a month of minutes becomes a handful of spans.
    if (!spans.empty() && span.from >= spans.back().from && span.from <= spans.back().to + kSmallestGap)
      spans.back().to = std::max(spans.back().to, span.to);
    else
      spans.push_back(span);
  }));
  return spans;
}

Result<std::vector<TimeRange>> covered_spans(Index& index, std::string_view device, TimeRange range, WallMs now) {
  CBX_ASSIGN(std::vector<TimeRange> spans, finished_spans(index, device, range));
  for (const TimeRange& span : recordings_in_progress(index.store(), device, range, now)) spans.push_back(span);
  return merge_spans(std::move(spans), range);
}

}  // namespace cbx::index

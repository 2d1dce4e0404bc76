#include "prune/policy.h"

#include <algorithm>
#include <numeric>

namespace cbx::prune {

using index::StoredFile;

namespace {

constexpr size_t kPage = 2000;

}  // namespace

const char* word(Why why) {
  static constexpr std::array<const char*, kWhys> kWords{"age",       "size",   "free",  "not_due",
                                                         "too_young", "pinned", "event", "unpushed"};
  return kWords[static_cast<size_t>(why)];
}

Policy::Policy(Source& source, WallMs now, std::optional<int64_t> max_size, std::vector<DevicePolicy> devices)
    : source_(source),
      now_(now),
      max_size_(max_size),
      devices_(std::move(devices)),
      bytes_(devices_.size()),
      size_marks_(devices_.size()) {}

Policy::Walk::Walk(Policy& policy, std::vector<size_t> devices) : policy_(policy) {
  for (const size_t device : devices) cursors_.push_back({device, {}, 0, false});
}

Status Policy::Walk::refill(Cursor& cursor, WallMs from) {
  CBX_ASSIGN(cursor.page, policy_.source_.files(policy_.devices_[cursor.device].id, from, kPage));
  cursor.at = 0;
  cursor.last_page = cursor.page.size() < kPage;
  return {};
}

Result<bool> Policy::Walk::next(size_t& device, StoredFile& file) {
  if (!started_) {
    started_ = true;
    for (size_t i = 0; i < cursors_.size(); i++) {
      CBX_TRY(refill(cursors_[i], WallMs{}));
      if (!cursors_[i].page.empty()) heads_.emplace(cursors_[i].page[0].start, i);
    }
  }
  if (heads_.empty()) return false;
  const size_t i = heads_.top().second;
  heads_.pop();
  Cursor& cursor = cursors_[i];
  device = cursor.device;
  file = cursor.page[cursor.at++];
  if (cursor.at == cursor.page.size() && !cursor.last_page) CBX_TRY(refill(cursor, file.start + Millis{1}));
  if (cursor.at < cursor.page.size()) heads_.emplace(cursor.page[cursor.at].start, i);
  return true;
}

bool Policy::aged(const DevicePolicy& device, const StoredFile& file, WallMs now) {
  return device.rules.keep && file.end() <= now - *device.rules.keep;
}

std::optional<Why> Policy::due(size_t device, const StoredFile& file) const {
  if (aged(devices_[device], file, now_)) return Why::age;
  if (size_marks_[device] && file.start <= *size_marks_[device]) return Why::size;
  const auto behind = [&](const Mark& mark) {
    return file.start < mark.start || (file.start == mark.start && device <= mark.device);
  };
  if (total_mark_ && behind(*total_mark_)) return Why::size;
  if (free_mark_ && behind(*free_mark_)) return Why::free;
  return std::nullopt;
}

Result<std::optional<Why>> Policy::held_by(const DevicePolicy& device, const StoredFile& file) {
  if (file.end() > now_ - kYoungest) return std::optional{Why::too_young};
  const TimeRange span{file.start, std::max(file.end(), file.start + Millis{1})};
  const auto overlaps = [&](const TimeRange& range) { return range.overlaps(span); };
  if (std::any_of(device.pinned.begin(), device.pinned.end(), overlaps)) return std::optional{Why::pinned};
  if (std::binary_search(device.event_files.begin(), device.event_files.end(), file.start))
    return std::optional{Why::event};
  CBX_ASSIGN(const bool unpushed, source_.unpushed(device.id, file.start));
  if (unpushed) return std::optional{Why::unpushed};
  return std::optional<Why>{};
}

Result<Verdict> Policy::judge(const DevicePolicy& device, const StoredFile& file) {
  Verdict verdict;
  verdict.due = due(static_cast<size_t>(&device - devices_.data()), file);
  if (!verdict.due) return verdict;
  CBX_ASSIGN(const auto held, held_by(device, file));
  verdict.why = held.value_or(*verdict.due);
  return verdict;
}

Result<int64_t> Policy::take(size_t device, const StoredFile& file, Why why, bool count_held, const Go& go) {
  // What an earlier pass took may still be in the index, and what it met held is still held.
  const bool gone = due(device, file).has_value();
  if (gone && !count_held) return 0;
  CBX_ASSIGN(const auto held, held_by(devices_[device], file));
  if (held) {
    if (count_held) {
      held_[static_cast<size_t>(*held)].files++;
      held_[static_cast<size_t>(*held)].bytes += file.bytes;
    }
    return 0;
  }
  if (gone) return 0;
  CBX_TRY(go(devices_[device].id, file, why));
  bytes_[device] -= file.bytes;
  return file.bytes;
}

Status Policy::by_age(const Go& go) {
  for (size_t d = 0; d < devices_.size(); d++) {
    if (max_size_ || devices_[d].rules.max_size) {
      CBX_ASSIGN(bytes_[d], source_.bytes(devices_[d].id));
    }
  }
  for (size_t d = 0; d < devices_.size(); d++) {
    const auto& keep = devices_[d].rules.keep;
    if (!keep) continue;
    Walk walk(*this, {d});
    for (;;) {
      size_t device = 0;
      StoredFile file;
      CBX_ASSIGN(const bool more, walk.next(device, file));
      if (!more || file.start > now_ - *keep) break;
      if (!aged(devices_[d], file, now_)) continue;
      CBX_ASSIGN(const auto held, held_by(devices_[d], file));
      if (held) continue;
      CBX_TRY(go(devices_[d].id, file, Why::age));
      bytes_[d] -= file.bytes;
    }
  }
  return {};
}

Status Policy::by_device_size(const Go& go) {
  for (size_t d = 0; d < devices_.size(); d++) {
    const auto& most = devices_[d].rules.max_size;
    if (!most || bytes_[d] <= *most) continue;
    Walk walk(*this, {d});
    while (bytes_[d] > *most) {
      size_t device = 0;
      StoredFile file;
      CBX_ASSIGN(const bool more, walk.next(device, file));
      if (!more) break;
      CBX_TRY(take(d, file, Why::size, true, go));
      size_marks_[d] = file.start;
    }
    over_size_ += std::max<int64_t>(0, bytes_[d] - *most);
  }
  return {};
}

Status Policy::by_size(const Go& go) {
  if (!max_size_) return {};
  int64_t total = std::accumulate(bytes_.begin(), bytes_.end(), int64_t{0});
  if (total <= *max_size_) return {};
  held_ = {};
  std::vector<size_t> all(devices_.size());
  std::iota(all.begin(), all.end(), size_t{0});
  Walk walk(*this, std::move(all));
  while (total > *max_size_) {
    size_t device = 0;
    StoredFile file;
    CBX_ASSIGN(const bool more, walk.next(device, file));
    if (!more) break;
    CBX_ASSIGN(const int64_t given, take(device, file, Why::size, true, go));
    total -= given;
    total_mark_ = Mark{file.start, device};
  }
  over_size_ += std::max<int64_t>(0, total - *max_size_);
  return {};
}

Result<int64_t> Policy::by_free(int64_t need, const Go& go) {
  if (!free_walk_) {
    std::vector<size_t> all(devices_.size());
    std::iota(all.begin(), all.end(), size_t{0});
    free_walk_.emplace(*this, std::move(all));
    held_ = {};
  }
  int64_t given = 0;
  while (given < need) {
    size_t device = 0;
    StoredFile file;
    CBX_ASSIGN(const bool more, free_walk_->next(device, file));
    if (!more) break;
    CBX_ASSIGN(const int64_t bytes, take(device, file, Why::free, true, go));
    given += bytes;
    free_mark_ = Mark{file.start, device};
  }
  return given;
}

}  // namespace cbx::prune

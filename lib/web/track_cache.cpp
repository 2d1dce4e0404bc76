#include "web/track_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mp4/fragment.h"
#include "web/read_only.h"

namespace cbx::web {
namespace {

class Gathered final : public ByteSource {
 public:
  Gathered(std::shared_ptr<const MediaFile> file, std::shared_ptr<const TrackGroup> group)
      : file_(std::move(file)), group_(std::move(group)) {
    for (const Stretch& s : group_->stretches) size_ += s.bytes;
  }

  uint64_t size() const override { return size_; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const override {
    ReadOnly reader(file_->fd->get(), file_->path);
    size_t done = 0;
    for (const Stretch& s : group_->stretches) {
      if (offset >= s.bytes) {
        offset -= s.bytes;
        continue;
      }
      const auto part =
          data.subspan(done, static_cast<size_t>(std::min<uint64_t>(data.size() - done, s.bytes - offset)));
      if (part.empty()) break;
      CBX_ASSIGN(const size_t n, reader.read_at(s.offset + offset, part));
      done += n;
      if (n < part.size()) return fail(ErrorCode::io, fmt::format("'{}' became shorter", file_->path));
      offset = 0;
    }
    return done;
  }

 private:
  std::shared_ptr<const MediaFile> file_;
  std::shared_ptr<const TrackGroup> group_;
  uint64_t size_ = 0;
};

}  // namespace

Result<std::vector<Stretch>> fragments_of_track(const MediaFile& file, int track, uint64_t from, uint64_t to) {
  ReadOnly reader(file.fd->get(), file.path);
  std::vector<Stretch> out;
  while (from < to) {
    CBX_ASSIGN(const auto fragment, mp4::read_fragment(reader, from, to, static_cast<int>(file.tracks.size())));
    if (!fragment) return fail(ErrorCode::data, fmt::format("'{}' has no whole fragment at {}", file.path, from));
    if (fragment->track == track) {
      if (!out.empty() && out.back().end() == from)
        out.back().bytes += fragment->size;
      else
        out.push_back({from, fragment->size});
    }
    from += fragment->size;
  }
  return out;
}

std::shared_ptr<const ByteSource> gather(std::shared_ptr<const MediaFile> file,
                                         std::shared_ptr<const TrackGroup> group) {
  return std::make_shared<const Gathered>(std::move(file), std::move(group));
}

std::shared_ptr<const TrackGroup> TrackCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end()) return nullptr;
  order_.splice(order_.begin(), order_, it->second.place);
  return it->second.group;
}

void TrackCache::keep(const std::string& key, std::shared_ptr<const TrackGroup> group) {
  const std::lock_guard lock(mutex_);
  const auto [it, added] = entries_.try_emplace(key);
  it->second.group = std::move(group);
  if (!added) return;
  order_.push_front(key);
  it->second.place = order_.begin();
  if (entries_.size() <= most_) return;
  entries_.erase(order_.back());
  order_.pop_back();
}

}  // namespace cbx::web

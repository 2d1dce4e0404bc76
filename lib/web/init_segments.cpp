#include "web/init_segments.h"

#include "mp4/codecs.h"
#include "web/read_only.h"

namespace cbx::web {
namespace {

// A bound of memory: a few hundred bytes each, and a camera has one or two in its life.
constexpr size_t kMost = 4096;
// No configuration takes so much.
constexpr uint64_t kLongest = 1 << 20;

std::shared_ptr<const InitSegment> read_init(const MediaFile& file) {
  if (file.init.bytes > kLongest) return nullptr;
  auto segment = std::make_shared<InitSegment>();
  segment->all.resize(static_cast<size_t>(file.init.bytes));
  segment->tracks = file.tracks;
  const auto n = ReadOnly(file.fd->get(), file.path).read_at(file.init.offset, segment->all);
  return n && *n == segment->all.size() ? segment : nullptr;
}

}  // namespace

std::shared_ptr<const InitSegment> InitSegments::find(const Opened& opened, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto it = known_.find({opened.device(), id});
  return it == known_.end() ? nullptr : it->second;
}

std::shared_ptr<const InitSegment> InitSegments::find_live(const Opened& opened, const std::string& id) {
  const auto stream = opened.live();
  if (!stream) return nullptr;
  for (const playback::Piece& piece : (*stream)->view()->pieces)
    if (piece.init == id)
      if (auto found = learn(opened, id, piece.start)) return found;
  return nullptr;
}

std::shared_ptr<const InitSegment> InitSegments::learn(const Opened& opened, const std::string& id, WallMs start) {
  if (auto known = find(opened, id)) return known;
  const auto file = opened.file(start);
  if (!file) return nullptr;
  auto segment = read_init(**file);
  if (!segment || mp4::init_id(segment->all) != id) return nullptr;
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMost) known_.clear();
  known_.insert_or_assign({opened.device(), id}, segment);
  return segment;
}

}  // namespace cbx::web

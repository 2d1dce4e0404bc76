#include "cut/joined_cut.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace cbx::cut {
namespace {

constexpr size_t kOpenAtMost = 4;  // files are read one after the other; a few readers may be at different places

}  // namespace

JoinedCut::JoinedCut(Parts parts) : parts_(std::move(parts)) {
  for (uint32_t i = 0; i < parts_.files.size(); ++i) {
    Shared file = std::move(parts_.files[i].file);
    struct stat st {};
    if (!file || ::fstat(file->fd(), &st) != 0) continue;
    unnamed_[i] = {std::move(file), st.st_dev, st.st_ino};
  }
}

void JoinedCut::close_files() const {
  std::vector<Shared> closed;  // without the lock: the last one to close a deleted file waits for the disk
  const std::lock_guard lock(mutex_);
  for (Open& o : open_) closed.push_back(std::move(o.file));
  open_.clear();
  for (auto& [source, file] : unnamed_) closed.push_back(std::move(file.file));
}

// Called with the lock.
Result<JoinedCut::Shared> JoinedCut::open_anew(uint32_t source) const {
  const SourceFile& file = parts_.files[source];
  auto opened = parts_.media->open_file(file.path);
  if (!opened && opened.error().code() == ErrorCode::no_input && !file.next_path.empty())
    opened = parts_.media->open_file(file.next_path);
  if (!opened) return fail(std::move(opened).error());
  struct stat st {};
  if (::fstat((*opened)->fd(), &st) != 0) return fail(os_error(errno, fmt::format("cannot stat '{}'", file.path)));
  const auto size = static_cast<uint64_t>(st.st_size);
  bool same = file.finished ? size == file.bytes : size >= file.bytes;
  if (const auto known = unnamed_.find(source); known != unnamed_.end())
    same = same && known->second.device == st.st_dev && known->second.inode == st.st_ino;
  if (!same) return fail(ErrorCode::data, fmt::format("'{}' is not the file that it was", file.path));
  return Shared(std::move(*opened));
}

Result<JoinedCut::Shared> JoinedCut::open(uint32_t source) const {
  const std::lock_guard lock(mutex_);
  for (Open& o : open_) {
    if (o.source != source) continue;
    o.used = ++uses_;
    return o.file;
  }
  if (const auto known = unnamed_.find(source); known != unnamed_.end() && known->second.file)
    return known->second.file;
  CBX_ASSIGN(Shared file, open_anew(source));
  if (open_.size() >= kOpenAtMost)
    open_.erase(
        std::min_element(open_.begin(), open_.end(), [](const Open& a, const Open& b) { return a.used < b.used; }));
  open_.push_back({source, ++uses_, std::move(file)});
  return open_.back().file;
}

Result<size_t> JoinedCut::read_extent(size_t extent, uint64_t at, std::span<uint8_t> data) const {
  const Extent& e = parts_.extents[extent];
  const uint64_t end = extent + 1 < parts_.extents.size() ? parts_.extents[extent + 1].at : parts_.data_bytes;
  const auto want = data.first(static_cast<size_t>(std::min<uint64_t>(data.size(), end - at)));
  const uint64_t offset = e.offset + (at - e.at);
  const std::string& path = parts_.files[e.source].path;
  CBX_ASSIGN(const Shared file, open(e.source));
  CBX_ASSIGN(const size_t n, read_fd(file->fd(), offset, want, path));
  if (n < want.size()) return fail(ErrorCode::io, fmt::format("'{}' is shorter than it was", path));
  return n;
}

Result<size_t> JoinedCut::read_at(uint64_t offset, std::span<uint8_t> data) const {
  size_t done = 0;
  if (offset < parts_.head.size()) {
    done = static_cast<size_t>(std::min<uint64_t>(data.size(), parts_.head.size() - offset));
    std::copy_n(parts_.head.begin() + static_cast<ptrdiff_t>(offset), done, data.begin());
  }
  const auto& extents = parts_.extents;
  size_t extent = extents.size();
  while (done < data.size() && offset + done < size()) {
    const uint64_t at = offset + done - parts_.head.size();
    if (extent == extents.size()) {
      const auto behind =
          std::upper_bound(extents.begin(), extents.end(), at, [](uint64_t v, const Extent& e) { return v < e.at; });
      extent = static_cast<size_t>(behind - extents.begin()) - 1;
    }
    CBX_ASSIGN(const size_t n, read_extent(extent, at, data.subspan(done)));
    done += n;
    ++extent;
  }
  return done;
}

}  // namespace cbx::cut

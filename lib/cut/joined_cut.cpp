#include "cut/joined_cut.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace cbx::cut {
namespace {

constexpr size_t kOpenAtMost = 4;  // files are read one after the other; a few readers may be at different places

}  // namespace

Result<JoinedCut::Shared> JoinedCut::open(uint32_t source) const {
  const std::lock_guard lock(mutex_);
  for (Open& o : open_) {
    if (o.source != source) continue;
    o.used = ++uses_;
    return o.fd;
  }
  const SourceFile& file = parts_.files[source];
  CBX_ASSIGN(UniqueFd fd, parts_.media->open_fd(file.path));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return fail(os_error(errno, fmt::format("cannot stat '{}'", file.path)));
  if (file.finished ? static_cast<uint64_t>(st.st_size) != file.bytes : static_cast<uint64_t>(st.st_size) < file.bytes)
    return fail(ErrorCode::data, fmt::format("'{}' is not the file that it was", file.path));
  if (open_.size() >= kOpenAtMost)
    open_.erase(
        std::min_element(open_.begin(), open_.end(), [](const Open& a, const Open& b) { return a.used < b.used; }));
  open_.push_back({source, ++uses_, std::make_shared<const UniqueFd>(std::move(fd))});
  return open_.back().fd;
}

Result<size_t> JoinedCut::read_extent(size_t extent, uint64_t at, std::span<uint8_t> data) const {
  const Extent& e = parts_.extents[extent];
  const uint64_t end = extent + 1 < parts_.extents.size() ? parts_.extents[extent + 1].at : parts_.data_bytes;
  const auto want = data.first(static_cast<size_t>(std::min<uint64_t>(data.size(), end - at)));
  const uint64_t offset = e.offset + (at - e.at);
  const SourceFile& file = parts_.files[e.source];
  size_t n = 0;
  if (file.file) {
    CBX_ASSIGN(n, read_fd(file.file->fd(), offset, want, file.path));
  } else {
    CBX_ASSIGN(const Shared fd, open(e.source));
    CBX_ASSIGN(n, read_fd(fd->get(), offset, want, file.path));
  }
  if (n < want.size()) return fail(ErrorCode::io, fmt::format("'{}' is shorter than it was", file.path));
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

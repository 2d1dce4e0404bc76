#include "web/media_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/beneath.h"
#include "base/bytes.h"
#include "mp4/box.h"
#include "mp4/hybrid_file.h"
#include "web/read_only.h"

namespace cbx::web {
namespace {

// The size of a box of this type at `offset`, nullopt unless it is whole before `end`.
std::optional<uint64_t> whole_box(File& file, uint64_t offset, uint64_t end, std::string_view type) {
  uint8_t b[mp4::kLargeBoxHeader] = {};
  if (offset > end || end - offset < mp4::kBoxHeader) return std::nullopt;
  const auto n = file.read_at(offset, b);
  if (!n || *n < mp4::kBoxHeader || read_be32(b + 4) != mp4::fourcc(type)) return std::nullopt;
  uint64_t size = read_be32(b), header = mp4::kBoxHeader;
  if (size == 1 && *n == sizeof b) {
    size = read_be64(b + 8);
    header = mp4::kLargeBoxHeader;
  }
  if (size < header || size > end - offset) return std::nullopt;
  return size;
}

// The end of the last whole fragment: pairs of moof and mdat from `offset` on.
uint64_t end_of_fragments(File& file, uint64_t offset, uint64_t end) {
  while (const auto moof = whole_box(file, offset, end, "moof")) {
    const auto mdat = whole_box(file, offset + *moof, end, "mdat");
    if (!mdat) break;
    offset += *moof + *mdat;
  }
  return offset;
}

// What will be written is mapped as well, so that this is done seldom.
std::shared_ptr<const FileMap> map_growing(const UniqueFd& fd, uint64_t end) {
  constexpr uint64_t kStep = uint64_t{64} << 20;
  return FileMap::make(fd.get(), (end / kStep + 1) * kStep);
}

Result<std::shared_ptr<const MediaFile>> examine(UniqueFd fd, std::string path, std::string_view device, WallMs start,
                                                 bool finished) {
  ReadOnly reader(fd.get(), path);
  CBX_ASSIGN(mp4::Layout layout, mp4::locate(reader));
  CBX_ASSIGN(const uint64_t size, reader.size());
  auto file = std::make_shared<MediaFile>();
  // An import that was moved by hand, or a file under a name that isn't its own.
  if (layout.info.device != device)
    return fail(ErrorCode::data, fmt::format("'{}' is of device '{}'", path, printable(layout.info.device)));
  const uint64_t from = layout.fragments_offset;
  const uint64_t to = layout.finished ? layout.end : end_of_fragments(reader, from, layout.end);
  file->fd = std::make_shared<const UniqueFd>(std::move(fd));
  file->device = device;
  file->start = start;
  file->finished = finished && layout.finished;
  file->bytes = file->finished ? size : to;
  file->map = file->finished ? FileMap::make(file->fd->get(), size) : map_growing(*file->fd, to);
  file->path = std::move(path);
  file->init = {layout.init_offset, layout.init_size};
  file->fragments = {from, to - from};
  file->tracks = std::move(layout.tracks);
  return file;
}

}  // namespace

Result<std::shared_ptr<const MediaFile>> open_media_file(const store::Store& store, std::string_view device,
                                                         WallMs start) {
  const std::string final_path = store.segment_path(device, start), part_path = store.part_path(device, start);
  // Finishing renames the one to the other, perhaps between two of these looks.
  for (const bool part : {false, true, false}) {
    const std::string& path = part ? part_path : final_path;
    auto fd = descriptor_beneath(store.media_path(), path);
    if (fd) return examine(std::move(*fd), path, device, start, !part);
    if (fd.error().code() != ErrorCode::no_input) return fail(std::move(fd).error());
  }
  return fail(ErrorCode::no_input, "no such recording");
}

std::shared_ptr<const MediaFile> grown(const MediaFile& file) {
  ReadOnly reader(file.fd->get(), file.path);
  const auto size = reader.size();
  if (!size) return nullptr;
  const uint64_t end = end_of_fragments(reader, file.fragments.end(), *size);
  if (end == file.fragments.end()) return nullptr;
  auto more = std::make_shared<MediaFile>(file);
  more->fragments.bytes = end - more->fragments.offset;
  more->bytes = end;
  if (more->map && end > more->map->size()) more->map = map_growing(*more->fd, end);
  return more;
}

}  // namespace cbx::web

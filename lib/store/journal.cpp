#include "store/journal.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace cbx::store {
namespace {

constexpr size_t kReadBlock = 256 << 10;
constexpr size_t kMaxLine = 1 << 20;

// A crash can leave a line without its end; what follows must not be glued to it.
Status close_torn_line(File& file, uint64_t size) {
  if (size == 0) return {};
  uint8_t last = 0;
  CBX_TRY(file.read_at(size - 1, std::span<uint8_t>(&last, 1)));
  if (last == '\n') return {};
  return file.append(as_bytes("\n"));
}

}  // namespace

Status append_journal(Filesystem& fs, const Store& store, std::span<const Record> records) {
  if (records.empty()) return {};
  std::string text;
  for (const Record& r : records) text += to_line(r) + "\n";
  const std::string& device = record_device(records[0]);
  const WallMs when = record_time(records[0]);
  const std::string folder = store.media_path() + "/" + store.day_folder(device, when);
  const std::string path = store.media_path() + "/" + store.journal_path(device, when);
  auto opened = fs.open(path, OpenMode::append);
  if (!opened && opened.error().os_error() == ENOENT) {
    CBX_TRY(fs.make_dirs(folder));
    opened = fs.open(path, OpenMode::append);
  }
  if (!opened) return fail(std::move(opened).error());
  File& file = **opened;
  CBX_TRY(file.lock());
  CBX_ASSIGN(const uint64_t size, file.size());
  CBX_TRY(close_torn_line(file, size));
  CBX_TRY(file.append(as_bytes(text)));
  CBX_TRY(file.sync_data());
  if (size == 0) {
    // The folders on the way are new, too, as far as we know.
    CBX_TRY(fs.sync_dir(folder));
    CBX_TRY(fs.sync_dir(store.media_path() + "/" + device));
    CBX_TRY(fs.sync_dir(store.media_path()));
  }
  return file.close();
}

Result<uint64_t> read_journal(const Store& store, const std::string& relative_path, uint64_t offset,
                              const std::function<void(uint64_t, Result<std::optional<Record>>)>& line) {
  PosixFilesystem fs;
  CBX_ASSIGN(const auto file, fs.open(store.media_path() + "/" + relative_path, OpenMode::read));
  Bytes buffer;
  uint64_t base = offset;  // file offset of buffer[0]
  bool skipping = false;   // inside a line that is too long to be a record
  while (true) {
    const size_t have = buffer.size();
    buffer.resize(have + kReadBlock);
    CBX_ASSIGN(const size_t n, file->read_at(base + have, std::span<uint8_t>(buffer).subspan(have)));
    buffer.resize(have + n);
    size_t begin = 0;
    while (begin < buffer.size()) {
      const auto* nl = static_cast<const uint8_t*>(std::memchr(buffer.data() + begin, '\n', buffer.size() - begin));
      if (!nl) break;
      const size_t end = static_cast<size_t>(nl - buffer.data()) + 1;
      const std::string_view text = as_string(ByteSpan(buffer).subspan(begin, end - begin - 1));
      if (skipping)
        line(base + end, fail(ErrorCode::data, "line of over 1 MiB"));
      else if (!text.empty())
        line(base + end, parse_record(text));
      skipping = false;
      begin = end;
    }
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(begin));
    base += begin;
    if (n == 0) return base;
    if (buffer.size() > kMaxLine) {
      base += buffer.size();
      buffer.clear();
      skipping = true;
    }
  }
}

Status drop_journalled(const Store& store, const std::string& relative_path, std::set<std::string>& paths) {
  const auto read = read_journal(store, relative_path, 0, [&](uint64_t, Result<std::optional<Record>> r) {
    if (!r || !*r) return;
    if (const auto* segment = std::get_if<SegmentRecord>(&**r)) paths.erase(segment->path);
    if (const auto* gone = std::get_if<DeleteRecord>(&**r)) paths.erase(gone->path);
  });
  if (!read && read.error().os_error() != ENOENT) return fail(read.error());
  return {};
}

}  // namespace cbx::store

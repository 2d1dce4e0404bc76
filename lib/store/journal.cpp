#include "store/journal.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/crash_point.h"

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

// A disk that fills in the middle of a line leaves no half of it; whole lines stay, as readers may know them already.
void take_back_torn_line(File& file, uint64_t size, std::string_view text) {
  const auto now = file.size();
  if (!now || *now <= size || *now - size > text.size()) return;
  const size_t whole = text.substr(0, static_cast<size_t>(*now - size)).rfind('\n');
  (void)file.truncate(size + (whole == std::string_view::npos ? 0 : whole + 1));
}

// After a failed sync the kernel may have forgotten lines that never reached the disk, and would not tell again
// (fsync(2)): they are written once more, over themselves, before the one other sync.
Status sync_lines(Filesystem& fs, File& file, uint64_t at, std::string_view text) {
  Status synced = file.sync_data();
  if (synced) return synced;
  auto again = fs.open(file.path(), OpenMode::read_write);
  if (!again || !(*again)->write_at(at, as_bytes(text)) || !(*again)->sync_data()) return synced;
  return {};
}

}  // namespace

Result<JournalSpan> append_lines(Filesystem& fs, const Store& store, std::string_view device, WallMs when,
                                 std::string_view text, bool sync) {
  const std::string folder = store.media_path() + "/" + store.day_folder(device, when);
  const std::string path = store.media_path() + "/" + store.journal_path(device, when);
  std::unique_ptr<File> held;
  for (bool there = false; !there;) {
    auto opened = fs.open(path, OpenMode::append);
    if (!opened && opened.error().os_error() == ENOENT) {
      CBX_TRY(fs.make_dirs(folder));
      opened = fs.open(path, OpenMode::append);
    }
    if (!opened) return fail(std::move(opened).error());
    held = std::move(*opened);
    CBX_TRY(held->lock());
    // An old day's journal may have been removed while this waited for its lock.
    struct stat st {};
    there = ::fstat(held->fd(), &st) != 0 || st.st_nlink > 0;
  }
  File& file = *held;
  CBX_ASSIGN(const uint64_t size, file.size());
  if (size == 0) {
    crash_point("journal.sync_dir");
    // The folders on the way are new, too, as far as we know.  First of all, so that a failure leaves no line behind
    // and the next try begins here again.
    CBX_TRY(fs.sync_dir(folder));
    CBX_TRY(fs.sync_dir(fmt::format("{}/{}", store.media_path(), device)));
    CBX_TRY(fs.sync_dir(store.media_path()));
  }
  CBX_TRY(close_torn_line(file, size));
  CBX_ASSIGN(const uint64_t begin, file.size());
  crash_point("journal.write");
  const size_t torn = crash_armed("journal.torn") ? text.size() / 2 : 0;
  if (torn > 0) {
    CBX_TRY(file.append(as_bytes(text.substr(0, torn))));
    crash_point("journal.torn");
  }
  if (Status appended = file.append(as_bytes(text.substr(torn))); !appended) {
    take_back_torn_line(file, begin, text);
    return fail(std::move(appended).error());
  }
  crash_point("journal.sync");
  if (sync || size == 0) CBX_TRY(sync_lines(fs, file, begin, text));
  // Nothing may fail from here on: who tries again would double the lines.  Whatever close(2) says, they are written.
  (void)file.close();
  return JournalSpan{size, begin + text.size()};
}

Status append_journal(Filesystem& fs, const Store& store, std::span<const Record> records) {
  if (records.empty()) return {};
  std::string text;
  for (const Record& r : records) text += to_line(r) + "\n";
  CBX_TRY(append_lines(fs, store, record_device(records[0]), record_time(records[0]), text, true));
  return {};
}

Status close_journal(Filesystem& fs, const Store& store, const std::string& relative_path) {
  CBX_ASSIGN(const auto file, fs.open(store.media_path() + "/" + relative_path, OpenMode::append));
  CBX_TRY(file->lock());
  CBX_ASSIGN(const uint64_t size, file->size());
  CBX_TRY(close_torn_line(*file, size));
  CBX_TRY(file->sync_data());
  return file->close();
}

Result<uint64_t> read_journal_lines(const Store& store, const std::string& relative_path, uint64_t offset,
                                    const std::function<void(uint64_t, std::optional<std::string_view>)>& line) {
  PosixFilesystem fs;
  CBX_ASSIGN(const auto file, fs.open(store.media_path() + "/" + relative_path, OpenMode::read_regular));
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
      line(base + end, skipping ? std::nullopt : std::optional(text));
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

Result<uint64_t> read_journal(const Store& store, const std::string& relative_path, uint64_t offset,
                              const std::function<void(uint64_t, Result<std::optional<Record>>)>& line) {
  return read_journal_lines(store, relative_path, offset, [&](uint64_t end, std::optional<std::string_view> text) {
    if (!text) return line(end, fail(ErrorCode::data, "line of over 1 MiB"));
    // What a power cut left unwritten before the line reads as zeros.
    text->remove_prefix(std::min(text->find_first_not_of('\0'), text->size()));
    if (text->empty()) return;
    auto record = parse_record(*text);
    if (record || !is_torn_line(*text)) line(end, std::move(record));
  });
}

bool is_torn_line(std::string_view text) {
  while (!text.empty() && text.back() == '\0') text.remove_suffix(1);
  text.remove_prefix(std::min(text.find_first_not_of('\0'), text.size()));
  static constexpr std::string_view kBegin = R"({"v":1,"type":")";
  if (text.size() <= kBegin.size()) return kBegin.starts_with(text);
  if (!text.starts_with(kBegin)) return false;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (quoted && c == '\\')
      i++;
    else if (c == '"')
      quoted = !quoted;
    else if (!quoted && (c == '{' || c == '['))
      depth++;
    else if (!quoted && (c == '}' || c == ']') && --depth == 0)
      return false;
  }
  return true;
}

Status drop_journalled(const Store& store, const std::string& relative_path, std::set<std::string>& paths,
                       std::set<std::string>* deleted) {
  const std::set<std::string> asked = deleted ? paths : std::set<std::string>();
  const auto read = read_journal(store, relative_path, 0, [&](uint64_t, Result<std::optional<Record>> r) {
    if (!r || !*r) return;
    if (const auto* segment = std::get_if<SegmentRecord>(&**r)) paths.erase(segment->path);
    const auto* gone = std::get_if<DeleteRecord>(&**r);
    if (!gone || gone->dry_run) return;
    paths.erase(gone->path);
    if (deleted && asked.contains(gone->path)) deleted->insert(gone->path);
  });
  if (!read && read.error().os_error() != ENOENT) return fail(read.error());
  return {};
}

Result<bool> is_buried(const Store& store, const std::string& segment_path) {
  const std::string journal = segment_path.substr(0, segment_path.rfind('/') + 1) + "records.jsonl";
  bool buried = false;
  const auto read = read_journal_lines(store, journal, 0, [&](uint64_t, std::optional<std::string_view> line) {
    // Few lines are worth parsing; neither text is ever written in another way.
    if (!line || line->find("\"delete\"") == line->npos || line->find(segment_path) == line->npos) return;
    const auto record = parse_record(*line);
    const auto* gone = record && *record ? std::get_if<DeleteRecord>(&**record) : nullptr;
    buried |= gone && !gone->dry_run && gone->path == segment_path;
  });
  if (!read && read.error().os_error() != ENOENT) return fail(read.error());
  return buried;
}

}  // namespace cbx::store

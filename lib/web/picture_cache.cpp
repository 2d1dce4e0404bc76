#include "web/picture_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <vector>

#include "base/file.h"
#include "store/derived.h"
#include "store/reserve.h"

namespace cbx::web {
namespace {

namespace fs = std::filesystem;

constexpr auto kSweepEvery = std::chrono::hours(1);
constexpr uint64_t kLargest = uint64_t{8} << 20;
// Recorders and cbx-prune keep more than that free; below it somebody else has filled the disk.
constexpr int64_t kLeastShare = 50, kLeastBytes = int64_t{256} << 20;
// When there is too much, so much of what may be there stays.
constexpr int64_t kKeepOf = 10, kKeep = 8;

// After a power cut a file may have its name but not its bytes.
bool is_whole_jpeg(std::string_view text) {
  return text.size() > 4 && text.starts_with("\xff\xd8") && text.ends_with("\xff\xd9");
}

}  // namespace

std::shared_ptr<const std::string> PictureCache::find(const std::string& path) const {
  auto file = open_beneath(store::derived_path(store_), path);
  if (!file) return nullptr;
  const auto size = (*file)->size();
  if (!size || *size > kLargest) return nullptr;
  std::string text(static_cast<size_t>(*size), '\0');
  const auto n = (*file)->read_at(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  if (!n || *n != text.size() || !is_whole_jpeg(text)) return nullptr;
  return std::make_shared<const std::string>(std::move(text));
}

bool PictureCache::recording_is_there(const std::string& path) const {
  const auto recording = store::recording_of(store_, path);
  const auto parsed = recording ? store_.parse_path(*recording) : std::nullopt;
  if (!parsed) return false;
  // The one is renamed to the other, perhaps between two of these looks.
  std::error_code error;
  for (const std::string& name : {*recording, store_.part_path(parsed->device, parsed->start), *recording})
    if (fs::exists(store_.media_path() + "/" + name, error) || error) return true;
  return false;
}

Status PictureCache::write(const std::string& path, const std::string& jpeg) const {
  const std::string base = store::derived_path(store_), whole = base + "/" + path;
  const std::string folder = whole.substr(0, whole.rfind('/'));
  CBX_TRY(PosixFilesystem{}.make_dirs(folder));
  CBX_ASSIGN(const store::DiskSpace space, store::disk_space(base));
  if (space.available < std::max(kLeastBytes, space.total / kLeastShare)) return {};
  static std::atomic<unsigned> count{0};
  const std::string temporary =
      fmt::format("{}/.{}.{}-{}", folder, whole.substr(folder.size() + 1), ::getpid(), count++);
  // Not synced: it can be made again, and recorders want the disk.
  UniqueFd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!fd) return fail(os_error(errno, fmt::format("cannot create '{}'", temporary)));
  Status written = write_all(fd.get(), as_bytes(jpeg), "'" + temporary + "'");
  if (written && ::rename(temporary.c_str(), whole.c_str()) != 0)
    written = fail(os_error(errno, fmt::format("cannot rename '{}'", temporary)));
  if (!written) ::unlink(temporary.c_str());
  return written;
}

void PictureCache::keep(const std::string& path, const std::string& jpeg) {
  if (!is_whole_jpeg(jpeg)) return;
  if (const Status written = write(path, jpeg); !written) {
    log_.debug("a picture is not kept: {}", written.error().message());
    return;
  }
  // Whoever deleted the recording since it was opened has not seen this picture.
  if (!recording_is_there(path)) ::unlink((store::derived_path(store_) + "/" + path).c_str());
  const std::lock_guard lock(mutex_);
  bytes_ += static_cast<int64_t>(jpeg.size());
  const Monotonic now = clock_.monotonic();
  if (bytes_ <= most_bytes_ && now < sweep_at_) return;
  bytes_ = sweep();
  sweep_at_ = now + kSweepEvery;
}

// What is left, in bytes.
int64_t PictureCache::sweep() const {
  struct Entry {
    fs::file_time_type time;
    int64_t bytes;
    fs::path path;
  };
  std::vector<Entry> entries;
  int64_t bytes = 0;
  std::error_code error;
  const fs::path base = store::derived_path(store_);
  const auto old = fs::file_time_type::clock::now() - std::chrono::minutes(10);
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator it(base, options, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored) || it->is_symlink(ignored)) continue;
    const std::string name = it->path().lexically_relative(base).string();
    const auto time = it->last_write_time(ignored);
    const bool temporary = it->path().filename().string().starts_with('.');
    const bool picture = !temporary && store::recording_of(store_, name).has_value();
    if (temporary ? time < old : picture && !recording_is_there(name)) {
      fs::remove(it->path(), ignored);
    } else if (picture) {
      entries.push_back({time, static_cast<int64_t>(it->file_size(ignored)), it->path()});
      bytes += entries.back().bytes;
    }
  }
  if (bytes <= most_bytes_) return bytes;
  std::ranges::sort(entries, {}, &Entry::time);
  for (const Entry& entry : entries) {
    if (bytes <= most_bytes_ / kKeepOf * kKeep) break;
    std::error_code ignored;
    fs::remove(entry.path, ignored);
    bytes -= entry.bytes;
  }
  return bytes;
}

}  // namespace cbx::web

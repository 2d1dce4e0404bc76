#include "web/pictures.h"

#include <fmt/format.h>

#include "store/derived.h"
#include "store/find.h"
#include "web/picture_process.h"
#include "web/read_only.h"

namespace cbx::web {
namespace {

// Decoding takes a processor for a moment; recorders have the others.
constexpr unsigned kAtOnce = 2;
constexpr size_t kWaiting = 64;
// Being made or waiting: whoever asks much of one camera leaves room for those who look at others.
constexpr size_t kOfOneCamera = 8;
constexpr std::chrono::seconds kPatience{20};
constexpr int64_t kMostBytes = int64_t{1} << 30;
// A time that nothing was recorded at has the picture before it, when that is no older.
constexpr Millis kReach{10'000};
// Of files that begin before a time, how many are looked at: imports may overlap, one that has just begun is empty.
constexpr size_t kFiles = 3;
// How long `latest` means the same.
constexpr std::chrono::seconds kLatest{5};
constexpr size_t kMostKeys = 256, kMostLatest = 4096;

tl::unexpected<Error> none() {
  return fail(ErrorCode::no_input, "there is no picture of that time");
}

}  // namespace

std::shared_ptr<const Result<std::shared_ptr<const std::string>>> Pictures::Job::result() const {
  const std::lock_guard lock(mutex_);
  return result_;
}

Pictures::Pictures(store::Store store, std::string tool, const Clock& clock, const Logger& log)
    : store_(store),
      tool_(std::move(tool)),
      clock_(clock),
      log_(log),
      cache_(std::move(store), kMostBytes, clock, log),
      pool_(kAtOnce, kWaiting) {}

Result<std::shared_ptr<const mp4::KeyFrames>> Pictures::keys_of(const MediaFile& file) {
  const FileName name{file.device, file.start};
  {
    const std::lock_guard lock(mutex_);
    const auto known = keys_.find(name);
    if (known != keys_.end() && known->second.bytes == file.bytes) return known->second.keys;
  }
  ReadOnly reader(file.fd->get(), file.path);
  CBX_ASSIGN(mp4::KeyFrames read, mp4::read_key_frames(reader));
  auto keys = std::make_shared<const mp4::KeyFrames>(std::move(read));
  const std::lock_guard lock(mutex_);
  if (keys_.insert_or_assign(name, Keys{file.bytes, keys}).second) keys_order_.push_back(name);
  while (keys_order_.size() > kMostKeys) {
    keys_.erase(keys_order_.front());
    keys_order_.pop_front();
  }
  return keys;
}

Result<KeyPicture> Pictures::find(const Opened& opened, std::optional<WallMs> at) {
  if (!at) {
    std::optional<Latest> latest;
    {
      const std::lock_guard lock(mutex_);
      const auto known = latest_.find(opened.device());
      if (known != latest_.end() && clock_.monotonic() < known->second.until) latest = known->second;
    }
    if (latest)
      if (auto file = opened.file(latest->start)) return KeyPicture{*std::move(file), latest->time, false};
  }
  // Clocks of files may be ahead of ours.
  const WallMs limit = at.value_or(floor_ms(clock_.wall()) + std::chrono::hours(24));
  CBX_ASSIGN(const auto starts, store::last_starts(store_, opened.device(), limit, kFiles));
  for (const WallMs start : starts) {
    auto file = opened.file(start);
    if (!file && file.error().code() == ErrorCode::no_input) continue;  // deleted meanwhile
    if (!file) return fail(std::move(file).error());
    const auto keys = keys_of(**file);
    if (!keys && keys.error().code() == ErrorCode::no_input) continue;
    if (!keys) return fail(keys.error());
    if (at && *at - (*keys)->end > kReach) return none();
    const WallMs time = at ? mp4::key_frame_at(**keys, *at).time : (*keys)->frames.back().time;
    const bool settled = at && ((*file)->finished ? *at < (*keys)->end : *at < (*keys)->frames.back().time);
    if (!at) {
      const std::lock_guard lock(mutex_);
      if (latest_.size() >= kMostLatest) latest_.clear();
      latest_[opened.device()] = {start, time, clock_.monotonic() + kLatest};
    }
    return KeyPicture{*std::move(file), time, settled};
  }
  return none();
}

std::string Pictures::path_of(const KeyPicture& picture, int width) const {
  return store::picture_path(store_, picture.file->device, picture.file->start, picture.time, width);
}

std::shared_ptr<const std::string> Pictures::known(const KeyPicture& picture, int width) const {
  return cache_.find(path_of(picture, width));
}

size_t Pictures::jobs_of(const std::string& device) const {
  const std::string folder = device + "/";
  size_t count = 0;
  for (auto it = jobs_.lower_bound(folder); it != jobs_.end() && it->first.starts_with(folder); ++it) count++;
  return count;
}

Result<std::shared_ptr<Pictures::Job>> Pictures::make(const KeyPicture& picture, int width) {
  if (tool_.empty()) return fail(ErrorCode::try_again, "pictures can't be made: cbx-picture is not installed");
  const std::string path = path_of(picture, width);
  const std::lock_guard lock(mutex_);
  if (const auto same = jobs_.find(path); same != jobs_.end()) return same->second;
  if (jobs_of(picture.file->device) >= kOfOneCamera)
    return fail(ErrorCode::try_again, "too many pictures of this camera are being made; try again");
  auto job = std::make_shared<Job>();
  const bool taken =
      pool_.push(WorkerPool::Urgency::usual, [this, path, picture, width, job] { run(path, picture, width, job); });
  if (!taken) return fail(ErrorCode::try_again, "too many pictures are being made; try again");
  jobs_.emplace(path, job);
  return job;
}

void Pictures::run(const std::string& path, const KeyPicture& picture, int width, const std::shared_ptr<Job>& job) {
  auto jpeg = run_picture_tool(tool_, *picture.file->fd, picture.time, width, kPatience);
  Result<std::shared_ptr<const std::string>> result;
  if (jpeg) {
    cache_.keep(path, *jpeg);
    result = std::make_shared<const std::string>(*std::move(jpeg));
  } else {
    if (jpeg.error().code() != ErrorCode::no_input)
      log_.warn("no picture of '{}' at {}: {}", picture.file->path, format_rfc3339(picture.time),
                jpeg.error().message());
    result = fail(std::move(jpeg).error());
  }
  {
    const std::lock_guard lock(mutex_);
    jobs_.erase(path);
  }
  {
    const std::lock_guard lock(job->mutex_);
    job->result_ = std::make_shared<const Result<std::shared_ptr<const std::string>>>(std::move(result));
  }
  job->changed_->announce();
}

}  // namespace cbx::web

#include "segment/closer.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/crash_point.h"
#include "mp4/codecs.h"
#include "store/journal.h"

namespace cbx::segment {
namespace {

constexpr int kThreads = 2;
constexpr int kNice = 5;
constexpr Millis kSpread{300};  // between two staggered jobs: 100 cameras take 30 s
constexpr std::chrono::seconds kSpreadAtMost{30};
constexpr std::chrono::seconds kRetry{1};  // doubled each time
constexpr std::chrono::seconds kRetryAtMost{30};
constexpr int kTriesAtEnd = 3;       // when the process ends
constexpr int kTriesOfImport = 3;    // see give_up_soon()
constexpr int kTriesToReadAll = 5;   // then a copy has what can be read
constexpr size_t kHeldAtMost = 100;  // files that wait with their descriptor

std::string hex(const uint8_t* data, size_t n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < n; i++) {
    out += kDigits[data[i] >> 4];
    out += kDigits[data[i] & 15];
  }
  return out;
}

}  // namespace

Result<std::string> sha256_of(File& file, uint64_t bytes) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!ctx || EVP_DigestInit_ex(ctx.get(), EVP_sha256(), nullptr) != 1)
    return fail(ErrorCode::internal, "cannot start SHA-256");
  Bytes block(256 << 10);
  for (uint64_t at = 0; at < bytes;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(block.size(), bytes - at));
    CBX_ASSIGN(const size_t n, file.read_at(at, std::span<uint8_t>(block.data(), want)));
    if (n == 0) return fail(ErrorCode::io, "'" + file.path() + "' is shorter than it was");
    if (EVP_DigestUpdate(ctx.get(), block.data(), n) != 1) return fail(ErrorCode::internal, "SHA-256 failed");
    at += n;
  }
  std::array<uint8_t, 32> digest{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(ctx.get(), digest.data(), &length) != 1) return fail(ErrorCode::internal, "SHA-256 failed");
  return hex(digest.data(), length);
}

Closer::Closer(Filesystem& fs, const store::Store& store, Announcer& announcer, const Clock& clock, const Logger& log,
               Counts* counts)
    : fs_(fs), store_(store), announcer_(announcer), clock_(clock), log_(log), counts_out_(counts) {
  for (int i = 0; i < kThreads; i++) threads_.emplace_back([this] { work(); });
}

Closer::~Closer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& t : threads_) t.join();
  if (counts_out_) *counts_out_ = counts_;
}

void Closer::enqueue(Monotonic due, std::function<bool(bool last_try)> run) {
  {
    const std::lock_guard lock(mutex_);
    queue_.emplace(due, Task{std::move(run)});
  }
  wake_.notify_one();
}

void Closer::give_up_soon() {
  const std::lock_guard lock(mutex_);
  give_up_soon_ = true;
}

void Closer::finish(FinishJob job, bool staggered) {
  const Monotonic now = clock_.monotonic();
  Monotonic due = now;
  if (staggered) {
    const std::lock_guard lock(mutex_);
    due = last_due_ + kSpread;
    // More than fit into the time begin another round, between those of the first.
    if (due < now || due > now + kSpreadAtMost) due = now;
    last_due_ = due;
  }
  {
    const std::lock_guard lock(mutex_);
    unfinished_++;
  }
  const auto shared = std::make_shared<FinishJob>(std::move(job));
  enqueue(due, [this, shared](bool last_try) {
    if (!commit(*shared, last_try)) return false;
    const std::lock_guard lock(mutex_);
    unfinished_--;
    room_.notify_all();
    return true;
  });
}

bool Closer::finish_now(FinishJob job, SegmentRecord* record) {
  uint64_t failed = 0;
  {
    const std::lock_guard lock(mutex_);
    failed = counts_.failed;
  }
  (void)commit(job, true);
  if (record) *record = job.record;
  const std::lock_guard lock(mutex_);
  return counts_.failed == failed;
}

void Closer::journal(Record record) {
  enqueue(clock_.monotonic(), [this, record = std::move(record)](bool last_try) { return append(record) || last_try; });
}

void Closer::run(std::function<void()> task) {
  enqueue(clock_.monotonic(), [task = std::move(task)](bool) {
    task();
    return true;
  });
}

void Closer::wait_for_room(size_t jobs) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return unfinished_ <= jobs; });
}

void Closer::work() {
  // Hashing is the work that can wait; on Linux the nice value belongs to the thread.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  std::unique_lock lock(mutex_);
  while (true) {
    if (queue_.empty()) {
      if (stop_) return;
      wake_.wait(lock);
      continue;
    }
    const auto first = queue_.begin();
    const Monotonic now = clock_.monotonic();
    if (first->first > now && !stop_) {
      wake_.wait_for(lock, first->first - now);
      continue;
    }
    Task task = std::move(first->second);
    queue_.erase(first);
    if (stop_) task.tries_at_end++;
    const bool last_try = task.tries_at_end >= kTriesAtEnd || (give_up_soon_ && task.tries + 1 >= kTriesOfImport);
    lock.unlock();
    const bool done = task.run(last_try);
    lock.lock();
    if (done) continue;
    const auto pause = std::min<std::chrono::seconds>(kRetry * (1 << std::min(task.tries++, 10)), kRetryAtMost);
    queue_.emplace(clock_.monotonic() + pause, std::move(task));
  }
}

// Finished in place, then given its name.  Afterwards the file is durable under record.path; a duplicate has none.
Status Closer::place(FinishJob& job) {
  job.progress.tries++;
  if (!job.file) CBX_TRY(take_up_again(job));
  if (job.progress.distrusted) CBX_TRY(copy(job));
  CBX_TRY(finish_in_place(job));
  CBX_TRY(sync(job));
  if (!job.progress.named) CBX_TRY(name(job));
  crash_point("commit.sync_dir");
  return fs_.sync_dir(store_.media_path() + "/" + store_.day_folder(job.record.device, job.record.start));
}

// The file was closed meanwhile: what a crash leaves is finished by salvage, and so is this.
Status Closer::take_up_again(FinishJob& job) {
  CBX_ASSIGN(auto file, fs_.open(job.progress.let_go, OpenMode::read_write));
  CBX_ASSIGN(const bool locked, file->try_lock());
  if (!locked) return fail(ErrorCode::try_again, "'" + file->path() + "' is being recovered by another process");
  if (!job.progress.distrusted && !job.progress.named) {
    CBX_ASSIGN(const auto salvaged, mp4::salvage(*file));
    job.record.bytes = static_cast<int64_t>(salvaged.finished.bytes);
  }
  job.file = std::move(file);
  job.progress.let_go.clear();
  return {};
}

// A sync that failed may have thrown away what it could not write, and the next one would not tell (fsync(2)).  What
// can still be read goes into a file of its own, which is synced for the first time.
Status Closer::copy(FinishJob& job) {
  const std::string from = job.file->path(), to = from + ".copy";
  if (Status removed = fs_.unlink(to); !removed && removed.error().os_error() != ENOENT) return removed;
  CBX_ASSIGN(auto file, fs_.open(to, OpenMode::create_new));
  const auto fill = [&]() -> Status {
    CBX_TRY(file->lock());
    Bytes block(256 << 10);
    for (uint64_t at = 0;;) {
      const auto n = job.file->read_at(at, block);
      if (!n && job.progress.tries < kTriesToReadAll) return fail(n.error());
      if (!n || *n == 0) break;
      CBX_TRY(file->write_at(at, ByteSpan(block).first(*n)));
      at += *n;
    }
    CBX_ASSIGN(const auto salvaged, mp4::salvage(*file));
    CBX_TRY(file->sync_data());
    job.record.bytes = static_cast<int64_t>(salvaged.finished.bytes);
    if (salvaged.cut_bytes > 0)
      job.record.duration_ms = std::min(job.record.duration_ms, salvaged.finished.duration_ms);
    return {};
  };
  if (Status filled = fill(); !filled) {
    (void)fs_.unlink(to);
    return filled;
  }
  job.writer.reset();
  job.file = std::move(file);
  job.progress.original = from;
  job.progress.distrusted = false;
  job.progress.synced = true;
  log_.warn("'{}' could not be synced: finished as a copy", from);
  return {};
}

Status Closer::finish_in_place(FinishJob& job) {
  if (!job.writer) return {};
  std::string at;
  const auto done = job.writer->finish([&](std::string_view step) {
    at = step;
    crash_point(fmt::format("finish.{}", step));
  });
  if (!done) {
    job.progress.distrusted = at == "sync";
    return fail(done.error());
  }
  job.writer.reset();
  job.record.bytes = static_cast<int64_t>(done->bytes);
  if (job.moov_bytes) job.moov_bytes->store(done->moov_bytes, std::memory_order_relaxed);
  return {};
}

Status Closer::sync(FinishJob& job) {
  if (job.progress.synced) return {};
  crash_point("commit.sync");
  Status synced = job.file->sync_data();
  job.progress.distrusted = !synced;
  job.progress.synced = synced.has_value();
  return synced;
}

// Another file with this start: the same recording again is a duplicate, anything else moves by a millisecond.
Status Closer::name(FinishJob& job) {
  SegmentRecord& r = job.record;
  const std::string media = store_.media_path() + "/";
  const std::string part = job.file->path();
  for (WallMs start = r.start;; start += Millis{1}) {
    // Under the name of one that was deleted it would be taken for that, and deleted, too.
    if (store::is_buried(store_, store_.segment_path(r.device, start)).value_or(false)) continue;
    const std::string path = media + store_.segment_path(r.device, start);
    crash_point("commit.rename");
    Status renamed = fs_.rename_no_replace(part, path);
    if (!renamed && renamed.error().os_error() == ENOENT && start != r.start) {
      CBX_TRY(fs_.make_dirs(media + store_.day_folder(r.device, start)));  // it moved past midnight
      renamed = fs_.rename_no_replace(part, path);
    }
    if (renamed) {
      r.start = start;
      break;
    }
    if (renamed.error().os_error() != EEXIST) return renamed;
    CBX_ASSIGN(const auto other, fs_.open(path, OpenMode::read));
    CBX_ASSIGN(const uint64_t other_bytes, other->size());
    if (static_cast<int64_t>(other_bytes) != r.bytes) continue;
    CBX_ASSIGN(const std::string theirs, sha256_of(*other, other_bytes));
    CBX_ASSIGN(const std::string ours, sha256_of(*job.file, static_cast<uint64_t>(r.bytes)));
    if (theirs != ours) continue;
    // Known since, unless whoever wrote it was killed before the journal knew.
    std::set<std::string> missing{store_.segment_path(r.device, start)};
    CBX_TRY(store::drop_journalled(store_, store_.journal_path(r.device, start), missing));
    CBX_TRY(fs_.unlink(part));
    r.start = start;
    r.sha256 = ours;
    job.progress.duplicate = missing.empty();
    break;
  }
  job.progress.named = true;
  if (!job.progress.original.empty()) (void)fs_.unlink(job.progress.original);
  return {};
}

// A file that cannot be read back is still recorded: verify will look at it again.
void Closer::hash(FinishJob& job) {
  if (!job.record.sha256.empty() || !job.file) return;
  const auto bytes = static_cast<uint64_t>(job.record.bytes);
  auto hashed = sha256_of(*job.file, bytes);
  if (!hashed) hashed = sha256_of(*job.file, bytes);
  if (hashed)
    job.record.sha256 = *hashed;
  else
    log_.error("cannot hash '{}': {}", job.record.path, hashed.error().message());
}

// What playlists need.  A file that does not tell is still recorded, and read again by whoever plays it.
void Closer::describe(FinishJob& job) {
  SegmentRecord& r = job.record;
  if (!r.groups.empty() || !job.file) return;
  auto told = mp4::describe(*job.file, r.duration_ms);
  if (!told) return log_.warn("cannot tell the groups of '{}': {}", r.path, told.error().message());
  if (told->groups.size() > kMostGroups || static_cast<int64_t>(told->media_offset) > r.bytes) return;
  r.codecs = std::move(told->codecs);
  r.init = std::move(told->init);
  r.media_offset = static_cast<int64_t>(told->media_offset);
  for (const mp4::FileGroup& g : told->groups) r.groups.push_back({static_cast<int64_t>(g.bytes), g.duration_ms});
}

// Says so once for a device, and decides whether it is worth another try.
bool Closer::cannot_place(FinishJob& job, const Error& error, bool last_try) {
  const std::string& device = job.record.device;
  const std::string path = job.file ? job.file->path() : job.progress.let_go;
  const std::lock_guard lock(mutex_);
  // Recovered, or deleted, by another process since it was let go of.
  const bool gone = !job.file && error.os_error() == ENOENT;
  if (gone || last_try || error.code() == ErrorCode::data) {
    held_ -= std::exchange(job.progress.held, false) ? 1 : 0;
    if (gone) return true;
    log_.error("cannot finish a recording of '{}': {}; what is written stays in '{}'{}", device, error.message(), path,
               error.code() == ErrorCode::data ? "" : " and is finished when the recorder starts again");
    counts_.failed++;
    return true;
  }
  if (place_trouble_.insert(device).second)
    log_.error("cannot finish a recording of '{}': {}; trying again until it works", device, error.message());
  if (!job.file) return false;
  if (!std::exchange(job.progress.held, true)) held_++;
  if (held_ > kHeldAtMost) {
    held_--;
    job.progress.held = false;
    job.progress.let_go =
        job.progress.named ? store_.media_path() + "/" + store_.segment_path(device, job.record.start) : path;
    job.writer.reset();
    job.file.reset();
  }
  return false;
}

void Closer::placed(FinishJob& job) {
  const std::lock_guard lock(mutex_);
  held_ -= std::exchange(job.progress.held, false) ? 1 : 0;
  if (place_trouble_.erase(job.record.device) > 0)
    log_.warn("recordings of '{}' are finished again", job.record.device);
}

bool Closer::commit(FinishJob& job, bool last_try) {
  SegmentRecord& r = job.record;
  if (r.path.empty()) {
    if (const Status done = place(job); !done) return cannot_place(job, done.error(), last_try);
    placed(job);
    if (job.progress.duplicate) {
      log_.info("'{}' has this recording already", store_.segment_path(r.device, r.start));
      const std::lock_guard lock(mutex_);
      counts_.duplicates++;
      return true;
    }
    r.path = store_.segment_path(r.device, r.start);
  }
  crash_point("commit.hash");
  hash(job);
  describe(job);
  crash_point("commit.journal");
  const bool journalled = append(r);
  // Its lock told recovery to leave it alone.  When the journal fails for long, descriptors must not pile up.
  if (job.file) {
    if (Status closed = job.file->close(); !closed) log_.warn("{}", closed.error().message());
    job.file.reset();
  }
  if (!journalled && !last_try) return false;
  const std::lock_guard lock(mutex_);
  (journalled ? counts_.finished : counts_.failed)++;
  return true;
}

bool Closer::append(const Record& record) {
  const Status appended = store::append_journal(fs_, store_, std::span<const Record>(&record, 1));
  std::unique_lock lock(mutex_);
  const bool trouble_before = journal_trouble_;
  journal_trouble_ = !appended;
  lock.unlock();
  if (appended) {
    if (trouble_before) log_.info("the journal can be written again");
    crash_point("commit.announce");
    announcer_.announce(to_line(record));
    return true;
  }
  if (!trouble_before)
    log_.error("cannot write the journal of '{}': {}; trying again until it works", record_device(record),
               appended.error().message());
  return false;
}

}  // namespace cbx::segment

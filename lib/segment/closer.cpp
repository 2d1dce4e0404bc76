#include "segment/closer.h"

#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "store/journal.h"

namespace cbx::segment {
namespace {

constexpr int kThreads = 2;
constexpr int kNice = 5;
constexpr Millis kSpread{300};  // between two staggered jobs: 100 cameras take 30 s
constexpr std::chrono::seconds kSpreadAtMost{30};
constexpr std::chrono::seconds kRetry{2};

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

void Closer::enqueue(Monotonic due, Task task) {
  {
    const std::lock_guard lock(mutex_);
    queue_.emplace(due, std::move(task));
  }
  wake_.notify_one();
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
    const bool last_try = stop_;
    lock.unlock();
    const bool done = task(last_try);
    lock.lock();
    if (!done) queue_.emplace(clock_.monotonic() + kRetry, std::move(task));
  }
}

// Finished in place, then given its name.  Afterwards the file is durable under record.path.
Status Closer::place(FinishJob& job) {
  SegmentRecord& r = job.record;
  const std::string media = store_.media_path() + "/";
  const std::string part = media + store_.part_path(r.device, r.start);
  if (job.writer) {
    CBX_ASSIGN(const mp4::Finished done, job.writer->finish());
    job.writer.reset();
    r.bytes = static_cast<int64_t>(done.bytes);
    if (job.moov_bytes) job.moov_bytes->store(done.moov_bytes, std::memory_order_relaxed);
  }
  CBX_TRY(job.file->sync_data());
  const std::string folder = media + store_.day_folder(r.device, r.start);
  // Another file with this start: the same recording again is a duplicate, anything else moves by a millisecond.
  for (WallMs start = r.start;; start += Millis{1}) {
    const std::string path = media + store_.segment_path(r.device, start);
    Status renamed = fs_.rename_no_replace(part, path);
    if (renamed) {
      r.start = start;
      break;
    }
    if (renamed.error().os_error() != EEXIST) return renamed;
    CBX_ASSIGN(const auto other, fs_.open(path, OpenMode::read));
    CBX_ASSIGN(const uint64_t other_bytes, other->size());
    if (static_cast<int64_t>(other_bytes) == r.bytes) {
      CBX_ASSIGN(const std::string theirs, sha256_of(*other, other_bytes));
      CBX_ASSIGN(const std::string ours, sha256_of(*job.file, static_cast<uint64_t>(r.bytes)));
      if (theirs == ours) {
        CBX_TRY(fs_.unlink(part));
        r.start = start;
        r.sha256 = ours;
        // Known since, unless whoever wrote it was killed before the journal knew.
        const std::string known = store_.segment_path(r.device, start);
        std::set<std::string> missing{known};
        CBX_TRY(store::drop_journalled(store_, store_.journal_path(r.device, start), missing));
        if (!missing.empty()) r.path = known;
        return {};
      }
    }
  }
  r.path = store_.segment_path(r.device, r.start);
  return fs_.sync_dir(folder);
}

bool Closer::commit(FinishJob& job, bool last_try) {
  SegmentRecord& r = job.record;
  if (r.path.empty()) {
    if (Status placed = place(job); !placed) {
      log_.error("cannot finish a recording of '{}': {}; what is written stays in '{}'", r.device,
                 placed.error().message(), job.file->path());
      const std::lock_guard lock(mutex_);
      counts_.failed++;
      return true;
    }
    if (r.path.empty()) {
      log_.info("'{}' has this recording already", store_.segment_path(r.device, r.start));
      const std::lock_guard lock(mutex_);
      counts_.duplicates++;
      return true;
    }
  }
  if (r.sha256.empty() && job.file) {
    auto hash = sha256_of(*job.file, static_cast<uint64_t>(r.bytes));
    // A file that cannot be read back is still recorded: verify will look at it again.
    if (hash)
      r.sha256 = *hash;
    else
      log_.error("cannot hash '{}': {}", r.path, hash.error().message());
  }
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
    announcer_.announce(to_line(record));
    return true;
  }
  if (!trouble_before)
    log_.error("cannot write the journal of '{}': {}; trying again until it works", record_device(record),
               appended.error().message());
  return false;
}

}  // namespace cbx::segment

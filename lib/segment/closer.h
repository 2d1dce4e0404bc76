// The second half of the commit protocol: what needs syncing and hashing happens here, never in the reader's thread.
//
//   finish in place → fdatasync → rename (no replace) → sync folder → sha256 → journal line, synced → announce
//
// Journal lines of other records take the same way.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/records.h"
#include "mp4/hybrid_writer.h"
#include "segment/announcer.h"
#include "store/store.h"

namespace cbx::segment {

// A file whose last fragment is written.
struct FinishJob {
  std::unique_ptr<File> file;                 // locked, called part_path(device, start) unless record.path is set
  std::unique_ptr<mp4::HybridWriter> writer;  // null: the file is finished already (salvaged), record.bytes is known
  SegmentRecord record;                       // lacks sha256, path unless it has its name, bytes with a writer
  std::shared_ptr<std::atomic<uint64_t>> moov_bytes;  // told when known, for the reserve of the next file
};

// Thread-safe.  Owns low-priority threads.
class Closer {
 public:
  // How many files were finished, were there already, and could not be finished.
  struct Counts {
    uint64_t finished = 0, duplicates = 0, failed = 0;
  };

  // `counts` is written by the destructor.
  Closer(Filesystem& fs, const store::Store& store, Announcer& announcer, const Clock& clock, const Logger& log,
         Counts* counts = nullptr);
  // Finishes everything that is queued, without staggering; what cannot be journalled by then is left to recovery.
  ~Closer();

  // Jobs of live rotation are spread over at most 30 s, so that a minute's end is no burst.
  void finish(FinishJob job, bool staggered);
  void journal(Record record);
  // Runs `task` on a closer thread (recovery of a device).
  void run(std::function<void()> task);

  // Blocks until at most `jobs` files wait: an import must not run ahead of the disk.
  void wait_for_room(size_t jobs);

 private:
  using Task = std::function<bool(bool last_try)>;  // false: try again later

  void work();
  void enqueue(Monotonic due, Task task);
  bool commit(FinishJob& job, bool last_try);
  Status place(FinishJob& job);
  bool append(const Record& record);

  Filesystem& fs_;
  const store::Store& store_;
  Announcer& announcer_;
  const Clock& clock_;
  const Logger& log_;
  std::mutex mutex_;
  std::condition_variable wake_, room_;
  std::multimap<Monotonic, Task> queue_;
  Monotonic last_due_{};
  bool stop_ = false;
  bool journal_trouble_ = false;
  size_t unfinished_ = 0;
  Counts counts_;
  Counts* const counts_out_;
  std::vector<std::thread> threads_;
};

// SHA-256 of the first `bytes` of a file as 64 hex digits.
Result<std::string> sha256_of(File& file, uint64_t bytes);

}  // namespace cbx::segment

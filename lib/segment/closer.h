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
#include <set>
#include <string>
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
  SegmentRecord record;  // lacks sha256 and what playlists need, path unless it has its name, bytes with a writer
  std::shared_ptr<std::atomic<uint64_t>> moov_bytes;  // told when known, for the reserve of the next file

  // How far the closer came, so that a step that failed is tried again and no other.
  struct Progress {
    bool synced = false, named = false, duplicate = false;
    bool distrusted = false;  // a sync of `file` failed: only a copy of it can be made durable
    int tries = 0;
    bool held = false;     // waits for another try with its file open
    std::string let_go;    // the path of `file`, when it was closed to give its descriptor to others
    std::string original;  // the distrusted file that `file` is a copy of
  } progress;
};

// Thread-safe.  Owns low-priority threads.  What fails is tried again, ever less often, while the process lives; when
// it ends, what cannot be finished is left to recovery.
class Closer {
 public:
  // How many files were finished, were there already, and could not be finished.
  struct Counts {
    uint64_t finished = 0, duplicates = 0, failed = 0;
  };

  // `counts` is written by the destructor.
  Closer(Filesystem& fs, const store::Store& store, Announcer& announcer, const Clock& clock, const Logger& log,
         Counts* counts = nullptr);
  // Finishes everything that is queued, without staggering and with a few quick tries at most.
  ~Closer();

  // An import is told of a failure after a few tries: it can be done again, and somebody waits for it.
  void give_up_soon();

  // Jobs of live rotation are spread over at most 30 s, so that a minute's end is no burst.
  void finish(FinishJob job, bool staggered);
  void journal(Record record);
  // Finishes one in the caller's thread; false if that failed (and was logged).  `record` gets what became of it.
  bool finish_now(FinishJob job, SegmentRecord* record = nullptr);
  // Runs `task` on a closer thread (recovery of a device).
  void run(std::function<void()> task);

  // Blocks until at most `jobs` files wait: an import must not run ahead of the disk.
  void wait_for_room(size_t jobs);

 private:
  struct Task {
    std::function<bool(bool last_try)> run;  // false: try again later
    int tries = 0, tries_at_end = 0;
  };

  void work();
  void enqueue(Monotonic due, std::function<bool(bool last_try)> run);
  bool commit(FinishJob& job, bool last_try);
  // The steps of commit().
  Status place(FinishJob& job);
  Status take_up_again(FinishJob& job);
  Status copy(FinishJob& job);
  Status finish_in_place(FinishJob& job);
  Status sync(FinishJob& job);
  Status name(FinishJob& job);
  void hash(FinishJob& job);
  void describe(FinishJob& job);
  bool cannot_place(FinishJob& job, const Error& error, bool last_try);
  void placed(FinishJob& job);
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
  bool give_up_soon_ = false;
  bool journal_trouble_ = false;
  std::set<std::string> place_trouble_;  // devices whose files cannot be finished
  size_t unfinished_ = 0;
  size_t held_ = 0;  // files kept open until they can be finished
  Counts counts_;
  Counts* const counts_out_;
  std::vector<std::thread> threads_;
};

// SHA-256 of the first `bytes` of a file as 64 hex digits.
Result<std::string> sha256_of(File& file, uint64_t bytes);

}  // namespace cbx::segment

// The whole tree, or a part of it: files, journals and index held against each other, and put right if asked.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "verify/day.h"

namespace cbx::verify {

struct Options {
  bool repair = false;
  std::optional<double> hash_percent;  // of the files that are read and compared with their hash
  Millis settle{120'000};              // what changed less than this ago may be somebody's work, and is left alone
  std::vector<std::string> devices;    // empty: all
  std::optional<TimeRange> range;      // the days that it touches
};

struct Progress {
  size_t days = 0, of_days = 0;
  int64_t hashed_bytes = 0;
};

struct Summary {
  int64_t devices = 0, days = 0, segments = 0, hashed = 0, hashed_bytes = 0;
  int64_t found = 0, repaired = 0;
};

// Not thread-safe.
class Verifier {
 public:
  Verifier(Filesystem& fs, const store::Store& store, const Clock& clock, const Logger& log, Options options);
  ~Verifier();

  // Each finding once it is repaired or known not to be.
  void on_finding(std::function<void(const Finding&)> report) { report_ = std::move(report); }
  // Now and then; false stops the walk.
  void on_progress(std::function<bool(const Progress&)> progress) { progress_ = std::move(progress); }

  // What can't be read is a finding, no error.  Errors: no_input (a device that is not there), try_again (the index was
  // locked all the time; files and journals were looked at).
  Result<Summary> run();
  // Only adopts finished files that no journal knows, as a repair would.
  Result<Summary> adopt();

 private:
  Result<std::vector<Day>> days();
  void look_at_root();
  void open_index();
  void check_index();
  void lost_index(const Error& error);
  void look_at(const Day& day);
  void put_right(const Day& day, const DayState& state, Found& found);
  void mark(const Day& day, const DayState& state, Found& found, bool is_found);
  void resize(const Day& day, const DayState& state, Found& found);
  void compare_rows(const Day& day, const Journal& journal, bool changed);
  void hash(const Day& day, const std::vector<SegmentRecord>& segments);
  void hash_one(const Day& day, const SegmentRecord& segment);
  void conclude(Finding finding);
  bool append(const Record& record, Finding& finding);
  bool reread(const Day& day);

  Filesystem& fs_;
  const store::Store& store_;
  const Clock& clock_;
  const Logger& log_;
  const Options options_;
  const segment::FileRecovery recovery_;
  std::function<void(const Finding&)> report_;
  std::function<bool(const Progress&)> progress_;
  UniqueFd nowhere_;
  std::unique_ptr<segment::Announcer> announcer_;
  std::unique_ptr<segment::Closer> closer_;
  std::optional<index::Index> index_;
  bool index_damaged_ = false, adopt_only_ = false;
  Status index_status_;
  std::mt19937_64 random_;
  Progress now_;
  Summary summary_;
};

}  // namespace cbx::verify

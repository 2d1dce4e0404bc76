#include "index/adder.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace cbx::index {
namespace {

// A backlog is taken in larger bites.
constexpr size_t kMostRows = 2000;
constexpr Millis kRetryDelay{500};
// After TERM a lock is not waited for longer than this.
constexpr Millis kStopPatience{10'000};
// Ctrl-C reaches the whole pipe at once: the recorder's last lines are waited for so long.
constexpr Millis kInputPatience{5'000};
constexpr Millis kReopenBusy{1'000};

bool passes(const Error& error) {
  return error.code() == ErrorCode::try_again || error.code() == ErrorCode::io || error.code() == ErrorCode::permission;
}

}  // namespace

Adder::Adder(Index index, const Logger& log, const Clock& clock, SignalFd& signals, AdderOptions options)
    : index_(std::move(index)), log_(log), clock_(clock), signals_(signals), options_(options) {}

void Adder::complain(const std::string& message) {
  log_.warn("{}", message);
}

bool Adder::stopping() {
  signals_.drain();
  if (signals_.stop_requested() && !stop_since_) stop_since_ = clock_.monotonic();
  return stop_since_.has_value();
}

bool Adder::leaving(const RecordReader* reader) {
  if (!stopping()) return false;
  if (!reader || reader->finished() || ::isatty(options_.input) == 1) return true;
  return clock_.monotonic() - *stop_since_ > kInputPatience;
}

Status Adder::patiently(const std::function<Status()>& work) {
  for (;;) {
    Status done = work();
    if (done && waiting_said_) log_.info("writing to the index again");
    if (done) waiting_said_ = false;
    if (done || !passes(done.error())) return done;
    if (!waiting_said_) log_.warn("cannot write to the index now, trying on: {}", done.error().message());
    waiting_said_ = true;
    if (stopping() && clock_.monotonic() - *stop_since_ > kStopPatience)
      return fail(std::move(done).error().context("stopped; the next start catches up from the journals"));
    pollfd signal{signals_.fd(), POLLIN, 0};
    (void)::poll(&signal, 1, static_cast<int>(kRetryDelay.count()));
  }
}

// Deleted, or replaced by a rebuild: what is written to the file that is open would be lost.
Status Adder::follow_file() {
  if (index_.still_there()) return {};
  CBX_ASSIGN(auto fresh, Index::open(index_.store(), Access::write, kReopenBusy));
  index_ = std::move(fresh);
  log_.warn("the index was replaced: going on with the new one");
  next_look_ = {};  // the journals know what it lacks
  return {};
}

Status Adder::look_at_all() {
  return patiently([&]() -> Status {
    CBX_TRY(follow_file());
    next_look_ = clock_.monotonic() + options_.look_every;
    CBX_ASSIGN(const CaughtUp done, catch_up(
                                        index_, [&](const auto& m) { complain(m); }, [&] { return stopping(); }));
    if (done.records > 0) log_.debug("{} records read from the journals, {} segments new", done.records, done.segments);
    return {};
  });
}

Status Adder::look_at(const std::set<std::string>& journals) {
  for (const auto& journal : journals) {
    CBX_TRY(patiently([&]() -> Status {
      CBX_TRY(follow_file());
      struct stat st {};
      if (::stat((index_.store().media_path() + "/" + journal).c_str(), &st) != 0) return {};
      CBX_ASSIGN(const uint64_t cursor, index_.cursor(journal));
      auto done = catch_up_journal(index_, journal, static_cast<uint64_t>(st.st_size), cursor,
                                   [&](const auto& m) { complain(m); });
      if (!done && done.error().code() != ErrorCode::no_input) return fail(std::move(done).error());
      return {};
    }));
  }
  return {};
}

Status Adder::commit() {
  bool lagged = false;
  CBX_TRY(patiently([&]() -> Status {
    CBX_TRY(follow_file());
    CBX_ASSIGN(const Applied applied, index_.apply(batch_));
    for (const auto& why : applied.refused) complain(why);
    lagged = applied.lagged;
    return {};
  }));
  batch_.clear();
  return lagged ? look_at_all() : Status{};
}

Status Adder::follow_watch() {
  bool folders = false;
  const auto changed = watch_->take(folders);
  CBX_TRY(look_at(changed));
  if (!folders) return {};
  // Watch first, look after: what appears in between is then seen by one of the two.
  watch_->refresh(floor_ms(clock_.wall()));
  return look_at_all();
}

void Adder::wait() {
  const Monotonic now = clock_.monotonic();
  Monotonic due = next_look_;
  if (!batch_.empty()) due = std::min(due, batch_since_ + options_.batch_delay);
  if (stop_since_) due = std::min(due, *stop_since_ + kInputPatience);
  const auto left = std::chrono::ceil<Millis>(due - now).count();
  std::array<pollfd, 3> fds{pollfd{signals_.fd(), POLLIN, 0}, pollfd{input_fd_, POLLIN, 0},
                            pollfd{watch_ ? watch_->fd() : -1, POLLIN, 0}};
  (void)::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
}

Status Adder::step(RecordReader* reader) {
  if (reader) {
    auto fresh = reader->take(kMostRows - std::min(batch_.size(), kMostRows));
    if (batch_.empty() && !fresh.empty()) batch_since_ = clock_.monotonic();
    std::move(fresh.begin(), fresh.end(), std::back_inserter(batch_));
  }
  const Monotonic now = clock_.monotonic();
  if (batch_.size() >= options_.batch_rows || (!batch_.empty() && now >= batch_since_ + options_.batch_delay))
    CBX_TRY(commit());
  if (watch_) CBX_TRY(follow_watch());
  if (now < next_look_) return {};
  if (watch_) watch_->refresh(floor_ms(clock_.wall()));
  return look_at_all();
}

Result<int64_t> Adder::run() {
  if (options_.watch) {
    CBX_ASSIGN(watch_, JournalWatch::create(index_.store()));
    watch_->refresh(floor_ms(clock_.wall()));
  }
  CBX_TRY(look_at_all());
  std::unique_ptr<RecordReader> reader;
  if (options_.input >= 0) {
    CBX_ASSIGN(reader, RecordReader::start(options_.input, log_));
    input_fd_ = reader->ready_fd();
  }
  if (ready_) ready_();
  while ((options_.watch || reader) && !leaving(reader.get()) && !(reader && reader->finished() && batch_.empty())) {
    if (reader && reader->finished()) batch_since_ = {};  // nothing more will come: no reason to wait
    if (batch_.size() < options_.batch_rows && !(reader && reader->finished())) wait();
    CBX_TRY(step(reader.get()));
  }
  // TERM: what the pipe has brought so far is in the queue or in a journal.
  if (reader)
    while (!batch_.empty() || reader->has_waiting()) {
      auto rest = reader->take(kMostRows);
      std::move(rest.begin(), rest.end(), std::back_inserter(batch_));
      CBX_TRY(commit());
    }
  const int64_t bad = reader ? reader->bad_lines() : 0;
  if (reader) CBX_TRY(reader->status());
  CBX_TRY(look_at_all());
  return bad;
}

}  // namespace cbx::index

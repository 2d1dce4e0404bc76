#include "prune/pruner.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <thread>

#include "index/remove.h"
#include "prune/journals.h"

namespace cbx::prune {
namespace {

constexpr TimeRange kEver{WallMs{Millis{0}}, WallMs{Millis{253'402'300'800'000}}};
// After so much was deleted, the disk is asked whether it became emptier.
constexpr int64_t kRound = int64_t{4} << 30;
constexpr int kFruitlessRounds = 3;
constexpr int64_t kMostComplaints = 20;

}  // namespace

int64_t Size::of(const store::DiskSpace& disk) const {
  return percent ? static_cast<int64_t>(std::ceil(static_cast<double>(disk.total) * *percent / 100)) : bytes;
}

class Pruner::IndexSource final : public Source {
 public:
  IndexSource(index::Index& index, bool even_unpushed) : index_(index), even_unpushed_(even_unpushed) {}
  Result<std::vector<index::StoredFile>> files(const std::string& device, WallMs from, size_t most) override {
    return index_.files(device, from, most);
  }
  Result<int64_t> bytes(const std::string& device) override {
    CBX_ASSIGN(const auto total, index_.total(device, kEver));
    return total.bytes;
  }
  Result<bool> unpushed(const std::string& device, WallMs start) override {
    const auto& targets = index_.store().config().push;
    if (even_unpushed_ || targets.empty()) return false;
    CBX_ASSIGN(const auto pushed, index_.pushed_to(device, start));
    return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
      return std::find(pushed.begin(), pushed.end(), target) == pushed.end();
    });
  }

 private:
  index::Index& index_;
  bool even_unpushed_;
};

Pruner::Pruner(Filesystem& fs, index::Index& index, const Logger& log, const Clock& clock, store::Reserve& reserve,
               Options options)
    : fs_(fs), index_(index), log_(log), reserve_(reserve), options_(std::move(options)), now_(read_clock(clock)) {}

void Pruner::failed(const std::string& what, const Error& error) {
  outcome_.failures++;
  if (++complaints_ <= kMostComplaints) log_.error("cannot delete from '{}': {}; going on", what, error.message());
  if (complaints_ == kMostComplaints) log_.error("more of this kind is only counted");
}

Result<Outcome> Pruner::run() {
  auto last = load_last_run(index_.store());
  if (!last && last.error().code() != ErrorCode::data) return fail(last.error());
  if (!last) log_.warn("{}: taken for a first run", last.error().message());
  if (last) last_ = *last;
  CBX_ASSIGN(disk_, store::disk_space(index_.store().media_path()));
  CBX_TRY(check_clock());
  if (touches()) CBX_TRY(finish_interrupted());
  WallMs unfinished = now_.time;
  if (outcome_.failures > 0 && last_ && last_->unfinished_since) unfinished = *last_->unfinished_since;
  CBX_ASSIGN(auto devices, gather());
  IndexSource source(index_, options_.even_unpushed);
  Policy policy(source, now_.time, options_.max_size, std::move(devices));
  if (touches()) CBX_TRY(remember(unfinished));
  CBX_TRY(apply(policy));
  if (explain) {
    for (const DevicePolicy& device : policy.devices())
      for (WallMs from{};;) {
        CBX_ASSIGN(const auto page, index_.files(device.id, from, 1000));
        for (const auto& file : page) {
          CBX_ASSIGN(const Verdict verdict, policy.judge(device, file));
          CBX_TRY(explain({device.id, file, verdict}));
        }
        if (page.size() < 1000) break;
        from = page.back().start + Millis{1};
      }
    return outcome_;
  }
  CBX_TRY(expire());
  if (!touches()) return outcome_;
  if (Status filled = reserve_.fill(); !filled) log_.warn("{}", filled.error().message());
  CBX_TRY(remember(outcome_.failures > 0 ? std::optional{unfinished} : std::nullopt));
  return outcome_;
}

Status Pruner::check_clock() {
  ClockEvidence evidence;
  struct stat st {};
  if (::stat((index_.store().root() + "/store.json").c_str(), &st) == 0)
    evidence.store_made = WallMs{Millis{int64_t{st.st_mtim.tv_sec} * 1000}};
  CBX_ASSIGN(const auto devices, index_.devices());
  const auto latest = [&](WallMs before) -> Result<std::optional<WallMs>> {
    std::optional<WallMs> newest;
    for (const auto& device : devices) {
      CBX_ASSIGN(const auto start, index_.last_start(device, before));
      if (start && (!newest || *start > *newest)) newest = start;
    }
    return newest;
  };
  CBX_ASSIGN(evidence.newest_file, latest(kEver.to));
  evidence.recorded_since = [&](WallMs from, Millis hole) -> Result<bool> {
    for (WallMs at = from; now_.time - at >= hole;) {
      CBX_ASSIGN(const auto next, latest(at + hole));
      if (!next || *next <= at) return false;
      at = *next;
    }
    return true;
  };
  CBX_ASSIGN(const auto why, doubt(last_, now_, evidence));
  if (!why) return {};
  if (options_.clock_is_right) {
    log_.warn("{}; the clock is taken to be right as told", *why);
    return {};
  }
  const std::string message = fmt::format(
      "nothing is deleted, the clock may be wrong: {} (check 'date', then run once with --clock-is-right)", *why);
  if (touches()) return fail(ErrorCode::try_again, message);
  log_.warn("{}", message);
  return {};
}

// Tombstones that the last run wrote stand for files that it may not have come to.
Status Pruner::finish_interrupted() {
  if (!last_ || !last_->unfinished_since) return {};
  const store::Store& store = index_.store();
  CBX_ASSIGN(const auto devices, index_.devices());
  int64_t days = 0;
  for (const auto& device : devices) {
    CBX_ASSIGN(const auto starts, index_.buried_since(device, *last_->unfinished_since));
    std::map<std::string, std::vector<std::string>> folders;
    for (const WallMs start : starts) folders[store.day_folder(device, start)].push_back(store.segment_name(start));
    for (const auto& [folder, names] : folders) {
      const auto complain = [&, &folder = folder](size_t, const Error& error) { failed(folder, error); };
      const Status opened = fs_.unlink_in(store.media_path(), folder, names, complain);
      if (!opened) failed(folder, opened.error());
    }
    days += static_cast<int64_t>(folders.size());
  }
  if (days > 0) CBX_TRY(fs_.sync_all(store.media_path()));
  log_.info("finished the deletions of a run that was interrupted, of {} days", days);
  return {};
}

Status Pruner::remember(std::optional<WallMs> unfinished_since) {
  const LastRun run{now_.time, now_.boot, now_.boottime, unfinished_since};
  for (;;) {
    Status saved = save_last_run(index_.store(), run);
    if (saved || !store::is_no_space(saved.error()) || !reserve_.give()) return saved;
  }
}

Result<std::vector<DevicePolicy>> Pruner::gather() {
  std::vector<DevicePolicy> devices;
  for (const auto& [id, rules] : options_.devices) {
    DevicePolicy device{id, rules, {}, {}};
    CBX_ASSIGN(const auto pins, index_.pins(id, kEver, now_.time));
    for (const auto& pin : pins) device.pinned.push_back(pin.range);
    devices.push_back(std::move(device));
  }
  if (options_.events) CBX_TRY(hold_events(devices));
  return devices;
}

Status Pruner::hold_events(std::vector<DevicePolicy>& devices) {
  EventRules rules = *options_.events;
  rules.at_most = options_.events_at_most.of(disk_);
  std::vector<std::vector<EventFile>> held;
  for (const DevicePolicy& device : devices) {
    CBX_ASSIGN(const auto events, index_.events(device.id, {now_.time - rules.last, kEver.to}));
    std::map<WallMs, EventFile> files;
    for (const EventWindow& window : event_windows(events, rules, now_.time))
      CBX_TRY(index_.segments(device.id, window.range, false, [&](const SegmentRecord& r) {
        const TimeRange span{r.start, r.start + Millis{r.duration_ms}};
        const auto pinned = [&](const TimeRange& range) { return range.overlaps(span); };
        if (std::any_of(device.pinned.begin(), device.pinned.end(), pinned)) return true;
        auto [at, is_new] = files.try_emplace(r.start, EventFile{{r.start, r.duration_ms, r.bytes}, window.rank});
        if (!is_new) at->second.rank = std::max(at->second.rank, window.rank);
        return true;
      }));
    auto& list = held.emplace_back();
    for (auto& [start, file] : files) list.push_back(file);
  }
  auto starts = hold_within(std::move(held), rules.at_most);
  for (size_t i = 0; i < devices.size(); i++) devices[i].event_files = std::move(starts[i]);
  return {};
}

Status Pruner::apply(Policy& policy) {
  index::Removal removal;
  removal.now = now_.time;
  removal.dry_run = options_.dry_run || explain;
  removal.done = explain ? nullptr : deleted;
  removal.failed = [&](const std::string& what, const Error& error) { failed(what, error); };
  removal.make_room = [&] { return reserve_.give(); };
  index::Remover remover(fs_, index_, removal);
  const Policy::Go go = [&](const std::string& device, const index::StoredFile& file, Why why) {
    return remover.add(device, file, word(why));
  };
  const auto flush = [&] { return remover.flush(); };
  Status done = [&]() -> Status {
    CBX_TRY(policy.by_age(go));
    CBX_TRY(policy.by_device_size(go));
    CBX_TRY(policy.by_size(go));
    CBX_TRY(flush());
    return options_.min_free ? make_free(policy, go, flush) : Status{};
  }();
  outcome_.deleted = {remover.files(), remover.bytes()};
  outcome_.over_size = policy.over_size();
  for (size_t i = 0; i < kWhys; i++) outcome_.held[i] = policy.held(static_cast<Why>(i));
  return done;
}

Status Pruner::make_free(Policy& policy, const Policy::Go& go, const std::function<Status()>& flush) {
  const int64_t goal = options_.min_free->of(disk_);
  for (int fruitless = 0;;) {
    CBX_ASSIGN(const auto before, store::disk_space(index_.store().media_path()));
    // The reserve is filled again behind us: it must not eat into what was made free.
    int64_t need = goal + (touches() ? reserve_.missing() : 0) - before.available;
    if (!touches()) need -= outcome_.deleted.bytes;
    if (need <= 0) return {};
    CBX_ASSIGN(const int64_t given, policy.by_free(std::min(need, touches() ? kRound : need), go));
    CBX_TRY(flush());
    if (!touches()) {
      outcome_.short_of_free = std::max<int64_t>(0, need - given);
      return {};
    }
    CBX_ASSIGN(const auto after, settled_space(std::min(before.available + given, goal)));
    if (given == 0) {
      outcome_.short_of_free = std::max<int64_t>(0, goal - after.available);
      return {};
    }
    fruitless = after.available - before.available < given / 10 ? fruitless + 1 : 0;
    if (fruitless < kFruitlessRounds) continue;
    outcome_.short_of_free = std::max<int64_t>(0, goal - after.available);
    outcome_.frees_nothing = outcome_.short_of_free > 0;
    return {};
  }
}

// Some file systems give room back a moment after the files are gone.
Result<store::DiskSpace> Pruner::settled_space(int64_t expected) {
  const std::string media = index_.store().media_path();
  for (int tries = 0;; tries++) {
    CBX_ASSIGN(const auto space, store::disk_space(media));
    if (space.available >= expected || tries == 10) return space;
    if (tries == 0) (void)fs_.sync_all(media);
    if (tries > 0) std::this_thread::sleep_for(Millis{100});
  }
}

Status Pruner::expire() {
  if (!options_.keep_journals) return {};
  const auto complain = [&](const std::string& folder, const Error& error) { failed(folder, error); };
  for (const auto& [id, rules] : options_.devices) {
    CBX_ASSIGN(const int64_t days, expire_journals(fs_, index_, id, now_.time - *options_.keep_journals, now_.time,
                                                   options_.dry_run, complain));
    outcome_.journals += days;
  }
  return {};
}

}  // namespace cbx::prune

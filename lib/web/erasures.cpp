#include "web/erasures.h"

#include <fmt/format.h>

#include <algorithm>

#include "index/erase.h"
#include "state/state.h"
#include "store/reserve.h"
#include "web/device_health.h"

namespace cbx::web {
namespace {

constexpr size_t kMostWaiting = 16;
constexpr Millis kBusy{10'000};

// Recordings may have outlived their camera.
Status if_there(Status status) {
  return !status && status.error().code() == ErrorCode::no_input ? Status{} : status;
}

}  // namespace

std::shared_ptr<const Result<Erasures::Outcome>> Erasures::Job::result() const {
  const std::lock_guard lock(mutex_);
  return result_;
}

Erasures::Erasures(const Context& context, Options options)
    : context_(context), options_(options), pool_(1, kMostWaiting) {}

Erasures::~Erasures() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  woken_.notify_all();
}

bool Erasures::ending() const {
  return ending_ || (context_.stopping != nullptr && *context_.stopping);
}

std::shared_ptr<Erasures::Job> Erasures::find(const std::string& device) const {
  const auto it = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->device_ == device; });
  return it == jobs_.end() ? nullptr : *it;
}

bool Erasures::is_under_way(const std::string& device) const {
  const std::lock_guard lock(mutex_);
  return find(device) != nullptr;
}

std::shared_ptr<Erasures::Job> Erasures::begin(const std::string& device, const std::string& who) {
  const std::lock_guard lock(mutex_);
  if (auto same = find(device)) return same;
  auto job = std::make_shared<Job>();
  job->device_ = device;
  job->who_ = who;
  if (!pool_.push(WorkerPool::Urgency::usual, [this, job] { run(job); })) return nullptr;
  jobs_.push_back(job);
  return job;
}

void Erasures::run(const std::shared_ptr<Job>& job) {
  auto outcome = erase(*job);
  if (outcome)
    context_.log.info("'{}' removed camera '{}' with {} files ({} bytes)", job->who_, job->device_, outcome->files,
                      outcome->bytes);
  else
    context_.log.warn("cannot remove camera '{}' for '{}': {}", job->device_, job->who_, outcome.error().message());
  {
    const std::lock_guard lock(mutex_);
    jobs_.remove(job);
    const std::lock_guard result_lock(job->mutex_);
    job->result_ = std::make_shared<const Result<Outcome>>(std::move(outcome));
  }
  job->changed_->announce();
}

Result<Erasures::Outcome> Erasures::erase(const Job& job) {
  CBX_TRY(disable(job));
  CBX_ASSIGN(const Outcome outcome, delete_files(job));
  CBX_ASSIGN(auto state, state::State::open(context_.store.state_path(), false, kBusy));
  CBX_TRY(if_there(state.remove_device(job.device_)));
  context_.access.refresh();
  context_.vault.refresh();
  return outcome;
}

Status Erasures::disable(const Job& job) {
  CBX_ASSIGN(auto state, state::State::open(context_.store.state_path(), false, kBusy));
  CBX_TRY(if_there(state.set_enabled(job.device_, false)));
  context_.access.refresh();
  return {};
}

Result<bool> Erasures::is_live(index::Index& index, const std::string& device) const {
  CBX_ASSIGN(const DeviceHealth health, device_health(index, device, floor_ms(context_.clock.wall())));
  return health.state == DeviceState::live;
}

Result<Erasures::Outcome> Erasures::delete_files(const Job& job) {
  CBX_ASSIGN(auto index, index::Index::open(context_.store, index::Access::write, kBusy));
  store::Reserve reserve(context_.store);
  reserve.give_if_needed();
  PosixFilesystem fs;
  index::Erasure order;
  order.reason = "api";
  order.who = job.who_;
  order.make_room = [&] { return reserve.give(); };
  order.stop = [this] { return ending(); };
  order.complain = [this](const std::string& what) { context_.log.warn("{}", what); };
  const auto begun = std::chrono::steady_clock::now();
  Outcome sum;
  for (;;) {
    order.now = floor_ms(context_.clock.wall());
    CBX_ASSIGN(const auto erased, index::erase_device(fs, index, job.device_, order));
    sum.files += erased.files;
    sum.bytes += erased.bytes;
    if (erased.failures > 0)
      return fail(ErrorCode::io, fmt::format("{} files could not be deleted, {} are gone", erased.failures, sum.files));
    const auto passed = std::chrono::steady_clock::now() - begun;
    if (erased.complete()) {
      CBX_ASSIGN(const bool live, is_live(index, job.device_));
      if (!live || passed >= options_.drop) break;
    } else if (passed >= options_.patience) {
      return fail(ErrorCode::unavailable, fmt::format("it is still being recorded, {} files are gone", sum.files));
    }
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, options_.look_again, [this] { return ending_.load(); });
    if (ending()) return fail(ErrorCode::try_again, fmt::format("interrupted, {} files are gone", sum.files));
  }
  (void)reserve.fill();
  return sum;
}

}  // namespace cbx::web

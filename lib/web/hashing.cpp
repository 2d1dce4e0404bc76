#include "web/hashing.h"

#include <algorithm>

namespace cbx::web {

using SteadyClock = std::chrono::steady_clock;

struct Hashing::Job {
  std::string key, who;
  std::shared_ptr<Broadcast> changed = std::make_shared<Broadcast>();
  // Guarded by the state's mutex:
  size_t asking = 0;
  SteadyClock::time_point left{};  // when the last one left
  bool given_up = false;
  std::shared_ptr<const Result<Hashed>> result;
};

struct Hashing::State {
  explicit State(Options o) : options(o) {}

  // With the lock, as the next two.
  void give_up(const std::shared_ptr<Job>& job) {
    job->given_up = true;
    jobs.remove(job);
  }
  bool is_full() const { return jobs.size() >= options.at_once; }
  std::shared_ptr<Job> find(const std::function<bool(const Job&)>& is_it) const {
    const auto it = std::find_if(jobs.begin(), jobs.end(), [&](const auto& job) { return is_it(*job); });
    return it == jobs.end() ? nullptr : *it;
  }

  bool goes_on(const std::shared_ptr<Job>& job) {
    const std::lock_guard lock(mutex);
    if (!job->given_up && job->asking == 0 && SteadyClock::now() - job->left >= options.linger) give_up(job);
    return !job->given_up;
  }
  void end(const std::shared_ptr<Job>& job, Result<Hashed> result) {
    {
      const std::lock_guard lock(mutex);
      jobs.remove(job);
      job->result = std::make_shared<const Result<Hashed>>(std::move(result));
    }
    job->changed->announce();
  }

  const Options options;
  std::mutex mutex;
  std::list<std::shared_ptr<Job>> jobs;  // that may be joined
  bool ending = false;
};

Hashing::Ticket::Ticket(std::shared_ptr<State> state, std::shared_ptr<Job> job)
    : state_(std::move(state)), job_(std::move(job)) {}

Hashing::Ticket::~Ticket() {
  const std::lock_guard lock(state_->mutex);
  if (--job_->asking == 0) job_->left = SteadyClock::now();
}

std::shared_ptr<const Result<Hashed>> Hashing::Ticket::result() const {
  const std::lock_guard lock(state_->mutex);
  return job_->result;
}

const std::shared_ptr<Broadcast>& Hashing::Ticket::changed() const {
  return job_->changed;
}

Hashing::Hashing(Options options) : state_(std::make_shared<State>(options)), pool_(options.at_once, options.at_once) {}

Hashing::~Hashing() {
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  for (const auto& job : state_->jobs) job->given_up = true;
}

Result<std::shared_ptr<Hashing::Ticket>> Hashing::ask(const std::string& key, const std::string& who, Run run) {
  const std::lock_guard lock(state_->mutex);
  const auto ticket = [this](const std::shared_ptr<Job>& job) {
    ++job->asking;
    return std::make_shared<Ticket>(state_, job);
  };
  if (const auto same = state_->find([&](const Job& job) { return job.key == key; })) return ticket(same);
  // What nobody waits for any more makes room.
  if (const auto mine = state_->find([&](const Job& job) { return job.who == who; })) {
    if (mine->asking > 0)
      return fail(ErrorCode::try_again, "another cut is being read for a manifest that you asked for: wait for that");
    state_->give_up(mine);
  }
  if (const auto left = state_->find([](const Job& job) { return job.asking == 0; }); left && state_->is_full())
    state_->give_up(left);
  if (state_->is_full() || state_->ending)
    return fail(ErrorCode::try_again, "other cuts are being read for their manifests just now");
  auto job = std::make_shared<Job>();
  job->key = key;
  job->who = who;
  const bool taken = pool_.push(WorkerPool::Urgency::usual, [state = state_, job, run = std::move(run)] {
    const auto go_on = [&](uint64_t) { return state->goes_on(job); };
    state->end(job, go_on(0) ? run(go_on) : fail(ErrorCode::try_again, "interrupted"));
  });
  if (!taken) return fail(ErrorCode::try_again, "other cuts are being read for their manifests just now");
  state_->jobs.push_back(job);
  return ticket(job);
}

}  // namespace cbx::web

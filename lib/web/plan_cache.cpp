#include "web/plan_cache.h"

namespace cbx::web {
namespace {

constexpr auto kKeepPlan = std::chrono::minutes(5);
constexpr size_t kMostPlans = 32;
// About 120 MB of tables for a camera of 30 pictures a second.
constexpr Millis kMostSpan = std::chrono::hours(4 * 24);
constexpr auto kKeepNote = std::chrono::hours(1);
constexpr size_t kMostNotes = 256;

}  // namespace

PlanCache::PlanCache(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

PlanCache::~PlanCache() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::shared_ptr<const cut::Cut> PlanCache::find(std::string_view device, TimeRange range, const std::string& version) {
  const Monotonic now = clock_.monotonic();
  std::list<Plan> old;  // freed without the lock
  const std::lock_guard lock(mutex_);
  for (auto it = plans_.begin(); it != plans_.end();) {
    const auto here = it++;
    const bool same = here->device == device && here->range == range;
    if (now - here->made > kKeepPlan || (same && here->version != version)) {
      old.splice(old.end(), plans_, here);
    } else if (same) {
      plans_.splice(plans_.begin(), plans_, here);
      return here->cut;
    }
  }
  return nullptr;
}

void PlanCache::keep(std::string_view device, TimeRange range, const std::string& version,
                     std::shared_ptr<const cut::Cut> cut) {
  const Monotonic now = clock_.monotonic();
  std::list<Plan> old;
  const std::lock_guard lock(mutex_);
  plans_.push_front({std::string(device), range, version, std::move(cut), now});
  Millis span{0};
  size_t count = 0;
  for (auto it = plans_.begin(); it != plans_.end();) {
    const auto here = it++;
    span += here->range.length();
    if (++count > kMostPlans || (count > 1 && span > kMostSpan)) old.splice(old.end(), plans_, here);
  }
}

size_t PlanCache::size() const {
  const std::lock_guard lock(mutex_);
  return plans_.size();
}

void PlanCache::sweep(std::list<Plan>& old, std::vector<std::shared_ptr<const cut::Cut>>& unread) {
  const Monotonic now = clock_.monotonic();
  for (auto it = plans_.begin(); it != plans_.end();) {
    const auto here = it++;
    if (now - here->made > kKeepPlan)
      old.splice(old.end(), plans_, here);
    else if (here->cut.use_count() == 1)  // readers get theirs under the lock
      unread.push_back(here->cut);
  }
}

void PlanCache::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_; })) {
    std::list<Plan> old;
    std::vector<std::shared_ptr<const cut::Cut>> unread;
    sweep(old, unread);
    lock.unlock();
    // Somebody may begin to read meanwhile: then the file is opened once more.
    for (const auto& cut : unread) cut->close_files();
    unread.clear();
    old.clear();
    lock.lock();
  }
}

std::optional<std::string> PlanCache::find_note(std::list<Note>& notes, const std::string& key) {
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  for (const Note& note : notes)
    if (note.key == key && now - note.made <= kKeepNote) return note.text;
  return std::nullopt;
}

void PlanCache::keep_note(std::list<Note>& notes, const std::string& key, const std::string& text) {
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  notes.remove_if([&](const Note& note) { return note.key == key; });
  notes.push_front({key, text, now});
  if (notes.size() > kMostNotes) notes.pop_back();
}

std::optional<std::string> PlanCache::find_hash(const std::string& identity) {
  return find_note(hashes_, identity);
}
void PlanCache::keep_hash(const std::string& identity, const std::string& sha256) {
  keep_note(hashes_, identity, sha256);
}
std::optional<std::string> PlanCache::find_manifest(const std::string& key) {
  return find_note(manifests_, key);
}
void PlanCache::keep_manifest(const std::string& key, const std::string& text) {
  keep_note(manifests_, key, text);
}

}  // namespace cbx::web

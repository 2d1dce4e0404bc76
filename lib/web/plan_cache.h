// Cuts that were planned for one request and serve the next ones for parts of the same, and what was said of them in
// manifests (private to lib/web).
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "cut/cut.h"

namespace cbx::web {

// Thread-safe.  A plan is as large as the sample tables of what it spans, so what all together span is bounded.  A
// thread of its own looks after them once a second: those that are too old go, and of those that nobody reads just now
// no file stays open, so that deleted recordings leave the disk.
class PlanCache {
 public:
  explicit PlanCache(const Clock& clock);
  ~PlanCache();
  PlanCache(const PlanCache&) = delete;
  PlanCache& operator=(const PlanCache&) = delete;

  // `version`: as in TextCache.
  std::shared_ptr<const cut::Cut> find(std::string_view device, TimeRange range, const std::string& version);
  void keep(std::string_view device, TimeRange range, const std::string& version, std::shared_ptr<const cut::Cut> cut);
  size_t size() const;

  // The hash of a whole cut, by its identity.
  std::optional<std::string> find_hash(const std::string& identity);
  void keep_hash(const std::string& identity, const std::string& sha256);

  // A manifest says when it was asked for; so that it and its signature, asked for one after the other, belong
  // together, the text is kept for a while.  `key`: who, and of which cut.
  std::optional<std::string> find_manifest(const std::string& key);
  void keep_manifest(const std::string& key, const std::string& text);

 private:
  struct Plan {
    std::string device;
    TimeRange range;
    std::string version;
    std::shared_ptr<const cut::Cut> cut;
    Monotonic made{};
  };
  struct Note {
    std::string key, text;
    Monotonic made{};
  };
  std::optional<std::string> find_note(std::list<Note>& notes, const std::string& key);
  void keep_note(std::list<Note>& notes, const std::string& key, const std::string& text);

  void run();
  // What is too old goes to `old`, what nobody reads to `unread`.
  void sweep(std::list<Plan>& old, std::vector<std::shared_ptr<const cut::Cut>>& unread);

  const Clock& clock_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  bool stop_ = false;
  std::list<Plan> plans_;  // the last used first
  std::list<Note> hashes_, manifests_;
  std::thread thread_;
};

}  // namespace cbx::web

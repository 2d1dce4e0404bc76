// What state.db says about users, tokens and devices, in memory (private to lib/web).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/log.h"
#include "base/time.h"
#include "state/state.h"
#include "web/access.h"

namespace cbx::web {

// Of one moment; never changed.  Thread-safe.
class Directory {
 public:
  explicit Directory(state::Accounts accounts);

  int64_t change_counter() const { return change_counter_; }
  // Null if there is none, or it is disabled.
  const state::User* user(std::string_view name) const;
  // Null if there is none, it has expired, or its user or device is disabled.
  const state::Token* token(const state::TokenDigest& digest, WallMs now) const;
  bool may(const Principal& principal, std::string_view device, Permission permission, WallMs now) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    size_t operator()(const state::TokenDigest& digest) const;
  };
  template <typename Key, typename Value>
  using Table = std::unordered_map<Key, Value, Hash, std::equal_to<>>;
  struct Device {
    std::string owner;
    bool enabled = true;
    std::map<std::string, std::optional<WallMs>, std::less<>> viewers;
  };

  const state::Token* valid(const state::Token& token, WallMs now) const;
  bool token_still_says(const Principal& principal, std::string_view device, WallMs now) const;
  bool user_may(const state::User& user, std::string_view device, Permission permission, WallMs now) const;

  int64_t change_counter_;
  Table<std::string, state::User> users_;
  Table<std::string, Device> devices_;
  Table<state::TokenDigest, state::Token> tokens_;
  Table<std::string, const state::Token*> token_ids_;
};

// The Directory as it is now.  Thread-safe.
class DirectoryKeeper {
 public:
  DirectoryKeeper(std::string path, const Clock& clock, const Logger& log)
      : path_(std::move(path)), clock_(clock), log_(log) {}

  // At most a second old; older, for half a minute, when state.db can't be read; then null.
  std::shared_ptr<const Directory> current();
  // The next current() asks, however short ago the last one did.
  void refresh();

 private:
  Status look();

  const std::string path_;
  const Clock& clock_;
  const Logger& log_;
  std::mutex mutex_;  // guards all below
  std::optional<state::State> state_;
  std::shared_ptr<const Directory> directory_;
  std::optional<Monotonic> asked_, succeeded_;
  bool failing_ = false;
};

}  // namespace cbx::web

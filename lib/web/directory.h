// What state.db says about users, tokens and devices, in memory (private to lib/web).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "base/time.h"
#include "state/state.h"
#include "web/access.h"

namespace cbx::web {

// Of one moment; never changed but by note_use().  Thread-safe.
class Directory {
 public:
  explicit Directory(state::Accounts accounts);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  int64_t change_counter() const { return change_counter_; }
  // Null if there is none, or it is disabled.
  const state::User* user(std::string_view name) const;
  // The same by a login name or an e-mail address, whose case doesn't matter.
  const state::User* user_who_is(std::string_view name_or_email) const;
  // Whose address it is, also of a disabled user.
  bool has_email(std::string_view email) const;
  // Null if there is none, it has ended, or its user is disabled.
  const state::Session* session(const state::TokenDigest& digest, WallMs now) const;
  // The same by its id, whether it has ended or not.
  const state::Session* session_of(std::string_view id) const;
  // Whether the session was not used for so long that its use is worth a note in state.db; it is then noted here.
  bool note_use(const state::Session& session, WallMs now) const;
  // Whether the user has a session that was last used from there (see address_group()).
  bool is_known_place(std::string_view user, std::string_view group) const;
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

  // A session whose use may be newer than state.db had it.
  struct Visit {
    explicit Visit(state::Session s) : session(std::move(s)), used(session.last_used.time_since_epoch().count()) {}
    state::Session session;
    mutable std::atomic<int64_t> used;  // ms since 1970
  };

  bool valid(const Visit& visit, WallMs now) const;
  const state::Token* valid(const state::Token& token, WallMs now) const;
  bool token_still_says(const Principal& principal, std::string_view device, WallMs now) const;
  bool user_may(const state::User& user, std::string_view device, Permission permission, WallMs now) const;

  int64_t change_counter_;
  Table<std::string, state::User> users_;
  Table<std::string, Device> devices_;
  Table<state::TokenDigest, state::Token> tokens_;
  Table<std::string, const state::Token*> token_ids_;
  Table<std::string, std::string> emails_;  // in lower case: whose
  Table<state::TokenDigest, Visit> sessions_;
  Table<std::string, const Visit*> session_ids_;
  std::unordered_set<std::string> places_;  // "user group"
};

// The Directory as it is now.  Thread-safe.
class DirectoryKeeper {
 public:
  DirectoryKeeper(std::string path, const Clock& clock, const Logger& log)
      : path_(std::move(path)), clock_(clock), log_(log) {}

  // At most a second old; older, for half a minute, when state.db can't be read; then null.
  std::shared_ptr<const Directory> current();
  // The next current() looks.
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

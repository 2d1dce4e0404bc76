// state.db: what no file can tell: devices with their keys, users, tokens, and who may see which device.
//
// Keys are SRT passphrases and stay recoverable (the listener needs the passphrase itself), so the file has mode 0600
// and a commit survives a power cut.  Passwords and tokens are hashes.  See cbx-store(5), cbx-account(1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "state/device.h"
#include "state/password.h"
#include "state/share.h"
#include "state/token.h"
#include "state/user.h"

namespace cbx::state {

// All that decides who may what, as of one moment.
struct Accounts {
  int64_t change_counter = 0;
  std::vector<Device> devices;
  std::vector<User> users;
  std::vector<Token> tokens;
  std::vector<Share> shares;
};

// An open state.db.  Move-only; one per thread, any number per machine.  Writes are BEGIN IMMEDIATE and wait for each
// other; errors: no_input (no such device, user, token or file), cannot_create (id, name or address taken), data (a
// field is bad or the file is damaged), try_again (locked for longer than the busy timeout).
class State {
 public:
  // `create` makes the file (0600, given to the owner of its folder when root makes it).
  static Result<State> open(const std::string& path, bool create, Millis busy_timeout = Millis{10000});
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  // Devices, sorted by id.
  Result<std::vector<Device>> devices();
  Result<std::optional<Device>> device(std::string_view id);
  Status add_device(const Device& device);
  // Its shares and tokens go with it.
  Status remove_device(std::string_view id);
  Status rename_device(std::string_view id, std::string_view nickname);
  // Empty: no key.
  Status set_key(std::string_view id, std::string_view key, int key_bits);
  Status set_enabled(std::string_view id, bool enabled);
  Status tag_device(std::string_view id, std::span<const std::string> add, std::span<const std::string> remove);

  // Users, sorted by name.
  Result<std::vector<User>> users();
  Result<std::optional<User>> user(std::string_view name);
  Status add_user(const User& user);
  // Tokens and shares go; devices stay without an owner.
  Status remove_user(std::string_view name);
  Result<Belongings> belongings(std::string_view name);
  Status set_password(std::string_view name, std::string_view password_hash);
  Status set_user_enabled(std::string_view name, bool enabled);

  // Tokens, sorted by their time of creation.
  Result<std::vector<Token>> tokens();
  // Makes a token as `wanted`, whose id and digest are filled in.  Takes tokens and shares that expired over a week
  // before `wanted.created` away.
  Result<NewToken> add_token(Token wanted);
  Status remove_token(std::string_view id);
  // Notes that the token was used on the day of `when`; not a change (see change_counter).
  Status touch_token(std::string_view id, WallMs when);

  // Who may see what.  An owner needs no share: it is taken away when a viewer becomes the owner.
  // Empty: nobody's.
  Status set_owner(std::string_view device, std::string_view user);
  Result<std::vector<Share>> shares();
  // Replaces an earlier share of the same device with the same user.  Error `usage` for the device's owner.
  Status share(const Share& share);
  Status unshare(std::string_view device, std::string_view user);

  // Everything above in one read transaction.
  Result<Accounts> accounts();

  // A number that differs after every commit by any process, also after a restore.  Cheap: ask it once a second.
  Result<int64_t> change_counter();

  // A copy of one moment as a single file of mode 0600, put in place whole.  An existing `to` is an error
  // (cannot_create) without `force`.
  Status backup(const std::string& to, bool force);
  // Checks `from` (right kind, version, integrity), then makes it the state at `path`; processes that have `path`
  // open see the change.  An existing `path` is an error (cannot_create) without `force`.
  static Status restore(const std::string& from, const std::string& path, bool force);

 private:
  struct Impl;
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::state

// state.db: what no file can tell: devices with their keys, users, tokens, who may see which device, and who is logged
// in.
//
// Keys are SRT passphrases, and authenticators make their codes from a secret: both stay recoverable (the listener
// needs the passphrase itself), so the file has mode 0600 and a commit survives a power cut.  Passwords, tokens,
// sessions and codes are hashes.  See cbx-store(5), cbx-account(1).
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
#include "state/challenge.h"
#include "state/device.h"
#include "state/invite.h"
#include "state/password.h"
#include "state/session.h"
#include "state/share.h"
#include "state/token.h"
#include "state/totp.h"
#include "state/user.h"

namespace cbx::state {

// All that decides who may what, as of one moment.
struct Accounts {
  int64_t change_counter = 0;
  std::vector<Device> devices;
  std::vector<User> users;
  std::vector<Token> tokens;
  std::vector<Share> shares;
  std::vector<Session> sessions;
};

// The second factor of a user.
struct TotpState {
  bool active = false;     // log-ins ask for it
  bool pending = false;    // a new one waits for confirm_totp()
  int recovery_codes = 0;  // that are left
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
  // Makes `user` the owner of a device that has none, by its key.  One error, no_input, for a device that isn't there,
  // has another key or none, or has an owner; the key is compared in constant time.
  Status claim_device(std::string_view device, std::string_view key, std::string_view user);

  // Users, sorted by name.
  Result<std::vector<User>> users();
  Result<std::optional<User>> user(std::string_view name);
  Status add_user(const User& user);
  // Tokens, shares, sessions and invitations go; devices stay without an owner.
  Status remove_user(std::string_view name);
  Result<Belongings> belongings(std::string_view name);
  // Ends the user's sessions but `except_session`, and what was begun to log in or to reset the old password.
  Status set_password(std::string_view name, std::string_view password_hash, std::string_view except_session = {});
  // A user who is disabled is logged out; invitations that were made go, and come back no more.
  Status set_user_enabled(std::string_view name, bool enabled);
  // `proven`: when a code that was sent there came back.  What was begun with the old address ends.
  Status set_email(std::string_view name, std::string_view email, std::optional<WallMs> proven);
  Status set_language(std::string_view name, std::string_view language);
  // Error `usage` when there would be no enabled admin any more.  The invitations of one who is none any more go.
  Status set_admin(std::string_view name, bool admin);

  // Sessions, sorted by their beginning.  At most 50 a user: then the one goes that was unused for longest.
  Result<std::vector<Session>> sessions();
  // Also takes away what ended.  Error `permission` for a disabled user.
  Result<NewSession> add_session(std::string_view user, std::string_view address, std::string_view agent, WallMs now);
  Status end_session(std::string_view id);
  // All of a user's but `except_id`, if that is not empty.
  Status end_sessions(std::string_view user, std::string_view except_id);
  // Notes that it was used; not a change (see change_counter).  Nothing happens when it has ended.
  Status touch_session(std::string_view id, std::string_view address, WallMs now);

  // What somebody has begun and must prove (see challenge.h).  Nothing here tells whether a user or address exists.
  //
  // Takes kind, factor, user, email and, of a sign-up, name, password_hash, language and invite_id of `wanted`.  Of one
  // user or address and kind five are open at most: the oldest goes.  Errors: usage (what is wanted makes no sense, or
  // the invitation is for another address), no_input (no such user or invitation), data.
  Result<NewChallenge> add_challenge(const Challenge& wanted, WallMs now);
  Result<std::optional<Challenge>> challenge(std::string_view id, WallMs now);
  // Another code for the same challenge, valid for ten minutes from now; the old one no longer is, and tries are not
  // given back.  nullopt: too many were sent, it is proven or gone, or an authenticator makes its codes.
  Result<std::optional<std::string>> renew_code(std::string_view id, WallMs now);
  // `code` is the code that was sent; in a log-in of a user with an authenticator its code (one step early or late,
  // each step once) or a recovery code instead; in any log-in also the operator's code.  By a right one login and email
  // are gone, sign_up and reset are proven and stay for ten minutes.  A code that came back from the user's address
  // proves the address.
  Result<Proof> prove(std::string_view id, std::string_view code, WallMs now);
  // Sets the password by a reset that is proven, and ends all sessions.  Of a user with an authenticator `second` must
  // be its code or a recovery code; a wrong one counts as a try.
  Result<Proof> finish_reset(std::string_view id, std::string_view second, std::string_view password_hash, WallMs now);
  // Makes a sign-up that is proven a user called `name`, by which its invitation is used up.  Errors: cannot_create
  // (the name is taken; the challenge stays, for another name), no_input (it is gone, or meanwhile the address is
  // another user's or the invitation is gone), data (no login name).
  Result<User> finish_sign_up(std::string_view id, std::string_view name, WallMs now);

  // A new secret (base32) for the user's authenticator, which counts once confirm_totp() has seen a code of it.
  Result<std::string> begin_totp(std::string_view name);
  // Ten recovery codes, "xxxxx-xxxxx", of which only hashes are kept; nullopt: wrong code.  Error `usage` when nothing
  // was begun.
  Result<std::optional<std::vector<std::string>>> confirm_totp(std::string_view name, std::string_view code,
                                                               WallMs now);
  Status clear_totp(std::string_view name);
  Result<TotpState> totp_state(std::string_view name);
  // Whether `code` is one of the user's authenticator or a recovery code; used up by it.  False without one.
  Result<bool> take_second_factor(std::string_view name, std::string_view code, WallMs now);
  // A code with which a user can log in, in place of the usual one, from somebody at the terminal: 8 digits, 10
  // minutes, single use, 5 wrong tries.  It takes the place of an earlier one.
  Result<std::string> operator_code(std::string_view name, WallMs now);

  // Invitations, sorted by their time of creation.
  Result<std::vector<Invite>> invites();
  // `until` of 1970: a week after `created`.  Takes away what expired over a week before.
  Result<NewInvite> add_invite(Invite wanted);
  Status remove_invite(std::string_view id);
  // nullopt when there is none, or it has expired.
  Result<std::optional<Invite>> find_invite(std::string_view secret, WallMs now);

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

  // A number that differs after every change of what accounts() tells, by any process, also after a restore.  Cheap:
  // ask it once a second.
  Result<int64_t> change_counter();

  // A copy of one moment as a single file of mode 0600, put in place whole.  An existing `to` is an error
  // (cannot_create) without `force`.
  Status backup(const std::string& to, bool force);
  // Checks `from` (right kind, version, integrity), then makes it the state at `path`; processes that have `path`
  // open see the change.  An existing `path` is an error (cannot_create) without `force`.
  static Status restore(const std::string& from, const std::string& path, bool force);

  struct Impl;

 private:
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::state

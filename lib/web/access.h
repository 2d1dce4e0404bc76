// Who asks, and what of.  Authentication: bearer tokens, HTTP Basic, share links, and the session of somebody who has
// logged in at the page.  Authorisation: one question, asked at the one place where objects are opened (vault.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "http/message.h"
#include "state/user.h"
#include "store/store.h"

namespace cbx::web {

class Directory;

// What somebody may do with a device.
enum class Permission {
  view,    // see, play, download: owner, viewer, admin
  change,  // delete, pin, mark events: owner, admin
  report,  // a device's own: health, receipts, uploads: the device itself (it may do nothing else), owner, admin
};

// Somebody who has proved who they are.
struct Principal {
  enum class Kind { user, device, link };
  Kind kind = Kind::user;
  std::string name;        // login name; the device's id; "link:" and the link's id, which is no login name
  std::string token;       // id of the token that was shown (not the token); empty for a password
  std::string session;     // id of the session whose cookie was shown; empty: none was
  bool admin = false;      // not with a token that is for one device alone
  bool read_only = false;  // the token is for looking only
  std::optional<std::string> only_device;  // the token, or share link, is for this device alone
};

// Thread-safe.  What state.db says is kept in memory and read again when it has changed (asked at most once a second):
// a revoked token or share works for a second at most.  When state.db can't be read, those whom it knew go on for half
// a minute; then everybody is answered 503.
//
// A password costs Argon2id; one that was right is remembered for a while by a hash whose key never leaves the process.
// Names that nobody has, and disabled users, cost the same time and get the same answers as wrong passwords.
class Access {
 public:
  struct Options {
    int failures = 10;                        // different wrong credentials of one address (an IPv6 /64) …
    std::chrono::seconds in{60};              // … in this time, then 429
    int account_failures = 100;               // of one account, all strange addresses together: no few fill it up
    std::chrono::seconds password_cache{60};  // a password that was right is not hashed again so long
    unsigned hashing = 2;                     // passwords that are hashed at once
    unsigned queue = 32;                      // … and that wait for it; more are answered 503
    // Whether the password has this hash; tests count the calls.  state::verify_password() if empty.
    std::function<bool(const std::string& hash, std::string_view password)> verify;
    // What a new password is stored as.  state::hash_password() if empty.
    std::function<Result<std::string>(std::string_view password)> hash;
  };
  Access(const store::Store& store, Options options, const Clock& clock, const Logger& log);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  // Takes a share link's prefix, "/t/{token}", off the path and keeps the token (a Server::Hooks::rewrite).
  static void take_share_link(http::Request& request);
  // For the access log: the same, and tokens and keys in queries, replaced by "…".
  static std::string redact(std::string_view target);

  // Calls `then`, before it returns, for somebody who has proved who they are, and sets request.user (to "device:cam01"
  // for a device).  Otherwise an answer: 401 with WWW-Authenticate, 404 for a link that is no (longer a) link, 403 for
  // a link or another site's page that would change something, 429 with Retry-After, 503; or a Wait until the password
  // has been hashed, after which the handler is called again.
  //
  // A link wins over an Authorization field, which wins over a session's cookie.  What a browser asks for with a
  // cookie, or as the page (X-Requested-With: cbx), is not told of Basic: it would open a dialog of its own.
  //
  // A password by HTTP Basic is enough only for accounts without a second factor (neither address nor authenticator):
  // services, and what the operator made without; others show a token.
  //
  // Guessing is slowed down by address, and ten times later by account, for addresses that this has never been used
  // from: few addresses lock nobody out, many not those who are known (they are forgotten when the process ends).
  // Tokens can't be guessed: they are let in from anywhere, and wrong ones are counted apart, so that a player with an
  // old token doesn't shut out the people behind its address.
  http::Answer with_principal(http::Request& request, std::function<http::Answer(const Principal&)> then);

  // The user whose session's cookie the request shows; nullopt for everybody else, whatever they show.
  std::optional<Principal> session(const http::Request& request);

  // Whether somebody may change something here by a browser's own means: the request comes from a page of this very
  // origin (Fetch Metadata, W3C; or, of older browsers, RFC 6454).  Who else forges requests has no cookie to forge
  // with.
  static bool from_own_page(const http::Request& request);

  // Calls `then` when name and password belong to a user who may log in; `wrong` is the answer when they don't.  Limits
  // and waits as with_principal().  `name` is a login name or an e-mail address.
  http::Answer with_password(http::Request& request, std::string_view name, std::string_view password,
                             const http::Response& wrong, const std::function<http::Answer(const state::User&)>& then);
  // Calls `then` with what the password is stored as, once that is made; 400 for one that won't do.  Keeps something in
  // request.memory from its first call on.
  http::Answer with_hash(http::Request& request, std::string_view password,
                         const std::function<http::Answer(const std::string& hash)>& then);

  // What state.db says; null when it can't be read.
  std::shared_ptr<const Directory> directory();
  // After a change of state.db by this process, which is to count at once.
  void refresh();

  // Whether the principal may, as things are now: also false when user or token have gone since.  Devices that state.db
  // doesn't know (registered by themselves, imported) are the admins' alone.
  bool may(const Principal& principal, std::string_view device, Permission permission);
  // Ids among `devices` that the principal may view, in their order.
  std::vector<std::string> visible(const Principal& principal, std::span<const std::string> devices);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::web

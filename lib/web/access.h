// Who asks, and what of.  Authentication: bearer tokens, HTTP Basic, share links.  Authorisation: one question, asked
// at the one place where objects are opened (vault.h).
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
#include "store/store.h"

namespace cbx::web {

// What somebody may do with a device.
enum class Permission {
  view,    // see, play, download: owner, viewer, admin
  change,  // delete, pin, mark events: owner, admin
  report,  // a device's own: health, receipts, uploads: the device itself, owner, admin
};

// Somebody who has proved who they are.
struct Principal {
  enum class Kind { user, device };
  Kind kind = Kind::user;
  std::string name;   // login name, or the device's id
  std::string token;  // id of the token that was shown (not the token); empty for a password
  bool admin = false;
  bool read_only = false;                  // the token is for looking only
  std::optional<std::string> only_device;  // the token, or share link, is for this device alone
};

// Thread-safe.  What was found in state.db is kept in memory and looked up again when state.db has changed (asked at
// most once a second): a revoked token or share works for a second at most.
class Access {
 public:
  struct Options {
    int failures = 10;                        // wrong credentials of one address (an IPv6 /64) …
    std::chrono::seconds in{60};              // … in this time, then 429
    std::chrono::seconds password_cache{60};  // a password that was right is not hashed again so long
  };
  Access(const store::Store& store, Options options, const Clock& clock, const Logger& log);
  ~Access();

  // Takes a share link's prefix, "/t/{token}", off the path and keeps the token (a Server::Hooks::rewrite).
  static void take_share_link(http::Request& request);
  // For the access log: the same, and tokens in queries, replaced by "…".
  static std::string redact(std::string_view target);

  // A principal; or an answer: 401 with WWW-Authenticate, 429 with Retry-After, or a Work that hashes the password and
  // answers through `then`.
  //
  // Guessing is slowed down by address, and by account only for addresses that this account has never been used from:
  // whoever attacks an account does not lock its owner out.
  http::Answer with_principal(http::Request& request, std::function<http::Answer(const Principal&)> then);

  // Whether the principal may.  Devices that state.db doesn't know (registered by themselves, imported) are the
  // admins' alone.
  bool may(const Principal& principal, std::string_view device, Permission permission);
  // Ids among `devices` that the principal may view, in their order.
  std::vector<std::string> visible(const Principal& principal, std::span<const std::string> devices);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::web

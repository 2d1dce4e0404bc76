// What a request shows to prove who asks (private to lib/web).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace cbx::web {

struct Credentials {
  enum class Kind {
    none,
    unreadable,  // an Authorization field of no known scheme or form
    link,        // from the path
    bearer,      // RFC 6750, 2.1
    basic,       // RFC 7617: a name and a password, or a token as the password
  };
  Kind kind = Kind::none;
  std::string name;    // basic
  std::string secret;  // token or password
};

// The link wins over a header: a browser adds headers by itself.
Credentials read_credentials(const http::Request& request);

// What addresses share a limit: "192.0.2.1", "2001:db8:0:1::/64" (one line or household), "unix".
std::string address_group(std::string_view peer);

}  // namespace cbx::web

// What a request shows to prove who asks (private to lib/web).
#pragma once

#include <chrono>
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
    cookie,      // of a session
  };
  Kind kind = Kind::none;
  std::string name;    // basic
  std::string secret;  // token, password, or the cookie's value
};

// The cookie of a session.  The prefix makes browsers keep it only from https (or this machine), for this host and all
// of its paths (RFC 6265bis, 4.1.3.2).
inline constexpr std::string_view kSessionCookie = "__Host-cbx";

// The link wins over a header, as browsers add headers by themselves, and an Authorization over a cookie.
Credentials read_credentials(const http::Request& request);

// The value of Set-Cookie that gives a browser its session, and the one that takes it away.
std::string session_cookie(std::string_view secret, std::chrono::seconds lasts);
std::string no_session_cookie();
// Whether a browser would keep it: https, or a page of this machine.
bool keeps_session_cookie(const http::Request& request);
// Whether a browser's page asks, which is not to be told of Basic.
bool from_browser_page(const http::Request& request);

// E-mail addresses as state.db compares them: the case of ASCII alone doesn't matter.
std::string lower_case(std::string_view text);

// What addresses share a limit: "192.0.2.1", "2001:db8:0:1::/64" (one line or household), "unix".
std::string address_group(std::string_view peer);

}  // namespace cbx::web

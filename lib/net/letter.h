// Letters: what goes into the mail, and its form on the wire.  Plain UTF-8 text with its headers (RFC 5322, 2045,
// 2047).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace cbx::net {

struct Mailbox {
  std::string address;  // "kim@example.org"
  std::string name{};   // for people; may be empty
};

// Whether letters can be addressed to it: a dot-atom, '@' and a domain or address literal (RFC 5321, 4.1.2), which may
// be UTF-8 (RFC 6531).  Whatever has a meaning in a header or a command is refused, quoted local parts with it.  Error
// `data`.
Status check_address(std::string_view address);
// "kim@example.org" or "Kim <kim@example.org>".  Error `data`.
Result<Mailbox> parse_mailbox(std::string_view text);
// "k•••@example.org": enough for its owner to know it by, too little for others.
std::string masked(std::string_view address);

struct Letter {
  Mailbox to;
  std::string subject;
  std::string text;  // lines end with \n
};

// The whole message, lines ending with CRLF: a text/plain in quoted-printable or base64, whichever is shorter, that
// says of itself that a machine has sent it (Auto-Submitted, RFC 3834), so that no machine answers.  `id` is the left
// part of its Message-ID.  Error `data`: an address as check_address() says, or a control character or broken UTF-8 in
// a name, subject or text.
Result<std::string> compose(const Letter& letter, const Mailbox& from, WallMs date, std::string_view id);

}  // namespace cbx::net

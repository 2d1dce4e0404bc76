// What the letters say, in the languages of the page (private to lib/web).
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "net/letter.h"

namespace cbx::web {

enum class LetterKind {
  sign_up_code,
  login_code,
  reset_code,
  email_code,    // a new address is to be proven
  have_account,  // somebody has given an address that has an account
  password_changed,
  email_changed,   // to the old address
  factor_changed,  // the authenticator was set up or taken away
  invite,
};

struct LetterWords {
  std::string code{};     // of the …_code
  std::string user{};     // whose account it is; never what a stranger has typed
  std::string address{};  // from where it was asked for, if that is known
  std::string link{};     // where to go: of the invitation, else the page's address; may be empty
};

// `language`: "ko", or else English.
net::Letter make_letter(LetterKind kind, std::string_view language, net::Mailbox to, const LetterWords& words);

// Whether there are letters in it: "en", "ko".
bool is_language(std::string_view text);
// Of a letter to somebody whose language is not known: the browser's (RFC 9110, 12.5.4).
std::string language_of(const http::Request& request, std::string_view known);

}  // namespace cbx::web

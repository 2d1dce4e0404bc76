// The encodings of mail (private to lib/net).
#pragma once

#include <string>
#include <string_view>

namespace cbx::net {

// RFC 2045, 6.7, of text whose lines end with \n; lines of at most 76 characters that end with CRLF.
std::string quoted_printable(std::string_view text);
// RFC 2045, 6.8; lines of 76 characters that end with CRLF.
std::string base64_lines(std::string_view data);
// As it is when it is plain ASCII and stands for itself in a header, else encoded words (RFC 2047) of at most 75
// characters, each whole UTF-8, on lines of their own.  `used`: columns before it on its line.  `phrase`: where a name
// stands, which is quoted when it has to be.
std::string header_text(std::string_view text, size_t used, bool phrase);

}  // namespace cbx::net

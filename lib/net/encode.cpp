#include "net/encode.h"

#include <algorithm>

#include "base/utf8.h"

namespace cbx::net {
namespace {

constexpr size_t kLine = 76;  // RFC 2045: of an encoded body
// RFC 2047: 75 characters with "=?UTF-8?B?" and "?=" around, which leaves 63: 45 bytes.
constexpr size_t kWordBytes = 45;
constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view data) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4);
  for (size_t i = 0; i < data.size(); i += 3) {
    const auto byte = [&](size_t k) {
      return k < data.size() ? static_cast<uint32_t>(static_cast<unsigned char>(data[k])) : 0U;
    };
    const uint32_t bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += kBase64[bits >> 18];
    out += kBase64[bits >> 12 & 63];
    out += i + 1 < data.size() ? kBase64[bits >> 6 & 63] : '=';
    out += i + 2 < data.size() ? kBase64[bits & 63] : '=';
  }
  return out;
}

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7f;
}

// RFC 5322, 3.2.3
bool is_atom_text(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

void quote_line(std::string& out, std::string_view line) {
  size_t column = 0;
  for (size_t i = 0; i < line.size(); i++) {
    const char c = line[i];
    // Spaces at a line's end get lost on the way, and "From " and "." at its beginning mean something to some.
    const bool last = i + 1 == line.size();
    const bool literal = c == ' ' ? !last : is_plain(c) && c != '=' && !(column == 0 && (c == '.' || c == 'F'));
    const size_t width = literal ? 1 : 3;
    if (column + width > kLine - (last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
      i--;
      continue;
    }
    if (literal) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'=', kHex[byte >> 4], kHex[byte & 15]};
    }
    column += width;
  }
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    quote_line(out, text.substr(0, end));
    out += "\r\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string base64_lines(std::string_view data) {
  const std::string all = base64(data);
  std::string out;
  for (size_t i = 0; i < all.size(); i += kLine) out += all.substr(i, kLine) + "\r\n";
  return out;
}

std::string header_text(std::string_view text, size_t used, bool phrase) {
  const bool plain = std::all_of(text.begin(), text.end(), is_plain) && used + text.size() <= kLine &&
                     text.find("=?") == std::string_view::npos &&
                     text == text.substr(0, text.find_last_not_of(' ') + 1);
  if (plain && !phrase) return std::string(text);
  if (plain && std::all_of(text.begin(), text.end(), [](char c) { return is_atom_text(c) || c == ' '; }))
    return std::string(text);
  if (plain) {
    std::string out = "\"";
    for (const char c : text) out += (c == '"' || c == '\\' ? std::string("\\") : std::string()) + c;
    return out + "\"";
  }
  std::string out;
  while (!text.empty()) {
    // As many whole characters as go into a word; the first has to share its line with the header's name.
    const size_t room = out.empty() ? (64 - std::min<size_t>(used, 40)) / 4 * 3 : kWordBytes;
    size_t size = 0;
    while (size < text.size()) {
      const size_t next = std::max<size_t>(utf8_sequence_length(text.substr(size)), 1);
      if (size + next > room) break;
      size += next;
    }
    out += std::string(out.empty() ? "" : "\r\n ") + "=?UTF-8?B?" + base64(text.substr(0, size)) + "?=";
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace cbx::net

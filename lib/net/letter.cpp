#include "net/letter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/utf8.h"
#include "net/encode.h"

namespace cbx::net {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Of a name or a subject: what would end the header, or be another one.
Status check_line(std::string_view what, std::string_view text) {
  if (is_utf8(text) && std::none_of(text.begin(), text.end(), is_control)) return {};
  return fail(ErrorCode::data, fmt::format("{} of a letter holds control characters or broken UTF-8", what));
}

Error no_address(std::string_view text) {
  return {ErrorCode::data, fmt::format("letters cannot be addressed to '{}'", printable(text.substr(0, 80)))};
}

bool is_dot_atom(std::string_view text, std::string_view also) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80 || also.find(c) != std::string_view::npos;
  });
}

// [192.0.2.1], [IPv6:2001:db8::1]
bool is_literal(std::string_view domain) {
  if (domain.size() < 4 || domain.front() != '[' || domain.back() != ']') return false;
  domain = domain.substr(1, domain.size() - 2);
  return std::all_of(domain.begin(), domain.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':' ||
           c == 'I' || c == 'P' || c == 'v';
  });
}

std::string mailbox_text(const Mailbox& box, size_t used) {
  if (box.name.empty()) return box.address;
  const std::string name = header_text(box.name, used, true);
  const size_t line = name.rfind('\n');
  const size_t column = line == std::string::npos ? used + name.size() : name.size() - line;
  return name + (column + box.address.size() + 3 > 76 ? "\r\n <" : " <") + box.address + ">";
}

// RFC 5322, 3.3, in UTC.
std::string date_text(WallMs t) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const LocalTime l = to_local(t, UtcOffset{});
  const std::chrono::weekday day{std::chrono::floor<std::chrono::days>(t)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[day.c_encoding()], l.day,
                     kMonths[static_cast<size_t>(l.month - 1)], l.year, l.hour, l.minute, l.second);
}

Status check(const Letter& letter, const Mailbox& from) {
  CBX_TRY(check_address(letter.to.address));
  CBX_TRY(check_address(from.address));
  CBX_TRY(check_line("a name", letter.to.name));
  CBX_TRY(check_line("the sender's name", from.name));
  CBX_TRY(check_line("the subject", letter.subject));
  const bool good = is_utf8(letter.text) && std::all_of(letter.text.begin(), letter.text.end(), [](char c) {
                      return !is_control(c) || c == '\n' || c == '\t';
                    });
  if (!good) return fail(ErrorCode::data, "the text of a letter holds control characters or broken UTF-8");
  return {};
}

}  // namespace

Status check_address(std::string_view address) {
  const size_t at = address.rfind('@');
  const std::string_view local = address.substr(0, at);
  const std::string_view domain = at == std::string_view::npos ? "" : address.substr(at + 1);
  const bool good = address.size() <= 254 && local.size() <= 64 && is_utf8(address) && printable(address) == address &&
                    is_dot_atom(local, "!#$%&'*+-/=?^_`{|}~") && (is_dot_atom(domain, "-") || is_literal(domain));
  if (!good) return fail(no_address(address));
  return {};
}

Result<Mailbox> parse_mailbox(std::string_view text) {
  Mailbox box;
  const size_t open = text.rfind('<');
  if (open == std::string_view::npos) {
    box.address = text;
  } else {
    if (text.back() != '>') return fail(no_address(text));
    box.address = text.substr(open + 1, text.size() - open - 2);
    std::string_view name = text.substr(0, open);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    if (name.size() > 1 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    box.name = name;
    CBX_TRY(check_line("the name", box.name));
  }
  CBX_TRY(check_address(box.address));
  return box;
}

std::string masked(std::string_view address) {
  const size_t at = std::min(address.rfind('@'), address.size());
  const size_t first = std::min(utf8_sequence_length(address), at);
  return std::string(address.substr(0, first)) + "•••" + std::string(address.substr(at));
}

Result<std::string> compose(const Letter& letter, const Mailbox& from, WallMs date, std::string_view id) {
  CBX_TRY(check(letter, from));
  const std::string quoted = quoted_printable(letter.text);
  std::string lines = letter.text;
  for (size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 2) lines.replace(at, 1, "\r\n");
  const std::string packed = base64_lines(lines);
  const bool quote = quoted.size() <= packed.size();
  std::string out;
  out += "Date: " + date_text(date) + "\r\n";
  out += "From: " + mailbox_text(from, 6) + "\r\n";
  out += "To: " + mailbox_text(letter.to, 4) + "\r\n";
  out += "Subject: " + header_text(letter.subject, 9, false) + "\r\n";
  out += "Message-ID: <" + std::string(id) + from.address.substr(from.address.rfind('@')) + ">\r\n";
  out += "Auto-Submitted: auto-generated\r\n";
  out += "MIME-Version: 1.0\r\n";
  out += "Content-Type: text/plain; charset=UTF-8\r\n";
  out += std::string("Content-Transfer-Encoding: ") + (quote ? "quoted-printable" : "base64") + "\r\n\r\n";
  return out + (quote ? quoted : packed);
}

}  // namespace cbx::net
